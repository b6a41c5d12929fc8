// The fixed header of the packets that are rare: flags checked, length put before the body when the body is written.
import type { ByteWriter } from '#libs/base'
import type { Frame } from '../framing.js'
import { malformed } from '../protocol-error.js'
import { PACKET } from '../protocol.js'
import type { PacketKind, ProtocolVersion } from '../protocol.js'

/** The flags that a packet must have [MQTT-2.1.3-1]; PUBLISH has its own. */
function flagsOf(kind: PacketKind): number {
  return kind === 'pubrel' || kind === 'subscribe' || kind === 'unsubscribe' ? 2 : 0
}

/** Throws `ProtocolError` unless the reserved flags are as they must be. 3.1 leaves them open: there a packet sent again has DUP. */
export function checkReservedFlags(frame: Frame, kind: PacketKind, version: ProtocolVersion): void {
  if (version !== 3 && (frame.typeAndFlags & 15) !== flagsOf(kind)) {
    throw malformed(`Reserved flags of ${kind} are wrong.`, 'MQTT-2.1.3-1')
  }
}

/** Writes the first byte and returns where the body begins; `endPacket` puts its length before it. */
export function beginPacket(writer: ByteWriter, kind: PacketKind): number {
  writer.u8((PACKET[kind] << 4) | flagsOf(kind))
  return writer.position
}

export function endPacket(writer: ByteWriter, bodyFrom: number): void {
  writer.insertLength(bodyFrom)
}
