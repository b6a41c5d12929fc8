// DISCONNECT: the last packet of a connection, in 5.0 from either side and with a reason.
import type { ByteWriter } from '#libs/base'
import type { Frame } from '../framing.js'
import { PacketReader } from '../packet-reader.js'
import { protocolError } from '../protocol-error.js'
import { NO_PROPERTIES, readProperties, writeProperties } from '../property-codec.js'
import type { PropertiesOf } from '../properties.js'
import type { Limits, ProtocolVersion, Sender } from '../protocol.js'
import { isReasonAllowed, REASON, reasonTitle } from '../reason-codes.js'
import { beginPacket, checkReservedFlags, endPacket } from './fixed-header.js'

export interface DisconnectPacket {
  readonly kind: 'disconnect'
  /** 0 in 3.x. */
  readonly reasonCode: number
  readonly properties: PropertiesOf<'disconnect'>
}

/*
 * DISCONNECT
 *   fixed header: 14, flags 0
 *   reason code: uint8, may be left out when 0 and nothing follows (5.0)
 *   properties:  length, properties; may be left out when there are none (5.0)
 */

/** Throws `ProtocolError`. */
export function decodeDisconnect(
  buffer: Uint8Array,
  frame: Frame,
  version: ProtocolVersion,
  limits: Limits,
  sender: Sender,
): DisconnectPacket {
  checkReservedFlags(frame, 'disconnect', version)
  if (version !== 5 && sender === 'server') {
    throw protocolError('A server of 3.x sends no DISCONNECT.', 'MQTT-3.14.0-1')
  }
  const reader = new PacketReader(buffer, frame)
  let reasonCode: number = REASON.success
  let properties: DisconnectPacket['properties'] = NO_PROPERTIES
  if (version === 5 && reader.remaining > 0) {
    reasonCode = reader.u8()
    if (!isReasonAllowed(reasonCode, 'disconnect', sender)) {
      throw protocolError(
        `Reason code ${reasonTitle(reasonCode)} is not allowed in DISCONNECT from a ${sender}.`,
        'MQTT-3.14.2-1',
      )
    }
    if (reader.remaining > 0) properties = readProperties(reader, { place: 'disconnect', sender, limits })
  }
  reader.finish()
  return { kind: 'disconnect', reasonCode, properties }
}

export function encodeDisconnect(
  writer: ByteWriter,
  packet: DisconnectPacket,
  version: ProtocolVersion,
): void {
  const { reasonCode, properties } = packet
  const body = beginPacket(writer, 'disconnect')
  if (version === 5) {
    const hasProperties = Object.keys(properties).length > 0
    if (hasProperties || reasonCode !== REASON.success) writer.u8(reasonCode)
    if (hasProperties) writeProperties(writer, properties)
  }
  endPacket(writer, body)
}
