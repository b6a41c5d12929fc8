// PUBREL: the client releases the packet id of a QoS 2 message that it published; PUBCOMP.
import { decodeAckInPlace, PACKET, REASON } from '#libs/mqtt'
import type { Frame } from '#libs/mqtt'
import { catalogue, deliveryRecord } from '#libs/topics'
import type { Connection } from './connection.js'
import { sendAck } from './send-ack.js'
import { NO_TARGET } from './turns.js'

/** False: it must wait for its PUBREC. */
export function onPubrel(connection: Connection, buffer: Uint8Array, frame: Frame): boolean {
  const { gateway, clientId, birth, receivedIds } = connection
  const { ack, settings } = gateway
  decodeAckInPlace(buffer, frame, connection.version, ack, settings.limits)
  const { packetId } = ack
  if (!connection.kept) {
    const known = receivedIds?.delete(packetId) ?? false
    const code = known ? 0 : REASON.packetIdentifierNotFound
    // A client that did not wait for its PUBREC gets it all the same, and first.
    if (connection.lastPublishTurn <= gateway.turns.storedNumber)
      sendAck(connection, PACKET.pubcomp, packetId, code)
    else connection.answerLater(PACKET.pubcomp, packetId, code, NO_TARGET)
    return true
  }
  // Its delivery owner knows the packet id, perhaps from an earlier connection; the answer is ReleaseStored.
  deliveryRecord.write(gateway.appends.value(), {
    kind: 'ReleaseReceived',
    session: { clientId, birth },
    address: connection.address,
    packetId,
  })
  gateway.appends.send(catalogue.deliveryInbox, gateway.partitionOfClient(clientId), clientId)
  connection.appended()
  connection.owedByDelivery++
  return true
}
