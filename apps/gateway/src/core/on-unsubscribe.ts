// UNSUBSCRIBE: sent to the same partitions and groups as the SUBSCRIBE was; UNSUBACK goes out when all have stored it.
import { decodeFromClient } from '#libs/mqtt'
import type { Frame, TopicFilter } from '#libs/mqtt'
import { catalogue, deliveryRecord, partitionOfGroup, subscriptionRecord } from '#libs/topics'
import { ByPartition } from './by-partition.js'
import type { Connection } from './connection.js'
import { openRequest } from './subscribe-request.js'

/** False: what this connection published before must be stored first. */
export function onUnsubscribe(connection: Connection, buffer: Uint8Array, frame: Frame): boolean {
  if (!connection.publishesAreStored()) return false
  const { gateway } = connection
  const packet = decodeFromClient(buffer, frame, connection.version, gateway.settings.limits)
  if (packet.kind !== 'unsubscribe') return true
  const request = ++gateway.requests
  const byPartition = new ByPartition<{ readonly place: number; readonly filter: string }>(
    gateway.settings.topicPartitions,
  )
  let owed = 0
  for (const [place, filter] of packet.filters.entries()) {
    connection.subscriptions?.delete(filter.text)
    if (filter.kind === 'shared') {
      leave(connection, request, place, filter)
      owed++
    } else owed += byPartition.add(filter, { place, filter: filter.filter })
  }
  for (const [partition, filters] of byPartition) {
    subscriptionRecord.write(gateway.appends.value(), {
      kind: 'Unsubscribe',
      address: connection.address,
      session: { clientId: connection.clientId, birth: connection.birth },
      request,
      filters,
    })
    gateway.appends.send(catalogue.subscriptionInbox, partition, connection.clientId)
  }
  connection.appended()
  openRequest(connection, request, { kind: 'unsuback', packetId: packet.packetId, codes: [], owed })
  return true
}

function leave(
  connection: Connection,
  request: number,
  place: number,
  { shareName, filter }: TopicFilter,
): void {
  const { gateway, clientId, birth } = connection
  const share = shareName ?? ''
  deliveryRecord.write(gateway.appends.value(), {
    kind: 'LeaveGroup',
    session: { clientId, birth },
    address: connection.address,
    request,
    place,
    share,
    filter,
  })
  const partition = partitionOfGroup(share, filter, gateway.settings.clientPartitions)
  gateway.appends.send(catalogue.deliveryInbox, partition, clientId)
}
