// Publishes that are not taken: what the client is told, and what is counted.
import { PACKET, REASON, reasonTitle } from '#libs/mqtt'
import type { PublishView } from '#libs/mqtt'
import type { Connection } from './connection.js'
import { sendAck } from './send-ack.js'
import type { AckType } from './send-ack.js'
import { NO_TARGET } from './turns.js'

/**
 * Refuses a PUBLISH as it arrives. 5.0 gets the reason in its turn; 3.x, which has no way to say it, is closed; QoS 0 is dropped. 3.1 wants a
 * publish that is not allowed to be acknowledged as if it were.
 */
export function refuseArriving(connection: Connection, view: PublishView, code: number): void {
  const { version } = connection
  count(connection, code)
  if (view.qos === 0) {
    // A payload that is not what it says is the client's fault and can be told only so.
    if (code === REASON.payloadFormatInvalid) connection.end('protocol', code, reasonTitle(code))
    return
  }
  const mustSeemTaken = version === 3 && code === REASON.notAuthorized
  if (version !== 5 && !mustSeemTaken) {
    connection.end(code === REASON.quotaExceeded ? 'server' : 'protocol', code, reasonTitle(code))
    return
  }
  const type = view.qos === 1 ? PACKET.puback : PACKET.pubrec
  connection.answerLater(type, view.packetId, mustSeemTaken ? REASON.success : code, NO_TARGET)
}

function count({ gateway: { counters } }: Connection, code: number): void {
  if (code === REASON.notAuthorized) counters.refusedNotAuthorized++
  else if (code === REASON.quotaExceeded) counters.refusedNotStored++
}

/** Called when the log did not take what an answer depends on: 0x97, or the end of a 3.x connection. */
export function refusePublish(connection: Connection, type: AckType, packetId: number): void {
  if (connection.state !== 'connected') return
  connection.gateway.counters.refusedNotStored++
  const isAnswer = type === PACKET.puback || type === PACKET.pubrec
  if (type === PACKET.pubrec) connection.receivedIds?.delete(packetId)
  if (isAnswer && connection.version === 5) sendAck(connection, type, packetId, REASON.quotaExceeded)
  else connection.end('server', REASON.quotaExceeded, 'The server can store nothing now.')
}
