// PUBREL: the sender of a QoS 2 PUBLISH has seen the PUBREC. Grammar and rules stand in ack.ts.
import type { Frame } from '../framing.js'
import type { Limits, ProtocolVersion, Sender } from '../protocol.js'
import { decodeAck } from './ack.js'
import type { AckPacket } from './ack.js'

export type PubrelPacket = AckPacket<'pubrel'>

/** Throws `ProtocolError`. */
export function decodePubrel(
  buffer: Uint8Array,
  frame: Frame,
  version: ProtocolVersion,
  limits: Limits,
  sender: Sender,
): PubrelPacket {
  return decodeAck('pubrel', buffer, frame, version, limits, sender)
}
