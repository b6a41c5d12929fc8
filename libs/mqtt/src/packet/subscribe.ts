// SUBSCRIBE: a client asks for what matches its filters.
import type { ByteWriter } from '#libs/base'
import type { Frame } from '../framing.js'
import { PacketReader } from '../packet-reader.js'
import { malformed, ProtocolError, protocolError } from '../protocol-error.js'
import { NO_PROPERTIES, readProperties, writeProperties } from '../property-codec.js'
import type { PropertiesOf } from '../properties.js'
import type { Limits, ProtocolVersion, QoS } from '../protocol.js'
import { REASON } from '../reason-codes.js'
import { parseFilter } from '../topic-filter.js'
import type { TopicFilter } from '../topic-filter.js'
import { beginPacket, checkReservedFlags, endPacket } from './fixed-header.js'

/** 0: retained messages at each subscribe. 1: only when the subscription is new. 2: never. */
export type RetainHandling = 0 | 1 | 2

export interface Subscription {
  readonly filter: TopicFilter
  /** The maximum QoS. */
  readonly qos: QoS
  readonly noLocal: boolean
  readonly retainAsPublished: boolean
  readonly retainHandling: RetainHandling
}

export interface SubscribePacket {
  readonly kind: 'subscribe'
  readonly packetId: number
  /** At least one. */
  readonly subscriptions: readonly Subscription[]
  /** `subscriptionIdentifiers` holds at most one. */
  readonly properties: PropertiesOf<'subscribe'>
}

/*
 * SUBSCRIBE
 *   fixed header: 8, flags 2
 *   packet identifier: uint16
 *   properties:        length, properties (5.0)
 *   one or more:
 *     filter:  UTF-8 string
 *     options: reserved 2 bits, retain handling 2 bits, retain as published, no local, QoS 2 bits (3.x: QoS alone)
 */

/** Throws `ProtocolError`; 0x8F for a filter that is none. */
export function decodeSubscribe(
  buffer: Uint8Array,
  frame: Frame,
  version: ProtocolVersion,
  limits: Limits,
): SubscribePacket {
  checkReservedFlags(frame, 'subscribe', version)
  const reader = new PacketReader(buffer, frame)
  const packetId = reader.packetId()
  const place = { place: 'subscribe', sender: 'client', limits } as const
  const properties = version === 5 ? readProperties(reader, place) : NO_PROPERTIES
  const subscriptions: Subscription[] = []
  while (reader.remaining > 0) {
    if (subscriptions.length >= limits.filtersMax) {
      throw new ProtocolError(REASON.quotaExceeded, 'The SUBSCRIBE has more filters than the limit.')
    }
    const filter = parseFilter(reader.string('topic filter'))
    subscriptions.push(readOptions(filter, reader.u8(), version))
  }
  if (subscriptions.length === 0) throw protocolError('A SUBSCRIBE needs a filter.', 'MQTT-3.8.3-2')
  return { kind: 'subscribe', packetId, subscriptions, properties }
}

export function encodeSubscribe(writer: ByteWriter, packet: SubscribePacket, version: ProtocolVersion): void {
  const body = beginPacket(writer, 'subscribe')
  writer.u16(packet.packetId)
  if (version === 5) writeProperties(writer, packet.properties)
  for (const { filter, qos, noLocal, retainAsPublished, retainHandling } of packet.subscriptions) {
    writer.text16(filter.text)
    const options = (noLocal ? 4 : 0) | (retainAsPublished ? 8 : 0) | (retainHandling << 4)
    writer.u8(version === 5 ? qos | options : qos)
  }
  endPacket(writer, body)
}

function readOptions(filter: TopicFilter, options: number, version: ProtocolVersion): Subscription {
  const reserved = version === 5 ? 0xc0 : 0xfc
  if ((options & reserved) !== 0 && version !== 3) {
    throw malformed('Reserved bits of the subscription options are set.', 'MQTT-3.8.3-5')
  }
  const qos = options & 3
  if (qos === 3) throw protocolError('The maximum QoS is 3.', 'MQTT-3.8.3-4')
  const retainHandling = (options >> 4) & 3
  if (retainHandling === 3 && version === 5) throw protocolError('The retain handling is 3.')
  const noLocal = version === 5 && (options & 4) !== 0
  if (noLocal && filter.kind === 'shared') {
    throw protocolError('No local is not allowed for a shared subscription.', 'MQTT-3.8.3-4')
  }
  return {
    filter,
    qos: qos === 0 ? 0 : qos === 1 ? 1 : 2,
    noLocal,
    retainAsPublished: version === 5 && (options & 8) !== 0,
    retainHandling: version !== 5 || retainHandling === 0 ? 0 : retainHandling === 1 ? 1 : 2,
  }
}
