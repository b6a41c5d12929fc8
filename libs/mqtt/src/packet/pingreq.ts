// PINGREQ: the client says that it is there, and asks whether the server is.
import type { ByteWriter } from '#libs/base'
import type { Frame } from '../framing.js'
import { PacketReader } from '../packet-reader.js'
import type { ProtocolVersion } from '../protocol.js'
import { beginPacket, checkReservedFlags, endPacket } from './fixed-header.js'

export interface PingreqPacket {
  readonly kind: 'pingreq'
}

const PINGREQ: PingreqPacket = { kind: 'pingreq' }

/*
 * PINGREQ
 *   fixed header: 12, flags 0
 */

/** Throws `ProtocolError`. */
export function decodePingreq(buffer: Uint8Array, frame: Frame, version: ProtocolVersion): PingreqPacket {
  checkReservedFlags(frame, 'pingreq', version)
  new PacketReader(buffer, frame).finish()
  return PINGREQ
}

export function encodePingreq(writer: ByteWriter): void {
  endPacket(writer, beginPacket(writer, 'pingreq'))
}
