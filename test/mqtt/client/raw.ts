// Packets as bytes whose parts can each be wrong: what mqtt-packet refuses to encode.
import { join, packet, properties, text, u16, u8 } from './bytes.js'
import type { Version } from './client.js'

/** What differs from a plain clean CONNECT; `payload` is everything behind the properties. */
export interface RawConnect {
  name?: string
  level?: number
  flags?: number
  keepAlive?: number
  properties?: Uint8Array
  payload?: Uint8Array
}

/** A CONNECT from its parts. */
export function rawConnect(version: Version, parts: RawConnect): Uint8Array {
  const { name = version === 3 ? 'MQIsdp' : 'MQTT', level = version, flags = 2, keepAlive = 0 } = parts
  const block = version === 5 ? (parts.properties ?? properties()) : new Uint8Array()
  return packet(0x10, text(name), u8(level), u8(flags), u16(keepAlive), block, parts.payload ?? text('raw'))
}

/** A CONNECT with a client id that mqtt-packet may refuse, such as none. */
export function rawConnectAs(version: Version, clientId: string, isClean: boolean): Uint8Array {
  return rawConnect(version, { flags: isClean ? 2 : 0, payload: text(clientId) })
}

/** A PUBLISH from its parts; `flags` are the low four bits, `topic` a string or its bytes with their length. */
export function rawPublish(
  version: Version,
  topic: string | Uint8Array,
  parts: { flags?: number; id?: number; properties?: Uint8Array; payload?: string } = {},
): Uint8Array {
  const { flags = 0, id, payload = '' } = parts
  const block = version === 5 ? (parts.properties ?? properties()) : new Uint8Array()
  const topicBytes = typeof topic === 'string' ? text(topic) : topic
  const idBytes = id === undefined ? new Uint8Array() : u16(id)
  return packet(0x30 | flags, topicBytes, idBytes, block, new TextEncoder().encode(payload))
}

/** A SUBSCRIBE from its parts: each filter a string or its bytes with their length, each with its options byte. */
export function rawSubscribe(
  version: Version,
  filters: readonly (readonly [filter: string | Uint8Array, options: number])[],
  parts: { first?: number; id?: number; properties?: Uint8Array } = {},
): Uint8Array {
  const { first = 0x82, id = 1 } = parts
  const block = version === 5 ? (parts.properties ?? properties()) : new Uint8Array()
  const entries = filters.map(([filter, options]) =>
    join(typeof filter === 'string' ? text(filter) : filter, u8(options)),
  )
  return packet(first, u16(id), block, ...entries)
}

/** An UNSUBSCRIBE from its parts. */
export function rawUnsubscribe(
  version: Version,
  filters: readonly (string | Uint8Array)[],
  parts: { first?: number; id?: number; properties?: Uint8Array } = {},
): Uint8Array {
  const { first = 0xa2, id = 1 } = parts
  const block = version === 5 ? (parts.properties ?? properties()) : new Uint8Array()
  return packet(
    first,
    u16(id),
    block,
    ...filters.map((filter) => (typeof filter === 'string' ? text(filter) : filter)),
  )
}
