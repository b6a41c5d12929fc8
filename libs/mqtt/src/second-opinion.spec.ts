// The codec against another one, mqtt-packet: what both take must mean the same, in both directions.
import fc from 'fast-check'
import mqttPacket from 'mqtt-packet'
import { describe, expect, it } from 'vitest'
import { ByteWriter, utf8Decode } from '#libs/base'
import { Frame, readFrame } from './framing.js'
import { decodeFromClient, decodeFromServer, encodePacket } from './packets.js'
import type { Packet } from './packets.js'
import type { Properties } from './properties.js'
import { ProtocolError } from './protocol-error.js'
import { NO_LIMITS } from './protocol.js'
import type { ProtocolVersion, Sender } from './protocol.js'
import { reasonOfReturnCode } from './reason-codes.js'
import { arbitraryPacket } from './testing/arbitrary-packet.js'

type Theirs = Record<string, unknown>

function readByUs(bytes: Uint8Array, version: ProtocolVersion, sender: Sender): Packet | undefined {
  const frame = new Frame()
  frame.minimalLengths = version === 5
  if (readFrame(bytes, 0, bytes.length, frame, Infinity) !== 'frame' || frame.bodyTo !== bytes.length)
    return undefined
  try {
    return (sender === 'client' ? decodeFromClient : decodeFromServer)(bytes, frame, version, NO_LIMITS)
  } catch (error) {
    if (error instanceof ProtocolError) return undefined
    throw error
  }
}

function readByThem(bytes: Uint8Array, version: ProtocolVersion): Theirs | undefined {
  const parser = mqttPacket.parser({ protocolVersion: version })
  const packets: Theirs[] = []
  let isRefused = false
  parser.on('packet', (packet) => packets.push({ ...packet }))
  parser.on('error', () => (isRefused = true))
  try {
    parser.parse(Buffer.from(bytes))
  } catch {
    return undefined
  }
  return isRefused || packets.length !== 1 ? undefined : packets[0]
}

function write(packet: Packet, version: ProtocolVersion): Uint8Array {
  const writer = new ByteWriter()
  encodePacket(writer, packet, version)
  return writer.copyOf()
}

const hexOf = (bytes: unknown) => (bytes instanceof Uint8Array ? Buffer.from(bytes).toString('hex') : bytes)

/** Both shapes as one: names of ours, bytes in hexadecimal, user properties grouped by name. */
function meaningOfProperties(properties: Properties): Theirs {
  const meaning: Theirs = {}
  for (const [name, value] of Object.entries(properties)) {
    if (name === 'userProperties') continue
    meaning[name] = hexOf(value)
  }
  const groups = new Map<string, string[]>()
  for (const [name, value] of properties.userProperties ?? [])
    groups.set(name, [...(groups.get(name) ?? []), value])
  if (groups.size > 0) meaning.userProperties = [...groups].sort()
  return meaning
}

function meaningOfTheirProperties(properties: unknown): Theirs {
  const meaning: Theirs = {}
  if (typeof properties !== 'object' || properties === null) return meaning
  const names: Record<string, string> = {
    payloadFormatIndicator: 'payloadFormat',
    maximumQoS: 'maximumQos',
    subscriptionIdentifier: 'subscriptionIdentifiers',
  }
  for (const [name, value] of Object.entries(properties)) {
    const ours = names[name] ?? name
    if (ours === 'userProperties' && typeof value === 'object') {
      meaning[ours] = Object.entries(value)
        .map(([key, values]) => [key, [values].flat()])
        .sort()
    } else if (ours === 'subscriptionIdentifiers') meaning[ours] = [value].flat()
    else if (ours === 'payloadFormat') meaning[ours] = Number(value)
    else meaning[ours] = hexOf(value)
  }
  return meaning
}

function meaningOf(packet: Packet, version: ProtocolVersion): Theirs {
  const { kind } = packet
  const properties = 'properties' in packet ? meaningOfProperties(packet.properties) : {}
  switch (packet.kind) {
    case 'connect': {
      const { version: level, cleanStart, keepAlive, clientId, userName, password, will } = packet
      const { topic, payload, qos, retain, properties: more } = will ?? {}
      return {
        kind,
        properties,
        level,
        cleanStart,
        keepAlive,
        clientId,
        userName,
        password: hexOf(password), // prettier-ignore
        will: will && {
          topic,
          payload: hexOf(payload),
          qos,
          retain,
          properties: meaningOfProperties(more ?? {}),
        },
      }
    }
    case 'connack':
      return { kind, properties, sessionPresent: packet.sessionPresent, reasonCode: packet.reasonCode }
    case 'publish': {
      const { dup, qos, retain, topic, packetId, payload } = packet
      return { kind, properties, dup, qos, retain, topic, packetId, payload: hexOf(payload) }
    }
    case 'subscribe': {
      const subscriptions = packet.subscriptions.map(
        ({ filter, qos, noLocal, retainAsPublished, retainHandling }) =>
          version === 5 ? [filter.text, qos, noLocal, retainAsPublished, retainHandling] : [filter.text, qos],
      )
      return { kind, properties, packetId: packet.packetId, subscriptions }
    }
    case 'unsubscribe':
      return { kind, properties, packetId: packet.packetId, filters: packet.filters.map(({ text }) => text) }
    case 'suback':
    case 'unsuback':
      return { kind, properties, packetId: packet.packetId, reasonCodes: packet.reasonCodes }
    case 'pingreq':
    case 'pingresp':
      return { kind }
    case 'disconnect':
    case 'auth':
      return { kind, properties, reasonCode: packet.reasonCode }
    default:
      return { kind, properties, packetId: packet.packetId, reasonCode: packet.reasonCode }
  }
}

function meaningOfTheirs(packet: Theirs, version: ProtocolVersion): Theirs {
  const kind = packet.cmd
  const properties = meaningOfTheirProperties(packet.properties)
  const packetId = packet.messageId ?? 0
  switch (kind) {
    case 'connect': {
      const will = packet.will
      const hasWill = typeof will === 'object' && will !== null
      const { topic, payload, qos, retain, properties: more }: Theirs = hasWill ? { ...will } : {}
      return {
        kind,
        properties,
        level: packet.protocolVersion,
        cleanStart: packet.clean,
        keepAlive: packet.keepalive, // prettier-ignore
        clientId: packet.clientId,
        userName: packet.username,
        password: hexOf(packet.password), // prettier-ignore
        will: hasWill ? { topic, payload: hexOf(payload), qos, retain, properties: meaningOfTheirProperties(more) } : undefined, // prettier-ignore
      }
    }
    case 'connack': {
      const reasonCode = version === 5 ? packet.reasonCode : reasonOfReturnCode(Number(packet.returnCode))
      // 3.1 has no such flag, though mqtt-packet reads the bit.
      return { kind, properties, sessionPresent: version !== 3 && packet.sessionPresent, reasonCode }
    }
    case 'publish': {
      const { dup, qos, retain, topic, payload } = packet
      return { kind, properties, dup, qos, retain, topic, packetId, payload: hexOf(payload) }
    }
    case 'subscribe': {
      const list = Array.isArray(packet.subscriptions) ? packet.subscriptions : []
      const subscriptions = list.map((row: Theirs) =>
        version === 5 ? [row.topic, row.qos, row.nl, row.rap, row.rh] : [row.topic, row.qos],
      )
      return { kind, properties, packetId, subscriptions }
    }
    case 'unsubscribe':
      return { kind, properties, packetId, filters: packet.unsubscriptions }
    case 'suback':
    case 'unsuback':
      return { kind, properties, packetId, reasonCodes: packet.granted ?? [] }
    case 'pingreq':
    case 'pingresp':
      return { kind }
    case 'disconnect':
    case 'auth':
      return { kind, properties, reasonCode: packet.reasonCode ?? 0 }
    default:
      return { kind, properties, packetId, reasonCode: packet.reasonCode ?? 0 }
  }
}

const version = fc.constantFrom<ProtocolVersion>(3, 4, 5)
const sender = fc.constantFrom<Sender>('client', 'server')
const sent = fc
  .tuple(version, sender)
  .chain(([v, from]) => arbitraryPacket(v, from).map((packet) => ({ v, from, packet })))

describe('second opinion', () => {
  it('reads back whatever it writes, as it was', () => {
    fc.assert(
      fc.property(sent, ({ v, from, packet }) => {
        const read = readByUs(write(packet, v), v, from)
        expect(read && meaningOf(read, v)).toEqual(meaningOf(packet, v))
        if (read && 'properties' in read && 'properties' in packet) {
          expect(read.properties.userProperties).toEqual(packet.properties.userProperties)
        }
      }),
      { numRuns: 2_000 },
    )
  })

  it('means the same as mqtt-packet by what we write', () => {
    let both = 0
    let all = 0
    fc.assert(
      fc.property(sent, ({ v, packet }) => {
        all++
        const theirs = readByThem(write(packet, v), v)
        if (theirs === undefined) return
        both++
        expect(meaningOfTheirs(theirs, v)).toEqual(meaningOf(packet, v))
      }),
      { numRuns: 3_000 },
    )
    console.log(`mqtt-packet took ${String(both)} of ${String(all)} packets that we wrote`)
    expect(both).toBeGreaterThan(all / 2)
  })

  it('means the same as mqtt-packet by bytes that were changed, when both take them', () => {
    const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }))
    const counts = { both: 0, neither: 0, us: 0, them: 0 }
    fc.assert(
      fc.property(sent, change, ({ v, from, packet }, [at, byte]) => {
        const bytes = write(packet, v)
        bytes[at % bytes.length] = byte
        const ours = readByUs(bytes, v, from)
        const theirs = readByThem(bytes, v)
        if (ours === undefined || theirs === undefined) {
          counts[ours !== undefined ? 'us' : theirs !== undefined ? 'them' : 'neither']++
          return
        }
        counts.both++
        expect(meaningOfTheirs(theirs, v)).toEqual(meaningOf(ours, v))
      }),
      { numRuns: 5_000 },
    )
    console.log('changed packets taken by', counts)
  })

  it('reads what mqtt-packet writes', () => {
    const bytes = mqttPacket.generate({
      cmd: 'publish',
      topic: 'a',
      payload: 'hi',
      qos: 1,
      dup: false,
      retain: true,
      messageId: 7,
    })
    const packet = readByUs(bytes, 4, 'client')
    expect(packet).toMatchObject({ kind: 'publish', topic: 'a', qos: 1, retain: true, packetId: 7 })
    expect(packet?.kind === 'publish' && utf8Decode(packet.payload)).toBe('hi')
  })
})
