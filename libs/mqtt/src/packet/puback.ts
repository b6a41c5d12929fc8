// PUBACK: answers a PUBLISH with QoS 1. Grammar and rules stand in ack.ts.
import type { Frame } from '../framing.js'
import type { Limits, ProtocolVersion, Sender } from '../protocol.js'
import { decodeAck } from './ack.js'
import type { AckPacket } from './ack.js'

export type PubackPacket = AckPacket<'puback'>

/** Throws `ProtocolError`. */
export function decodePuback(
  buffer: Uint8Array,
  frame: Frame,
  version: ProtocolVersion,
  limits: Limits,
  sender: Sender,
): PubackPacket {
  return decodeAck('puback', buffer, frame, version, limits, sender)
}
