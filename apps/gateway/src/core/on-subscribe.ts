// SUBSCRIBE: each filter is judged and sent to whom it concerns: an exact one to the partition of its topic, one with wildcards to
// every partition, a shared one to the owner of its group. SUBACK goes out when all have stored it.
import { decodeFromClient, REASON } from '#libs/mqtt'
import type { Frame, Subscription } from '#libs/mqtt'
import { catalogue, deliveryRecord, partitionOfGroup, subscriptionRecord } from '#libs/topics'
import type { WantedFilter } from '#libs/topics'
import { ByPartition } from './by-partition.js'
import type { Connection } from './connection.js'
import { knowsSubscriptions } from './kept-subscriptions.js'
import { openRequest } from './subscribe-request.js'

interface Placed {
  readonly place: number
  readonly wanted: WantedFilter
}

/** False: what this connection published before must be stored first, or what its session has is not known yet. */
export function onSubscribe(connection: Connection, buffer: Uint8Array, frame: Frame): boolean {
  if (!connection.publishesAreStored() || !knowsSubscriptions(connection)) return false
  const { gateway } = connection
  const packet = decodeFromClient(buffer, frame, connection.version, gateway.settings.limits)
  if (packet.kind !== 'subscribe') return true
  const request = ++gateway.requests
  const subscriptionId = packet.properties.subscriptionIdentifiers?.[0] ?? 0
  const codes: number[] = []
  const byPartition = new ByPartition<Placed>(gateway.settings.topicPartitions)
  let owed = 0
  for (const [place, subscription] of packet.subscriptions.entries()) {
    const refusal = refusalOf(connection, subscription, subscriptionId)
    // 3.1 has no word for "not allowed", and wants it to be acknowledged as if it were.
    const mustSeemGranted = refusal === REASON.notAuthorized && connection.version === 3
    codes.push(mustSeemGranted ? subscription.qos : (refusal ?? 0))
    if (refusal !== undefined) continue
    const wanted = wantedOf(subscription, gateway.settings.maximumQos)
    remember(connection, subscription.filter.text, wanted.qos, subscriptionId)
    if (subscription.filter.kind === 'shared') {
      join(connection, { request, place, share: subscription.filter.shareName ?? '', wanted, subscriptionId })
      owed++
    } else owed += byPartition.add(subscription.filter, { place, wanted })
  }
  for (const [partition, filters] of byPartition) {
    subscriptionRecord.write(gateway.appends.value(), {
      kind: 'Subscribe',
      address: connection.address,
      session: { clientId: connection.clientId, birth: connection.birth },
      kept: connection.kept,
      request,
      subscriptionId,
      filters,
    })
    gateway.appends.send(catalogue.subscriptionInbox, partition, connection.clientId)
  }
  connection.appended()
  openRequest(connection, request, { kind: 'suback', packetId: packet.packetId, codes, owed })
  return true
}

function wantedOf(
  { filter, qos, noLocal, retainAsPublished, retainHandling }: Subscription,
  most: number,
): WantedFilter {
  return { filter: filter.filter, qos: Math.min(qos, most), noLocal, retainAsPublished, retainHandling }
}

function refusalOf(
  connection: Connection,
  { filter }: Subscription,
  subscriptionId: number,
): number | undefined {
  const { gateway, permissions, subscriptions } = connection
  const { settings } = gateway
  if (!gateway.writable) return REASON.quotaExceeded
  if (filter.levels > settings.limits.topicLevelsMax) return REASON.topicFilterInvalid
  if (filter.hasWildcard && !settings.wildcardsAvailable) return REASON.wildcardSubscriptionsNotSupported
  if (filter.kind === 'shared' && !settings.sharedAvailable) return REASON.sharedSubscriptionsNotSupported
  if (subscriptionId !== 0 && !settings.subscriptionIdsAvailable)
    return REASON.subscriptionIdentifiersNotSupported
  // The rule is about what is received, so it looks behind `$share/<name>/`.
  if (permissions !== undefined && !permissions.maySubscribe(filter.filter)) return REASON.notAuthorized
  const isNew = subscriptions === null || !subscriptions.has(filter.text)
  if (isNew && (subscriptions?.size ?? 0) >= settings.subscriptionsMax) {
    gateway.counters.quotaExceeded++
    return REASON.quotaExceeded
  }
  return undefined
}

function remember(connection: Connection, filter: string, qos: number, subscriptionId: number): void {
  const subscriptions = (connection.subscriptions ??= new Map<string, number>())
  subscriptions.set(filter, qos + 4 * subscriptionId)
}

function join(
  connection: Connection,
  how: {
    readonly request: number
    readonly place: number
    readonly share: string
    readonly wanted: WantedFilter
    readonly subscriptionId: number
  },
): void {
  const { gateway, clientId, birth, kept, version, window, clientPacketBytesMax } = connection
  deliveryRecord.write(gateway.appends.value(), {
    kind: 'JoinGroup',
    session: { clientId, birth },
    address: connection.address,
    kept,
    limits: { protocolVersion: version, receiveMaximum: window, maximumPacketSize: clientPacketBytesMax },
    ...how,
  })
  const partition = partitionOfGroup(how.share, how.wanted.filter, gateway.settings.clientPartitions)
  gateway.appends.send(catalogue.deliveryInbox, partition, clientId)
}
