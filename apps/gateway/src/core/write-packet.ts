// Writing the packets that are rare: encoded into a scratch writer, then copied behind what the connection sends already.
import { copy } from '#libs/base'
import type { ByteWriter } from '#libs/base'
import type { Connection } from './connection.js'

/** Encodes a packet and sends it, unless the client cannot take one so large [MQTT-3.1.2-24]: then says so with false. */
export function writePacket(connection: Connection, encode: (writer: ByteWriter) => void): boolean {
  const writer = connection.gateway.packet.reset()
  encode(writer)
  const length = writer.position
  if (length > connection.clientPacketBytesMax) return false
  writeBytes(connection, writer.buffer, 0, length)
  return true
}

/** Copies `source[from..to)` to the connection's way out. */
export function writeBytes(connection: Connection, source: Uint8Array, from: number, to: number): void {
  const { outlet } = connection
  const length = to - from
  if (outlet.at + length > outlet.bytes.length) outlet.room(length)
  copy(source, from, to, outlet.bytes, outlet.at)
  outlet.at += length
}
