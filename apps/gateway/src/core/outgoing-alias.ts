// Topic aliases towards a client [MQTT-3.3.2-11]: the first topics that go out get one each, as many as the client takes, and keep it. They
// are worked in on the way out: a block is encoded once for all its receivers, and what waits is sent later.
import { copy, equalBytes } from '#libs/base'
import type { Outlet } from './outlet.js'

/** Longer topics go out as they are: every connection remembers the names that have an alias. */
const topicBytesMax = 1024
/** The property's identifier and two bytes of number. */
const propertyBytes = 3
const topicAliasProperty = 0x23

export class OutgoingAliases {
  readonly #topics: Uint8Array[] = []

  /** `max`: as many as the client takes, at least 1. */
  constructor(readonly max: number) {}

  /**
   * Writes the PUBLISH of 5.0 in `source[from..to)` with an alias: with the name the first time, without it from then on (but for QoS 2). Returns
   * where its packet id stands in `outlet.bytes` (what it is for QoS 0 does not matter); -1 when it has to go out as it is.
   */
  write(outlet: Outlet, source: Uint8Array, from: number, to: number, packetBytesMax: number): number {
    const topicFrom = behindVarint(source, from + 1) + 2
    const length = ((source[topicFrom - 2] ?? 0) << 8) | (source[topicFrom - 1] ?? 0)
    if (length <= propertyBytes || length > topicBytesMax) return -1
    const known = this.#find(source, topicFrom, length)
    if (known === 0 && this.#topics.length === this.max) return -1
    const qos = ((source[from] ?? 0) >> 1) & 3
    const idBytes = qos === 0 ? 0 : 2
    const idFrom = topicFrom + length
    const propertiesFrom = behindVarint(source, idFrom + idBytes)
    const properties = varintAt(source, idFrom + idBytes) + propertyBytes
    // With QoS 2 the name always comes along: clients that look at a message again when its PUBREL comes (MQTT.js) lose it otherwise.
    const topic = known === 0 || qos === 2 ? length : 0
    const body = 2 + topic + idBytes + varintBytes(properties) + propertyBytes + (to - propertiesFrom)
    const total = 1 + varintBytes(body) + body
    // [MQTT-3.1.2-24]
    if (total > packetBytesMax) return -1
    if (known === 0) this.#topics.push(Uint8Array.from(source.subarray(topicFrom, idFrom)))
    if (outlet.at + total > outlet.bytes.length) outlet.room(total)
    const { bytes } = outlet
    let at = outlet.at
    bytes[at++] = source[from] ?? 0
    at = writeVarint(bytes, at, body)
    bytes[at++] = topic >> 8
    bytes[at++] = topic
    copy(source, topicFrom, topicFrom + topic, bytes, at)
    const idAt = at + topic
    at = writeVarint(bytes, idAt + idBytes, properties)
    bytes[at++] = topicAliasProperty
    const alias = known === 0 ? this.#topics.length : known
    bytes[at++] = alias >> 8
    bytes[at++] = alias
    copy(source, propertiesFrom, to, bytes, at)
    outlet.at = at + to - propertiesFrom
    return idAt
  }

  /** The topic's alias, 0 if it has none. */
  #find(source: Uint8Array, from: number, length: number): number {
    const topics = this.#topics
    for (let i = 0; i < topics.length; i++) {
      const topic = topics[i]
      if (topic?.length === length && equalBytes(topic, 0, source, from, length)) return i + 1
    }
    return 0
  }
}

function behindVarint(bytes: Uint8Array, at: number): number {
  let end = at
  while ((bytes[end] ?? 0) > 127) end++
  return end + 1
}

function varintAt(bytes: Uint8Array, at: number): number {
  let value = 0
  for (let i = behindVarint(bytes, at) - 1; i >= at; i--) value = value * 128 + ((bytes[i] ?? 0) & 127)
  return value
}

function varintBytes(value: number): number {
  return value < 128 ? 1 : value < 16_384 ? 2 : value < 2_097_152 ? 3 : 4
}

function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value
  let next = at
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes[next++] = (rest & 127) | 128
  bytes[next++] = rest
  return next
}
