// PUBREC: the client has a QoS 2 message; PUBREL follows. For a kept session it follows when delivery's owner can know it.
import { decodeAckInPlace, PACKET, protocolError, REASON } from '#libs/mqtt'
import type { Frame } from '#libs/mqtt'
import { catalogue } from '#libs/topics'
import type { Connection } from './connection.js'
import { AWAITS, NO_NUMBER } from './inflight.js'
import { sendAck } from './send-ack.js'

export function onPubrec(connection: Connection, buffer: Uint8Array, frame: Frame): void {
  const { gateway } = connection
  const { ack, settings } = gateway
  decodeAckInPlace(buffer, frame, connection.version, ack, settings.limits)
  const { packetId, reasonCode } = ack
  const { inflight } = connection
  const awaited = inflight === null ? AWAITS.nothing : inflight.awaits(packetId)
  if (inflight === null || awaited === AWAITS.nothing) {
    // [MQTT-3.6.2] Nothing is known of this packet id; the window stays as it is.
    if (reasonCode < 0x80) sendAck(connection, PACKET.pubrel, packetId, REASON.packetIdentifierNotFound)
    return
  }
  if (awaited === AWAITS.puback) throw protocolError('A PUBREC for a message of QoS 1.', 'MQTT-4.13.1-1')
  const number = inflight.numberOf(packetId)
  const group = inflight.groupOf(packetId)
  if (awaited === AWAITS.pubrec) connection.settle(number, group, 'pubrec', reasonCode)
  if (reasonCode >= 0x80) {
    // [MQTT-4.3.3-4] The client refuses the message: it is done.
    inflight.release(packetId)
    connection.flow()
    return
  }
  inflight.received(packetId)
  if (number === NO_NUMBER || group !== NO_NUMBER) {
    sendAck(connection, PACKET.pubrel, packetId, 0)
    return
  }
  // After this the message must not be sent again, whatever dies: PUBREL waits until that is stored.
  const partition = gateway.partitionOfClient(connection.clientId)
  const target = gateway.appends.numberOf(catalogue.deliveryInbox, partition)
  connection.answerLater(PACKET.pubrel, packetId, 0, target)
}
