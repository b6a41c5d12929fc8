// PUBREC: the first answer to a PUBLISH with QoS 2. Grammar and rules stand in ack.ts.
import type { Frame } from '../framing.js'
import type { Limits, ProtocolVersion, Sender } from '../protocol.js'
import { decodeAck } from './ack.js'
import type { AckPacket } from './ack.js'

export type PubrecPacket = AckPacket<'pubrec'>

/** Throws `ProtocolError`. */
export function decodePubrec(
  buffer: Uint8Array,
  frame: Frame,
  version: ProtocolVersion,
  limits: Limits,
  sender: Sender,
): PubrecPacket {
  return decodeAck('pubrec', buffer, frame, version, limits, sender)
}
