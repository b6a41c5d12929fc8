// Writing the packets that are rare: encoded into a scratch writer, then copied behind what the connection sends already.
import { copy } from '#libs/base'
import { encodePacketWithin, REASON } from '#libs/mqtt'
import type { ServerPacket } from '#libs/mqtt'
import type { Connection } from './connection.js'

/**
 * Sends an answer. One that the client cannot take, not even without reason string and user properties, ends the connection: it would wait
 * for it in vain [MQTT-3.1.2-24].
 */
export function writePacket(connection: Connection, packet: ServerPacket): void {
  const writer = connection.gateway.packet.reset()
  if (encodePacketWithin(writer, packet, connection.version, connection.clientPacketBytesMax))
    writeBytes(connection, writer.buffer, 0, writer.position)
  else connection.end('server', REASON.packetTooLarge, 'An answer is larger than the client takes.')
}

/** Copies a packet, `source[from..to)`, to the connection's way out. */
export function writeBytes(connection: Connection, source: Uint8Array, from: number, to: number): void {
  const { outlet } = connection
  const length = to - from
  if (outlet.at + length > outlet.bytes.length) outlet.room(length)
  copy(source, from, to, outlet.bytes, outlet.at)
  outlet.at += length
  connection.gateway.counters.answersSent++
}
