// The properties of 5.0 as bytes: a builder for each, and a reader that keeps order and repetition, which the packets
// of mqtt-packet do not.
import { binary, join, text, u16, u32, u8, varint } from './bytes.js'

type Shape = 'byte' | 'two' | 'four' | 'varint' | 'text' | 'binary' | 'pair'

const table = {
  payloadFormatIndicator: [0x01, 'byte'],
  messageExpiryInterval: [0x02, 'four'],
  contentType: [0x03, 'text'],
  responseTopic: [0x08, 'text'],
  correlationData: [0x09, 'binary'],
  subscriptionIdentifier: [0x0b, 'varint'],
  sessionExpiryInterval: [0x11, 'four'],
  assignedClientIdentifier: [0x12, 'text'],
  serverKeepAlive: [0x13, 'two'],
  authenticationMethod: [0x15, 'text'],
  authenticationData: [0x16, 'binary'],
  requestProblemInformation: [0x17, 'byte'],
  willDelayInterval: [0x18, 'four'],
  requestResponseInformation: [0x19, 'byte'],
  responseInformation: [0x1a, 'text'],
  serverReference: [0x1c, 'text'],
  reasonString: [0x1f, 'text'],
  receiveMaximum: [0x21, 'two'],
  topicAliasMaximum: [0x22, 'two'],
  topicAlias: [0x23, 'two'],
  maximumQoS: [0x24, 'byte'],
  retainAvailable: [0x25, 'byte'],
  userProperty: [0x26, 'pair'],
  maximumPacketSize: [0x27, 'four'],
  wildcardSubscriptionAvailable: [0x28, 'byte'],
  subscriptionIdentifierAvailable: [0x29, 'byte'],
  sharedSubscriptionAvailable: [0x2a, 'byte'],
} as const satisfies Record<string, readonly [number, Shape]>

/** The names that the reader and the builder know. */
export type PropertyName = keyof typeof table

/** One property as it stood on the wire: a number, a text, bytes as hexadecimal digits, or a pair. */
export type Property = readonly [name: PropertyName, value: number | string, second?: string]

/** Bytes of one property. Numbers for the numeric ones, text or bytes for the others; `second` is the value of a pair. */
export function property(name: PropertyName, value: number | string | Uint8Array, second = ''): Uint8Array {
  const [id, shape] = table[name]
  return join(u8(id), encoded(shape, value, second))
}

function encoded(shape: Shape, value: number | string | Uint8Array, second: string): Uint8Array {
  if (typeof value === 'string') return shape === 'pair' ? join(text(value), text(second)) : text(value)
  if (typeof value !== 'number') return binary(value)
  if (shape === 'byte') return u8(value)
  if (shape === 'two') return u16(value)
  return shape === 'four' ? u32(value) : varint(value)
}

/** Reads the block of properties at `offset` of a frame, in order. */
export function readProperties(frame: Uint8Array, offset: number): Property[] {
  const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength)
  const [length, start] = readVarint(bytes, offset)
  const found: Property[] = []
  let at = start
  while (at < start + length) {
    const id = bytes.readUInt8(at)
    at += 1
    const name = nameOf(id)
    const shape: Shape = table[name][1]
    if (shape === 'varint') {
      const [value, next] = readVarint(bytes, at)
      found.push([name, value])
      at = next
    } else if (shape === 'text' || shape === 'binary' || shape === 'pair') {
      const [value, next] = readBinary(bytes, at)
      at = next
      if (shape === 'pair') {
        const [second, end] = readBinary(bytes, at)
        found.push([name, value.toString(), second.toString()])
        at = end
      } else found.push([name, value.toString(shape === 'text' ? 'utf8' : 'hex')])
    } else {
      const size = shape === 'byte' ? 1 : shape === 'two' ? 2 : 4
      found.push([name, bytes.readUIntBE(at, size)])
      at += size
    }
  }
  return found
}

/** The properties of a PUBLISH as they stood on the wire. */
export function publishProperties(frame: Uint8Array): Property[] {
  const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength)
  const start = readVarint(bytes, 1)[1]
  const afterTopic = start + 2 + bytes.readUInt16BE(start)
  return readProperties(frame, (bytes.readUInt8(0) & 0x06) === 0 ? afterTopic : afterTopic + 2)
}

function nameOf(id: number): PropertyName {
  for (const name of Object.keys(table)) if (isName(name) && table[name][0] === id) return name
  throw new Error(`the broker sent a property with the unknown identifier ${id}`)
}

const isName = (name: string): name is PropertyName => name in table

function readVarint(bytes: Buffer, offset: number): [value: number, next: number] {
  let value = 0
  let at = offset
  for (let factor = 1; ; factor *= 128) {
    const digit = bytes.readUInt8(at)
    at += 1
    value += (digit & 0x7f) * factor
    if (digit < 0x80) return [value, at]
  }
}

function readBinary(bytes: Buffer, offset: number): [value: Buffer, next: number] {
  const end = offset + 2 + bytes.readUInt16BE(offset)
  return [bytes.subarray(offset + 2, end), end]
}
