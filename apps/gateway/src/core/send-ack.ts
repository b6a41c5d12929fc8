// Writing PUBACK, PUBREC, PUBREL and PUBCOMP to a client: four bytes in place where possible.
import { PACKET, reasonTitle } from '#libs/mqtt'
import type { Connection } from './connection.js'
import { writePacket } from './write-packet.js'

/** The packet types that acknowledge. */
export type AckType = number

const kinds = { 4: 'puback', 5: 'pubrec', 6: 'pubrel', 7: 'pubcomp' } as const

/** Writes an acknowledgement if the connection still lives. Frees the client's place in our receive maximum when it ends a message. */
export function sendAck(connection: Connection, type: AckType, packetId: number, code: number): void {
  if (connection.state !== 'connected') return
  if (type === PACKET.puback || type === PACKET.pubcomp || (type === PACKET.pubrec && code >= 0x80)) {
    if (connection.receiving > 0) connection.receiving--
  }
  if (code !== 0 && connection.version === 5) {
    sendReasoned(connection, type, packetId, code)
    return
  }
  const { outlet } = connection
  if (outlet.at + 4 > outlet.bytes.length) outlet.room(4)
  const { bytes, at } = outlet
  // [MQTT-3.6.1-1] PUBREL alone has a flag.
  bytes[at] = (type << 4) | (type === PACKET.pubrel ? 2 : 0)
  bytes[at + 1] = 2
  bytes[at + 2] = packetId >> 8
  bytes[at + 3] = packetId
  outlet.at = at + 4
  connection.gateway.counters.answersSent++
}

function sendReasoned(connection: Connection, type: AckType, packetId: number, code: number): void {
  const kind = type === 4 || type === 5 || type === 6 || type === 7 ? kinds[type] : 'puback'
  const properties = connection.wantsReasons && code >= 0x80 ? { reasonString: reasonTitle(code) } : {}
  writePacket(connection, { kind, packetId, reasonCode: code, properties })
}
