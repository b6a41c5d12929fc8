// The will inside CONNECT: the message that the server publishes when the client is gone.
import type { ByteWriter } from '#libs/base'
import type { PacketReader } from '../packet-reader.js'
import { protocolError } from '../protocol-error.js'
import { NO_PROPERTIES, readProperties, writeProperties } from '../property-codec.js'
import type { PropertiesOf } from '../properties.js'
import type { Limits, ProtocolVersion, QoS } from '../protocol.js'
import { checkTopicName } from '../topic-name.js'

export interface Will {
  readonly topic: string
  readonly payload: Uint8Array
  readonly qos: QoS
  readonly retain: boolean
  /** All of them are forwarded with the message, but for the delay and the expiry. */
  readonly properties: PropertiesOf<'will'>
}

/** Reads the will's part of the payload; throws `ProtocolError`, 0x90 for a topic that is no topic name. */
export function decodeWill(
  reader: PacketReader,
  { qos, retain }: { readonly qos: QoS; readonly retain: boolean },
  version: ProtocolVersion,
  limits: Limits,
): Will {
  const properties =
    version === 5 ? readProperties(reader, { place: 'will', sender: 'client', limits }) : NO_PROPERTIES
  const at = reader.position + 2
  const topic = reader.string('will topic')
  if (topic === '') throw protocolError('The will topic is empty.', 'MQTT-4.7.3-1')
  checkTopicName(reader.buffer, at, reader.position, limits)
  return { topic, payload: reader.binary(), qos, retain, properties }
}

export function writeWill(writer: ByteWriter, will: Will, version: ProtocolVersion): void {
  if (version === 5) writeProperties(writer, will.properties)
  writer.text16(will.topic)
  writer.bytes16(will.payload)
}
