// PUBCOMP: the last answer of QoS 2. Grammar and rules stand in ack.ts.
import type { Frame } from '../framing.js'
import type { Limits, ProtocolVersion, Sender } from '../protocol.js'
import { decodeAck } from './ack.js'
import type { AckPacket } from './ack.js'

export type PubcompPacket = AckPacket<'pubcomp'>

/** Throws `ProtocolError`. */
export function decodePubcomp(
  buffer: Uint8Array,
  frame: Frame,
  version: ProtocolVersion,
  limits: Limits,
  sender: Sender,
): PubcompPacket {
  return decodeAck('pubcomp', buffer, frame, version, limits, sender)
}
