// CONNACK: the server's answer to CONNECT, with all that it limits.
import { assert } from '#libs/base'
import type { ByteWriter } from '#libs/base'
import type { Frame } from '../framing.js'
import { PacketReader } from '../packet-reader.js'
import { malformed, protocolError } from '../protocol-error.js'
import { NO_PROPERTIES, readProperties, writeProperties } from '../property-codec.js'
import type { PropertiesOf } from '../properties.js'
import type { Limits, ProtocolVersion } from '../protocol.js'
import {
  connackReturnCode,
  isReasonAllowed,
  REASON,
  reasonOfReturnCode,
  reasonTitle,
} from '../reason-codes.js'
import { beginPacket, checkReservedFlags, endPacket } from './fixed-header.js'

export interface ConnackPacket {
  readonly kind: 'connack'
  readonly sessionPresent: boolean
  /** Always a code of 5.0; older versions get the return code that comes nearest. */
  readonly reasonCode: number
  readonly properties: PropertiesOf<'connack'>
}

/*
 * CONNACK
 *   fixed header: 2, flags 0
 *   acknowledge flags: session present, seven reserved bits (3.1: all reserved)
 *   reason code:       uint8 (3.x: return code)
 *   properties:        length, properties (5.0)
 */

/** Throws `ProtocolError`. */
export function decodeConnack(
  buffer: Uint8Array,
  frame: Frame,
  version: ProtocolVersion,
  limits: Limits,
): ConnackPacket {
  checkReservedFlags(frame, 'connack', version)
  const reader = new PacketReader(buffer, frame)
  const flags = reader.u8()
  if (flags > 1 && version !== 3) throw malformed('Reserved acknowledge flags are set.', 'MQTT-3.2.2-1')
  const sessionPresent = flags === 1 && version !== 3
  const reasonCode = readReasonCode(reader.u8(), version)
  const properties =
    version === 5 ? readProperties(reader, { place: 'connack', sender: 'server', limits }) : NO_PROPERTIES
  reader.finish()
  if (sessionPresent && reasonCode !== REASON.success) {
    throw protocolError('A session is present though the connection is refused.', 'MQTT-3.2.2-6')
  }
  return { kind: 'connack', sessionPresent, reasonCode, properties }
}

/** For 3.x the reason must have a return code (`connackReturnCode`): for others those versions just close. */
export function encodeConnack(writer: ByteWriter, packet: ConnackPacket, version: ProtocolVersion): void {
  const { sessionPresent, reasonCode, properties } = packet
  const code = version === 5 ? reasonCode : connackReturnCode(reasonCode)
  assert(code !== undefined, 'A CONNACK of 3.x has one of six return codes.')
  const body = beginPacket(writer, 'connack')
  writer.u8(sessionPresent && version !== 3 ? 1 : 0)
  writer.u8(code)
  if (version === 5) writeProperties(writer, properties)
  endPacket(writer, body)
}

function readReasonCode(code: number, version: ProtocolVersion): number {
  if (version === 5) {
    if (isReasonAllowed(code, 'connack', 'server')) return code
    throw protocolError(`Reason code ${reasonTitle(code)} is not allowed in CONNACK.`, 'MQTT-3.2.2-8')
  }
  const reasonCode = reasonOfReturnCode(code)
  if (reasonCode === undefined) throw protocolError(`Return code ${String(code)} is reserved.`)
  return reasonCode
}
