// AUTH: one step of an enhanced authentication, in either direction (5.0 only).
import type { ByteWriter } from '#libs/base'
import type { Frame } from '../framing.js'
import { PacketReader } from '../packet-reader.js'
import { protocolError } from '../protocol-error.js'
import { NO_PROPERTIES, readProperties, writeProperties } from '../property-codec.js'
import type { PropertiesOf } from '../properties.js'
import type { Limits, ProtocolVersion, Sender } from '../protocol.js'
import { isReasonAllowed, REASON, reasonTitle } from '../reason-codes.js'
import { beginPacket, checkReservedFlags, endPacket } from './fixed-header.js'

export interface AuthPacket {
  readonly kind: 'auth'
  readonly reasonCode: number
  /** The method is there, except in the two-byte form of success. */
  readonly properties: PropertiesOf<'auth'>
}

/*
 * AUTH
 *   fixed header: 15, flags 0
 *   reason code: uint8    } both may be left out
 *   properties:  length, properties } when the code is 0 and there are none
 */

/** Throws `ProtocolError`. */
export function decodeAuth(
  buffer: Uint8Array,
  frame: Frame,
  version: ProtocolVersion,
  limits: Limits,
  sender: Sender,
): AuthPacket {
  if (version !== 5) throw protocolError('AUTH belongs to 5.0 alone.')
  checkReservedFlags(frame, 'auth', version)
  const reader = new PacketReader(buffer, frame)
  const isShort = reader.remaining === 0
  const reasonCode = isShort ? REASON.success : reader.u8()
  if (!isReasonAllowed(reasonCode, 'auth', sender)) {
    throw protocolError(
      `Reason code ${reasonTitle(reasonCode)} is not allowed in AUTH from a ${sender}.`,
      'MQTT-3.15.2-1',
    )
  }
  if (isShort) return { kind: 'auth', reasonCode, properties: NO_PROPERTIES }
  const properties = readProperties(reader, { place: 'auth', sender, limits })
  reader.finish()
  if (properties.authenticationMethod === undefined)
    throw protocolError('AUTH needs an authentication method.')
  return { kind: 'auth', reasonCode, properties }
}

export function encodeAuth(writer: ByteWriter, { reasonCode, properties }: AuthPacket): void {
  const body = beginPacket(writer, 'auth')
  if (reasonCode !== REASON.success || Object.keys(properties).length > 0) {
    writer.u8(reasonCode)
    writeProperties(writer, properties)
  }
  endPacket(writer, body)
}
