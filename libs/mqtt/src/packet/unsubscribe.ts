// UNSUBSCRIBE: a client no longer wants what matches its filters.
import type { ByteWriter } from '#libs/base'
import type { Frame } from '../framing.js'
import { PacketReader } from '../packet-reader.js'
import { ProtocolError, protocolError } from '../protocol-error.js'
import { NO_PROPERTIES, readProperties, writeProperties } from '../property-codec.js'
import type { PropertiesOf } from '../properties.js'
import type { Limits, ProtocolVersion } from '../protocol.js'
import { REASON } from '../reason-codes.js'
import { parseFilter } from '../topic-filter.js'
import type { TopicFilter } from '../topic-filter.js'
import { beginPacket, checkReservedFlags, endPacket } from './fixed-header.js'

export interface UnsubscribePacket {
  readonly kind: 'unsubscribe'
  readonly packetId: number
  /** At least one. */
  readonly filters: readonly TopicFilter[]
  readonly properties: PropertiesOf<'unsubscribe'>
}

/*
 * UNSUBSCRIBE
 *   fixed header: 10, flags 2
 *   packet identifier: uint16
 *   properties:        length, properties (5.0)
 *   one or more filters: UTF-8 string
 */

/** Throws `ProtocolError`; 0x8F for a filter that is none. */
export function decodeUnsubscribe(
  buffer: Uint8Array,
  frame: Frame,
  version: ProtocolVersion,
  limits: Limits,
): UnsubscribePacket {
  checkReservedFlags(frame, 'unsubscribe', version)
  const reader = new PacketReader(buffer, frame)
  const packetId = reader.packetId()
  const place = { place: 'unsubscribe', sender: 'client', limits } as const
  const properties = version === 5 ? readProperties(reader, place) : NO_PROPERTIES
  const filters: TopicFilter[] = []
  while (reader.remaining > 0) {
    if (filters.length >= limits.filtersMax) {
      throw new ProtocolError(REASON.quotaExceeded, 'The UNSUBSCRIBE has more filters than the limit.')
    }
    filters.push(parseFilter(reader.string('topic filter')))
  }
  if (filters.length === 0) throw protocolError('An UNSUBSCRIBE needs a filter.', 'MQTT-3.10.3-2')
  return { kind: 'unsubscribe', packetId, filters, properties }
}

export function encodeUnsubscribe(
  writer: ByteWriter,
  packet: UnsubscribePacket,
  version: ProtocolVersion,
): void {
  const body = beginPacket(writer, 'unsubscribe')
  writer.u16(packet.packetId)
  if (version === 5) writeProperties(writer, packet.properties)
  for (const { text } of packet.filters) writer.text16(text)
  endPacket(writer, body)
}
