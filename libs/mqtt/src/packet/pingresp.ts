// PINGRESP: the server is there.
import type { ByteWriter } from '#libs/base'
import type { Frame } from '../framing.js'
import { PacketReader } from '../packet-reader.js'
import type { ProtocolVersion } from '../protocol.js'
import { beginPacket, checkReservedFlags, endPacket } from './fixed-header.js'

export interface PingrespPacket {
  readonly kind: 'pingresp'
}

const PINGRESP: PingrespPacket = { kind: 'pingresp' }

/*
 * PINGRESP
 *   fixed header: 13, flags 0
 */

/** Throws `ProtocolError`. */
export function decodePingresp(buffer: Uint8Array, frame: Frame, version: ProtocolVersion): PingrespPacket {
  checkReservedFlags(frame, 'pingresp', version)
  new PacketReader(buffer, frame).finish()
  return PINGRESP
}

export function encodePingresp(writer: ByteWriter): void {
  endPacket(writer, beginPacket(writer, 'pingresp'))
}
