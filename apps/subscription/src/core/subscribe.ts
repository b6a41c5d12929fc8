// What the inbox asks for: subscriptions and groups come and go, ended sessions are swept, retained messages are sent on.
// Answers follow the facts they promise in the same commit.
import { unreachable, type Millis } from '#libs/base'
import type { Outcome } from '#libs/service'
import { REASON } from '#libs/mqtt'
import {
  addressKey,
  catalogue,
  deliveryRecord,
  gatewayInbox,
  gatewayRecord,
  subscriptionsListed,
  type Address,
  type GroupRow,
  type SubscriptionRecord,
  type SubscriptionRow,
} from '#libs/topics'
import type { Client, Subscription } from './filter.js'
import type { Retain } from './retained.js'
import type { SubscriptionFact } from './subscription-facts.js'
import type { SubscriptionsState } from './subscriptions.state.js'

type Of<K extends SubscriptionRecord['kind']> = Extract<SubscriptionRecord, { readonly kind: K }>
type Code = { readonly place: number; readonly code: number }

/** One call of `decide`. */
export interface Turn {
  readonly state: SubscriptionsState
  readonly retain: Retain
  readonly now: Millis
  readonly outcome: Outcome<SubscriptionFact>
}

/** Does what one record of the inbox asks for. */
export function onRecord(turn: Turn, record: SubscriptionRecord): void {
  switch (record.kind) {
    case 'Subscribe':
      return subscribe(turn, record)
    case 'Unsubscribe':
      return unsubscribe(turn, record)
    case 'EndSessions':
      return endSessions(turn, record)
    case 'NextRetained':
      return nextRetained(turn, record)
    case 'AddGroup':
      return addGroup(turn, record)
    case 'RemoveGroup':
      return removeGroup(turn, record)
    case 'ListSubscriptions':
      return listSubscriptions(turn, record)
    case 'ConnectionsDisplaced':
      return displace(turn, record)
    default:
      return unreachable(record)
  }
}

function subscribe(turn: Turn, record: Of<'Subscribe'>): void {
  const { state } = turn
  const { clientId, birth } = record.session
  const known = state.clients.get(clientId)
  // A connection of a session that is over, or has another connection: nobody waits for an answer.
  if (isDisplaced(state, record.address)) return
  if (known !== undefined && known.birth > birth) return
  if (known !== undefined && known.birth < birth) sweep(turn, known)
  const codes: Code[] = []
  const withRetained: Of<'Subscribe'>['filters'][number]['wanted'][] = []
  for (const { place, wanted } of record.filters) {
    const existing = subscriptionOf(state, clientId, wanted.filter)
    const row = rowOf(state, record, wanted, existing)
    if (existing === undefined || differs(existing, row))
      turn.outcome.fact({ kind: 'SubscriptionStored', row })
    codes.push({ place, code: wanted.qos })
    // 0: always, 1: only to a new subscription [MQTT-3.3.1-10], 2: never [MQTT-3.3.1-11].
    if (wanted.retainHandling === 0 || (wanted.retainHandling === 1 && existing === undefined)) {
      withRetained.push(wanted)
    }
  }
  answer(turn, record.address, record.request, codes)
  const client = state.clients.get(clientId)
  if (client === undefined) return
  const { address, subscriptionId } = record
  for (const { filter, qos } of withRetained) {
    const query = { client, address, filter, qos, subscriptionId, after: undefined }
    turn.retain.sendPage(state, query, turn.now, turn.outcome)
  }
}

/** A repeated SUBSCRIBE changes the options; what it applies to begins where it did. [MQTT-3.8.4-3] */
function rowOf(
  state: SubscriptionsState,
  record: Of<'Subscribe'>,
  wanted: Of<'Subscribe'>['filters'][number]['wanted'],
  existing: Subscription | undefined,
): SubscriptionRow {
  const { session, kept, address, subscriptionId } = record
  const { filter, qos, noLocal, retainAsPublished } = wanted
  return {
    clientId: session.clientId,
    birth: session.birth,
    filter,
    qos,
    noLocal,
    retainAsPublished,
    subscriptionId,
    kept,
    address: kept ? undefined : address,
    fromOffset: existing?.fromOffset ?? state.routedTo,
  }
}

function differs(existing: Subscription, row: SubscriptionRow): boolean {
  return (
    existing.qos !== row.qos ||
    existing.noLocal !== row.noLocal ||
    existing.retainAsPublished !== row.retainAsPublished ||
    existing.subscriptionId !== row.subscriptionId
  )
}

function unsubscribe(turn: Turn, record: Of<'Unsubscribe'>): void {
  const { clientId, birth } = record.session
  const known = turn.state.clients.get(clientId)
  if (isDisplaced(turn.state, record.address)) return
  if (known !== undefined && known.birth > birth) return
  if (known !== undefined && known.birth < birth) sweep(turn, known)
  const codes = record.filters.map(({ place, filter }): Code => {
    if (subscriptionOf(turn.state, clientId, filter) === undefined)
      return { place, code: REASON.noSubscriptionExisted }
    turn.outcome.fact({ kind: 'SubscriptionRemoved', clientId, filter })
    return { place, code: REASON.success }
  })
  answer(turn, record.address, record.request, codes)
}

function endSessions(turn: Turn, record: Of<'EndSessions'>): void {
  for (const { clientId, birth } of record.sessions) {
    const client = turn.state.clients.get(clientId)
    if (client !== undefined && client.birth <= birth) sweep(turn, client)
  }
}

function nextRetained(turn: Turn, record: Of<'NextRetained'>): void {
  const { state } = turn
  const client = state.clients.get(record.session.clientId)
  if (client?.birth !== record.session.birth) return
  // Unsubscribed meanwhile: the rest is not wanted any more.
  if (client.subscriptionTo(state.filterOf(record.filter)) === undefined) return
  const { address, filter, qos, subscriptionId, after } = record
  turn.retain.sendPage(state, { client, address, filter, qos, subscriptionId, after }, turn.now, turn.outcome)
}

function addGroup(turn: Turn, record: Of<'AddGroup'>): void {
  const { state, outcome } = turn
  const { share, filter, birth, owner } = record
  const known: GroupRow | undefined = state.groupOf(share, filter)?.row
  if (known !== undefined && known.birth > birth) return
  if (known?.birth !== birth) {
    outcome.fact({ kind: 'GroupStored', row: { share, filter, birth, owner, fromOffset: state.routedTo } })
  }
  const { partition } = state.placement
  deliveryRecord.write(outcome.value(), { kind: 'GroupStored', share, filter, birth, partition })
  outcome.send(catalogue.deliveryInbox, record.replyTo, null)
}

function removeGroup(turn: Turn, { share, filter, birth }: Of<'RemoveGroup'>): void {
  const known = turn.state.groupOf(share, filter)?.row
  if (known !== undefined && known.birth <= birth) turn.outcome.fact({ kind: 'GroupRemoved', share, filter })
}

function listSubscriptions({ state, outcome }: Turn, { session, address }: Of<'ListSubscriptions'>): void {
  const client = state.clients.get(session.clientId)
  const subscriptions = client?.birth === session.birth ? client.subscriptions : []
  const filters = subscriptions.map(({ filter }) => filter.text)
  for (const record of subscriptionsListed(address, filters)) {
    gatewayRecord.write(outcome.value(), record)
    outcome.send(gatewayInbox(address.gateway), 0, null)
  }
}

function displace({ state, outcome }: Turn, { addresses, isOver }: Of<'ConnectionsDisplaced'>): void {
  for (const address of addresses) {
    if (state.displaced.has(addressKey(address)) !== isOver) continue
    outcome.fact({ kind: isOver ? 'DisplacedForgotten' : 'ConnectionDisplaced', address })
  }
}

const isDisplaced = ({ displaced }: SubscriptionsState, address: Address): boolean =>
  displaced.size > 0 && displaced.has(addressKey(address))

/** Removes everything of a session that is over. */
function sweep(turn: Turn, client: Client): void {
  const { clientId } = client
  for (const { filter } of [...client.subscriptions]) {
    turn.outcome.fact({ kind: 'SubscriptionRemoved', clientId, filter: filter.text })
  }
}

function subscriptionOf(
  state: SubscriptionsState,
  clientId: string,
  filter: string,
): Subscription | undefined {
  return state.clients.get(clientId)?.subscriptionTo(state.filterOf(filter))
}

function answer(turn: Turn, address: Address, request: number, codes: readonly Code[]): void {
  const { gateway, incarnation, connection } = address
  gatewayRecord.write(turn.outcome.value(), { kind: 'Subscribed', incarnation, connection, request, codes })
  turn.outcome.send(gatewayInbox(gateway), 0, null)
}
