// Writing PUBLISH packets, the hot path: parts from any buffers go straight into the writer, sizes are known first.
import type { ByteWriter } from '#libs/base'
import { copy, EMPTY_BYTES } from '#libs/base'
import { variableLength } from '../framing.js'
import type { ProtocolVersion, QoS } from '../protocol.js'

const MESSAGE_EXPIRY_INTERVAL = 0x02
const SUBSCRIPTION_IDENTIFIER = 0x0b
const TOPIC_ALIAS = 0x23

const NO_IDENTIFIERS: readonly number[] = []

/**
 * What is to be sent. One object, filled again for each packet; topic, properties and payload may lie in three buffers.
 * What 3.1 and 3.1.1 do not know (alias, expiry, identifiers, properties) is left out for them.
 */
export class OutgoingPublish {
  version: ProtocolVersion = 4
  dup = false
  qos: QoS = 0
  retain = false
  /** Ignored with QoS 0. */
  packetId = 0
  topic: Uint8Array = EMPTY_BYTES
  /** An empty range needs an alias that the receiver knows. */
  topicFrom = 0
  topicTo = 0
  /** 0: none. */
  topicAlias = 0
  /** Seconds that remain; -1: none. */
  messageExpiryInterval = -1
  /** The receiver's own, in any order. */
  subscriptionIdentifiers: readonly number[] = NO_IDENTIFIERS
  /** Raw properties as `forwardProperties` wrote them, without a length. */
  properties: Uint8Array = EMPTY_BYTES
  propertiesFrom = 0
  propertiesTo = 0
  payload: Uint8Array = EMPTY_BYTES
  payloadFrom = 0
  payloadTo = 0
}

/**
 * Writes the packet and returns where its packet identifier lies in the writer (0 with QoS 0): for a copy to another
 * receiver only those two bytes differ.
 */
export function encodePublish(writer: ByteWriter, message: OutgoingPublish): number {
  const remaining = remainingLength(message)
  writer.reserve(5 + remaining)
  const { buffer } = writer
  const { topicFrom, topicTo, payloadFrom, payloadTo } = message
  let at = writer.position
  buffer[at++] = 0x30 | (message.dup ? 8 : 0) | (message.qos << 1) | (message.retain ? 1 : 0)
  at = putVariable(buffer, at, remaining)
  const topicLength = topicTo - topicFrom
  buffer[at++] = topicLength >> 8
  buffer[at++] = topicLength
  copy(message.topic, topicFrom, topicTo, buffer, at)
  at += topicLength
  const packetIdAt = message.qos > 0 ? at : 0
  if (message.qos > 0) {
    buffer[at++] = message.packetId >> 8
    buffer[at++] = message.packetId
  }
  if (message.version === 5) at = putProperties(buffer, at, message)
  copy(message.payload, payloadFrom, payloadTo, buffer, at)
  writer.position = at + payloadTo - payloadFrom
  return packetIdAt
}

function remainingLength(message: OutgoingPublish): number {
  const payload = message.payloadTo - message.payloadFrom
  const length = 2 + message.topicTo - message.topicFrom + (message.qos > 0 ? 2 : 0) + payload
  if (message.version !== 5) return length
  const properties = propertiesLength(message)
  return length + variableLength(properties) + properties
}

function propertiesLength(message: OutgoingPublish): number {
  let length = message.propertiesTo - message.propertiesFrom
  if (message.topicAlias > 0) length += 3
  if (message.messageExpiryInterval >= 0) length += 5
  const identifiers = message.subscriptionIdentifiers
  for (let i = 0; i < identifiers.length; i++) length += 1 + variableLength(identifiers[i] ?? 0)
  return length
}

function putProperties(buffer: Uint8Array, from: number, message: OutgoingPublish): number {
  let at = putVariable(buffer, from, propertiesLength(message))
  if (message.topicAlias > 0) {
    buffer[at++] = TOPIC_ALIAS
    buffer[at++] = message.topicAlias >> 8
    buffer[at++] = message.topicAlias
  }
  const expiry = message.messageExpiryInterval
  if (expiry >= 0) {
    buffer[at++] = MESSAGE_EXPIRY_INTERVAL
    buffer[at++] = expiry >>> 24
    buffer[at++] = expiry >>> 16
    buffer[at++] = expiry >>> 8
    buffer[at++] = expiry
  }
  const identifiers = message.subscriptionIdentifiers
  for (let i = 0; i < identifiers.length; i++) {
    buffer[at++] = SUBSCRIPTION_IDENTIFIER
    at = putVariable(buffer, at, identifiers[i] ?? 0)
  }
  // [MQTT-3.3.2-4] and its like: what the publisher wrote goes on unaltered and in order.
  copy(message.properties, message.propertiesFrom, message.propertiesTo, buffer, at)
  return at + message.propertiesTo - message.propertiesFrom
}

function putVariable(buffer: Uint8Array, from: number, value: number): number {
  let at = from
  let rest = value
  while (rest > 127) {
    buffer[at++] = (rest & 127) | 128
    rest >>>= 7
  }
  buffer[at++] = rest
  return at
}
