// The gateway's inbox: what services tell connections. Runs of messages are read in place (on-run.ts), the rest as values.
import { ByteReader, unreachable } from '#libs/base'
import { PACKET, REASON } from '#libs/mqtt'
import { gatewayRecord, keptRunKind, messageRunKind, passingRunKind } from '#libs/topics'
import type { GatewayRecord } from '#libs/topics'
import type { Connection } from './connection.js'
import type { Gateway } from './gateway.js'
import { onSubscriptionsListed } from './kept-subscriptions.js'
import { onAccepted, onRefused } from './on-accepted.js'
import { onRetainedPageEnd } from './on-retained-page-end.js'
import { onRun } from './on-run.js'
import { sendAck } from './send-ack.js'
import { onSubscribed } from './subscribe-request.js'
import { AWAITS, NO_NUMBER } from './inflight.js'

/** Handles the record whose value is `buffer[from..to)`. Records for other incarnations and for connections that are gone do nothing. */
export function onInbox(gateway: Gateway, buffer: Uint8Array, from: number, to: number): void {
  const kind = buffer[from]
  if (kind === messageRunKind || kind === keptRunKind || kind === passingRunKind) {
    onRun(gateway, buffer, from, to)
    return
  }
  const record = gatewayRecord.read(new ByteReader(buffer, from, to))
  if (record.incarnation !== gateway.incarnation) return
  const connection = gateway.connections.find(record.connection)
  if (connection === undefined) return
  try {
    onRecord(connection, record)
  } catch (error) {
    connection.outlet.failed(error)
  }
}

function onRecord(connection: Connection, record: GatewayRecord): void {
  switch (record.kind) {
    case 'SessionAccepted':
      return onAccepted(connection, record)
    case 'ConnectionRefused':
      return onRefused(connection, record)
    case 'CloseConnection':
      return connection.end(
        record.reasonCode === REASON.sessionTakenOver ? 'takenOver' : 'server',
        record.reasonCode,
        record.sentence,
      )
    case 'Subscribed':
      return onSubscribed(connection, record.request, record.codes)
    case 'PublishStored':
      sendAck(
        connection,
        record.qos === 1 ? PACKET.puback : PACKET.pubrec,
        record.packetId,
        record.reasonCode,
      )
      return connection.answeredByDelivery()
    case 'ReleaseStored':
      sendAck(connection, PACKET.pubcomp, record.packetId, record.reasonCode)
      return connection.answeredByDelivery()
    case 'Release':
      return release(connection, record.packetId, record.number)
    case 'SubscriptionsListed':
      return onSubscriptionsListed(connection, record)
    case 'RetainedPageEnd':
      return onRetainedPageEnd(connection, record)
    default:
      return unreachable(record)
  }
}

/** A kept message that the client received over an earlier connection: only PUBREL is still to be sent. */
function release(connection: Connection, packetId: number, number: number): void {
  const { state } = connection
  if (state !== 'connected' && state !== 'waiting') return
  connection.useInflight().put(packetId, AWAITS.pubcomp, number, NO_NUMBER)
  // delivery may be faster than session: nothing goes out before CONNACK.
  if (state === 'waiting') (connection.releases ??= []).push(packetId)
  else sendAck(connection, PACKET.pubrel, packetId, 0)
}
