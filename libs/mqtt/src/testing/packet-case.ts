// One row of the tables of packets, and the words in which a row begins: who sends it in which version.
import type { Packet } from '../packets.js'
import type { ProtocolVersion, Sender } from '../protocol.js'

export interface PacketCase {
  readonly fact: string
  readonly version: ProtocolVersion
  readonly sender: Sender
  readonly bytes: Uint8Array
  readonly packet: Packet
  /** True when the sender could have written it shorter, so that our encoder writes other bytes. */
  readonly isLong?: true
}

const from =
  (version: ProtocolVersion, sender: Sender) =>
  (fact: string, bytes: Uint8Array, packet: Packet): PacketCase => ({ fact, version, sender, bytes, packet })

export const client3 = from(3, 'client')
export const client4 = from(4, 'client')
export const client5 = from(5, 'client')
export const server3 = from(3, 'server')
export const server4 = from(4, 'server')
export const server5 = from(5, 'server')

/** Marks a row whose sender could have written it shorter. */
export const long = (row: PacketCase): PacketCase => ({ ...row, isLong: true })
