// UNSUBACK: the answer to an UNSUBSCRIBE; in 5.0 with one reason code for each filter, in its order.
import type { ByteWriter } from '#libs/base'
import type { Frame } from '../framing.js'
import { PacketReader } from '../packet-reader.js'
import { protocolError } from '../protocol-error.js'
import { NO_PROPERTIES, readProperties, writeProperties } from '../property-codec.js'
import type { PropertiesOf } from '../properties.js'
import type { Limits, ProtocolVersion } from '../protocol.js'
import { isReasonAllowed, reasonTitle } from '../reason-codes.js'
import { beginPacket, checkReservedFlags, endPacket } from './fixed-header.js'

export interface UnsubackPacket {
  readonly kind: 'unsuback'
  readonly packetId: number
  /** Empty in 3.x. */
  readonly reasonCodes: readonly number[]
  readonly properties: PropertiesOf<'unsuback'>
}

/*
 * UNSUBACK
 *   fixed header: 11, flags 0
 *   packet identifier: uint16
 *   properties:        length, properties (5.0)
 *   one or more reason codes: uint8 (5.0)
 */

/** Throws `ProtocolError`. */
export function decodeUnsuback(
  buffer: Uint8Array,
  frame: Frame,
  version: ProtocolVersion,
  limits: Limits,
): UnsubackPacket {
  checkReservedFlags(frame, 'unsuback', version)
  const reader = new PacketReader(buffer, frame)
  const packetId = reader.packetId()
  if (version !== 5) {
    reader.finish()
    return { kind: 'unsuback', packetId, reasonCodes: [], properties: NO_PROPERTIES }
  }
  const properties = readProperties(reader, { place: 'unsuback', sender: 'server', limits })
  const reasonCodes: number[] = []
  while (reader.remaining > 0) {
    const code = reader.u8()
    if (!isReasonAllowed(code, 'unsuback', 'server')) {
      throw protocolError(`Reason code ${reasonTitle(code)} is not allowed in UNSUBACK.`, 'MQTT-3.11.3-2')
    }
    reasonCodes.push(code)
  }
  if (reasonCodes.length === 0) throw protocolError('An UNSUBACK needs a reason code.', 'MQTT-3.11.3-1')
  return { kind: 'unsuback', packetId, reasonCodes, properties }
}

export function encodeUnsuback(writer: ByteWriter, packet: UnsubackPacket, version: ProtocolVersion): void {
  const body = beginPacket(writer, 'unsuback')
  writer.u16(packet.packetId)
  if (version === 5) {
    writeProperties(writer, packet.properties)
    for (const code of packet.reasonCodes) writer.u8(code)
  }
  endPacket(writer, body)
}
