// Every packet against the shared tables: decode, encode, mirror, cut at every byte, and random bytes.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteWriter } from '#libs/base'
import { Frame, readFrame } from './framing.js'
import { PACKET_CASES } from './testing/packet-cases.js'
import { decodeFromClient, decodeFromServer, encodePacket, encodePacketWithin } from './packets.js'
import type { Packet } from './packets.js'
import { ProtocolError } from './protocol-error.js'
import { DEFAULT_LIMITS } from './protocol.js'
import type { ProtocolVersion, Sender } from './protocol.js'
import { REFUSED_CASES } from './testing/refused-cases.js'

const POISON = 0x2b

/** The packet as it would lie in a connection's buffer: between bytes that would show if they were read. */
function decode(bytes: Uint8Array, version: ProtocolVersion, sender: Sender, poison = POISON): Packet {
  const around = new Uint8Array(bytes.length + 40).fill(poison)
  around.set(bytes, 20)
  const frame = new Frame()
  expect(readFrame(around, 20, 20 + bytes.length, frame, Infinity)).toBe('frame')
  expect(frame.bodyTo).toBe(20 + bytes.length)
  const before = around.slice()
  const packet = (sender === 'client' ? decodeFromClient : decodeFromServer)(
    around,
    frame,
    version,
    DEFAULT_LIMITS,
  )
  expect(around).toEqual(before)
  // What was decoded must not change with the buffer, which is used again.
  const kept = normal(packet)
  around.fill(poison ^ 0xff)
  expect(normal(packet)).toEqual(kept)
  return packet
}

function encode(packet: Packet, version: ProtocolVersion): Uint8Array {
  const writer = new ByteWriter(1)
  encodePacket(writer, packet, version)
  return Uint8Array.from(writer.view())
}

function errorOf(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  return undefined
}

/** The same packet with Uint8Arrays of one class, so that `toEqual` compares bytes and not prototypes. */
function normal(value: unknown): unknown {
  if (value instanceof Uint8Array) return { bytes: [...value] }
  if (Array.isArray(value)) return value.map(normal)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, normal(inner)]))
}

describe('packet cases', () => {
  it.each(PACKET_CASES)('decodes $fact', ({ bytes, version, sender, packet }) => {
    expect(normal(decode(bytes, version, sender))).toEqual(normal(packet))
  })

  it.each(PACKET_CASES)('encodes $fact', ({ bytes, version, packet, isLong }) => {
    const encoded = encode(packet, version)
    if (isLong) expect(encoded.length).toBeLessThanOrEqual(bytes.length)
    else expect([...encoded]).toEqual([...bytes])
  })

  it.each(PACKET_CASES)('reads back what it writes for $fact', ({ version, sender, packet }) => {
    expect(normal(decode(encode(packet, version), version, sender))).toEqual(normal(packet))
  })

  it.each(PACKET_CASES)('asks for more when $fact is cut at any byte', ({ bytes }) => {
    for (let length = 0; length < bytes.length; length++) {
      expect(readFrame(bytes, 0, length, new Frame(), Infinity)).toBe('more')
    }
  })

  it.each(PACKET_CASES)('throws ProtocolError alone when the body of $fact is cut at any byte', (row) => {
    const { bytes, version, sender } = row
    const frame = new Frame()
    readFrame(bytes, 0, bytes.length, frame, Infinity)
    const body = bytes.subarray(frame.bodyFrom)
    for (let length = 0; length < body.length; length++) {
      const shorter = new ByteWriter()
      shorter.u8(bytes[0]!)
      shorter.varint(length)
      shorter.raw(body, 0, length)
      // The same answer whatever lies behind the packet: nothing there was read.
      const answers = [0x00, 0x2b, 0xff].map((poison) => {
        const error = errorOf(() => decode(shorter.copyOf(), version, sender, poison))
        if (error !== undefined) expect(error).toBeInstanceOf(ProtocolError)
        return error instanceof ProtocolError ? error.message : ''
      })
      expect(new Set(answers).size).toBe(1)
    }
  })
})

describe('refused cases', () => {
  it.each(REFUSED_CASES)('refuses $fact', ({ bytes, version, sender, reasonCode }) => {
    const error = errorOf(() => decode(bytes, version, sender))
    expect(error).toBeInstanceOf(ProtocolError)
    expect(error).toMatchObject({ reasonCode })
  })
})

describe('hostile bytes', () => {
  const version = fc.constantFrom<ProtocolVersion>(3, 4, 5)
  const sender = fc.constantFrom<Sender>('client', 'server')

  it('throws ProtocolError alone for random bodies', () => {
    const body = fc.uint8Array({ maxLength: 80 })
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 255 }), body, version, sender, (first, bytes, v, from) => {
        onlyProtocolErrors(Uint8Array.of(first, bytes.length, ...bytes), v, from)
      }),
      { numRuns: 3_000 },
    )
  })

  it('throws ProtocolError alone for packets with some bytes changed', () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), {
      minLength: 1,
      maxLength: 4,
    })
    fc.assert(
      fc.property(fc.constantFrom(...PACKET_CASES), changes, version, (row, list, v) => {
        const bytes = row.bytes.slice()
        for (const [at, byte] of list) bytes[at % bytes.length] = byte
        onlyProtocolErrors(bytes, v, row.sender)
      }),
      { numRuns: 5_000 },
    )
  })

  function onlyProtocolErrors(bytes: Uint8Array, v: ProtocolVersion, from: Sender): void {
    const frame = new Frame()
    if (readFrame(bytes, 0, bytes.length, frame, Infinity) !== 'frame') return
    const whole = bytes.slice(0, frame.bodyTo)
    const packets = [0x00, 0xff].map((poison) => {
      try {
        return normal(decode(whole, v, from, poison))
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error
        return error.message
      }
    })
    expect(packets[0]).toEqual(packets[1])
  }
})

describe('encodePacketWithin', () => {
  const reasonString = 'x'.repeat(50)
  const suback = { kind: 'suback', packetId: 1, reasonCodes: [0], properties: { reasonString } } as const

  it('drops the reason string and user properties when the packet would be too large [MQTT-3.9.2-1]', () => {
    const writer = new ByteWriter()
    writer.u8(99)
    expect(encodePacketWithin(writer, suback, 5, 20)).toBe(true)
    expect([...writer.view(1)]).toEqual([0x90, 4, 0, 1, 0, 0])
  })

  it('writes nothing when even that is too large [MQTT-3.1.2-24]', () => {
    const writer = new ByteWriter()
    writer.u8(99)
    expect(encodePacketWithin(writer, suback, 5, 5)).toBe(false)
    expect([...writer.view()]).toEqual([99])
  })

  it('leaves a packet that fits as it is', () => {
    const writer = new ByteWriter()
    expect(encodePacketWithin(writer, suback, 5, 1000)).toBe(true)
    expect([...writer.view()]).toEqual([...encode(suback, 5)])
  })
})
