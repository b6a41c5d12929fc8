// What a partition of subscription knows: clients with their subscriptions, groups, retained messages. Only `apply` changes it;
// receivers per topic (topic-router.ts) follow from it and are forgotten where it changes.
import { unreachable } from '#libs/base'
import { TopicTree } from '#libs/mqtt'
import type { Placement } from '#libs/service'
import { addressKey, partitionOfClient, type GroupRow, type SubscriptionRow } from '#libs/topics'
import { Client, connect, disconnect, Filter, type Group } from './filter.js'
import { RetainedMessages } from './retained.state.js'
import { SubscriptionCounts } from './subscription-counts.js'
import type { SubscriptionFact } from './subscription-facts.js'
import { Targets } from './targets.js'
import { TopicRouter } from './topic-router.js'

export class SubscriptionsState {
  readonly clients = new Map<string, Client>()
  readonly exact = new Map<string, Filter>()
  readonly wildcards = new TopicTree<Filter>()
  readonly retained = new RetainedMessages()
  readonly targets = new Targets()
  readonly router = new TopicRouter(this.exact, this.wildcards)
  readonly counts = new SubscriptionCounts()
  /** By `addressKey`: connections whose requests do not count any more. */
  readonly displaced = new Set<string>()
  /** The next offset of tbmq.msg.all that is to be routed, as far as this life knows. */
  routedTo = 0
  /** When the sweep for expired retained messages goes on; undefined while nothing can expire. */
  sweepAtMillis: number | undefined
  #filters = 0

  constructor(readonly placement: Placement) {}

  filterOf(text: string): Filter | undefined {
    return isWildcard(text) ? this.wildcards.get(text) : this.exact.get(text)
  }

  groupOf(share: string, filter: string): Group | undefined {
    return this.filterOf(filter)?.groups.find((group) => group.row.share === share)
  }

  /** The filter, made if nobody has it. */
  filterFor(text: string): Filter {
    const known = this.filterOf(text)
    if (known !== undefined) return known
    const filter = new Filter(text, isWildcard(text), ++this.#filters)
    if (filter.isWildcard) this.wildcards.set(text, filter)
    else this.exact.set(text, filter)
    return filter
  }

  /** To be called after each change of a filter. */
  changed(filter: Filter): void {
    filter.version++
    this.router.forget(filter)
    if (!filter.isEmpty) return
    if (filter.isWildcard) this.wildcards.delete(filter.text)
    else this.exact.delete(filter.text)
  }
}

export const emptySubscriptions = (placement: Placement): SubscriptionsState =>
  new SubscriptionsState(placement)

const isWildcard = (filter: string): boolean => filter.includes('+') || filter.includes('#')

/** Puts one fact into the state; the only writer. */
export function applySubscriptionFact(state: SubscriptionsState, fact: SubscriptionFact): void {
  switch (fact.kind) {
    case 'SubscriptionStored':
      return store(state, fact.row)
    case 'SubscriptionRemoved':
      return remove(state, fact.clientId, fact.filter)
    case 'GroupStored':
      return storeGroup(state, fact.row)
    case 'GroupRemoved':
      return removeGroup(state, fact.share, fact.filter)
    case 'ConnectionDisplaced':
      state.displaced.add(addressKey(fact.address))
      return
    case 'DisplacedForgotten':
      state.displaced.delete(addressKey(fact.address))
      return
    case 'RetainedStored':
      state.retained.set(fact.row)
      return
    case 'RetainedCleared':
      state.retained.delete(fact.topic)
      return
    default:
      return unreachable(fact)
  }
}

function store(state: SubscriptionsState, row: SubscriptionRow): void {
  const client = clientFor(state, row)
  const filter = state.filterFor(row.filter)
  let subscription = client.subscriptionTo(filter)
  if (subscription === undefined) subscription = connect(client, filter)
  else state.counts.count(filter, subscription.qos, -1)
  state.counts.count(filter, row.qos, 1)
  subscription.qos = row.qos
  subscription.noLocal = row.noLocal
  subscription.retainAsPublished = row.retainAsPublished
  subscription.subscriptionId = row.subscriptionId
  subscription.fromOffset = row.fromOffset
  state.changed(filter)
}

/** The client of this birth. Rows of an older birth have been removed by facts of their own before. */
function clientFor(state: SubscriptionsState, row: SubscriptionRow): Client {
  const known = state.clients.get(row.clientId)
  if (known?.birth === row.birth) return known
  const { address } = row
  const isTransient = address !== undefined
  const target = isTransient
    ? state.targets.ofGateway(address)
    : state.targets.ofDelivery(partitionOfClient(row.clientId, state.placement.clientPartitions))
  const receiverId = isTransient ? address.connection : row.birth
  const client = new Client(row.clientId, row.birth, row.kept, target, receiverId)
  target.clients++
  state.clients.set(row.clientId, client)
  return client
}

function remove(state: SubscriptionsState, clientId: string, text: string): void {
  const client = state.clients.get(clientId)
  const filter = state.filterOf(text)
  const subscription = client?.subscriptionTo(filter)
  if (client === undefined || filter === undefined || subscription === undefined) return
  disconnect(subscription)
  state.counts.count(filter, subscription.qos, -1)
  state.changed(filter)
  if (client.subscriptions.length > 0) return
  state.clients.delete(clientId)
  state.targets.release(client.target)
}

function storeGroup(state: SubscriptionsState, row: GroupRow): void {
  const filter = state.filterFor(row.filter)
  const group = { row, target: state.targets.ofDelivery(row.owner) }
  const others = filter.groups.filter((known) => known.row.share !== row.share)
  if (others.length === filter.groups.length) state.counts.countGroup(filter, 1)
  filter.groups = [...others, group]
  state.changed(filter)
}

function removeGroup(state: SubscriptionsState, share: string, text: string): void {
  const filter = state.filterOf(text)
  if (filter === undefined) return
  const others = filter.groups.filter((group) => group.row.share !== share)
  if (others.length < filter.groups.length) state.counts.countGroup(filter, -1)
  filter.groups = others
  state.changed(filter)
}
