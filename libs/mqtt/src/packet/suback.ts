// SUBACK: one reason code for each filter of a SUBSCRIBE, in its order.
import type { ByteWriter } from '#libs/base'
import type { Frame } from '../framing.js'
import { PacketReader } from '../packet-reader.js'
import { protocolError } from '../protocol-error.js'
import { NO_PROPERTIES, readProperties, writeProperties } from '../property-codec.js'
import type { PropertiesOf } from '../properties.js'
import type { Limits, ProtocolVersion } from '../protocol.js'
import { isReasonAllowed, REASON, reasonTitle } from '../reason-codes.js'
import { beginPacket, checkReservedFlags, endPacket } from './fixed-header.js'

export interface SubackPacket {
  readonly kind: 'suback'
  readonly packetId: number
  /** The granted QoS, or a refusal of 0x80 and above. */
  readonly reasonCodes: readonly number[]
  readonly properties: PropertiesOf<'suback'>
}

/*
 * SUBACK
 *   fixed header: 9, flags 0
 *   packet identifier: uint16
 *   properties:        length, properties (5.0)
 *   one or more reason codes: uint8 (3.x: 0, 1, 2 or 0x80)
 */

/** Throws `ProtocolError`. */
export function decodeSuback(
  buffer: Uint8Array,
  frame: Frame,
  version: ProtocolVersion,
  limits: Limits,
): SubackPacket {
  checkReservedFlags(frame, 'suback', version)
  const reader = new PacketReader(buffer, frame)
  const packetId = reader.packetId()
  const place = { place: 'suback', sender: 'server', limits } as const
  const properties = version === 5 ? readProperties(reader, place) : NO_PROPERTIES
  const reasonCodes: number[] = []
  while (reader.remaining > 0) {
    const code = reader.u8()
    const isKnown =
      isReasonAllowed(code, 'suback', 'server') && (version === 5 || code <= REASON.unspecifiedError)
    if (!isKnown)
      throw protocolError(`Reason code ${reasonTitle(code)} is not allowed in SUBACK.`, 'MQTT-3.9.3-2')
    reasonCodes.push(code)
  }
  if (reasonCodes.length === 0) throw protocolError('A SUBACK needs a reason code.')
  return { kind: 'suback', packetId, reasonCodes, properties }
}

/** For 3.x every refusal is 0x80, which is the only one that they know. */
export function encodeSuback(writer: ByteWriter, packet: SubackPacket, version: ProtocolVersion): void {
  const body = beginPacket(writer, 'suback')
  writer.u16(packet.packetId)
  if (version === 5) writeProperties(writer, packet.properties)
  for (const code of packet.reasonCodes) {
    writer.u8(version === 5 ? code : Math.min(code, REASON.unspecifiedError))
  }
  endPacket(writer, body)
}
