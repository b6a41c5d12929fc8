// PUBLISH as an object: for clients, tests and what happens rarely. It goes through the same code as the hot path.
import { copyOf, utf8Decode } from '#libs/base'
import type { ByteWriter } from '#libs/base'
import type { Frame } from '../framing.js'
import { decodeProperties, NO_PROPERTIES, writeProperties } from '../property-codec.js'
import type { PropertiesOf } from '../properties.js'
import { PACKET } from '../protocol.js'
import type { Limits, ProtocolVersion, QoS, Sender } from '../protocol.js'
import { decodePublish, PublishView } from './publish.js'

export interface PublishPacket {
  readonly kind: 'publish'
  readonly dup: boolean
  readonly qos: QoS
  readonly retain: boolean
  readonly topic: string
  /** 0 with QoS 0. */
  readonly packetId: number
  readonly payload: Uint8Array
  readonly properties: PropertiesOf<'publish'>
}

/** Throws `ProtocolError`. Payload and properties are copies. */
export function decodePublishPacket(
  buffer: Uint8Array,
  frame: Frame,
  version: ProtocolVersion,
  limits: Limits,
  sender: Sender,
): PublishPacket {
  const view = new PublishView()
  decodePublish(buffer, frame, version, view, limits, sender)
  const { dup, qos, retain, packetId, propertiesFrom, propertiesTo } = view
  const properties =
    propertiesFrom === propertiesTo
      ? NO_PROPERTIES
      : decodeProperties(buffer, propertiesFrom, propertiesTo, { place: 'publish', sender, limits })
  const topic = utf8Decode(buffer, view.topicFrom, view.topicTo)
  const payload = copyOf(buffer, view.payloadFrom, view.payloadTo)
  return { kind: 'publish', dup, qos, retain, topic, packetId, payload, properties }
}

export function encodePublishPacket(
  writer: ByteWriter,
  packet: PublishPacket,
  version: ProtocolVersion,
): void {
  const { dup, qos, retain, topic, packetId, payload, properties } = packet
  writer.u8((PACKET.publish << 4) | (dup ? 8 : 0) | (qos << 1) | (retain ? 1 : 0))
  const body = writer.position
  writer.text16(topic)
  if (qos > 0) writer.u16(packetId)
  if (version === 5) writeProperties(writer, properties)
  writer.raw(payload)
  writer.insertLength(body)
}
