// What a decision of session works with, and the records that it sends to the others.
import { ByteWriter, type Millis } from '#libs/base'
import type { Outcome } from '#libs/service'
import {
  addressKey,
  catalogue,
  deliveryRecord,
  gatewayInbox,
  gatewayRecord,
  historyRecord,
  subscriptionRecord,
  type Address,
  type DeliveryRecord,
  type GatewayRecord,
  type HistoryEvent,
  type Opening,
  type SessionIdentity,
  type SessionRow,
  type SubscriptionRecord,
} from '#libs/topics'
import { hasEnded, type SessionFact, type SessionsState } from './sessions.state.js'

export interface SessionSettings {
  /** The longest session expiry that is granted, in seconds; 0xFFFFFFFF grants sessions that never end. */
  readonly sessionExpirySecondsMax: number
  /** How long a taken-over connection may take to close before the new one is let in all the same. */
  readonly takeoverMillisMax: Millis
  /** An OpenSession whose CONNECT arrived longer ago is dropped: its connection has long given up. */
  readonly openAgeMillisMax: Millis
  /** How long a connection that ended before its OpenSession arrived is remembered. */
  readonly rememberMillis: Millis
  /** True on a log of several processes. There auth may answer a CONNECT twice, so that connections that are over are remembered. */
  readonly distributed: boolean
}

/** Plain numbers that only rise, for whoever exports them. */
export interface SessionCounters {
  /** Sessions that ended because their client stayed away too long. */
  expired: number
}

/** One call of `decide` or `tick`. */
export interface Turn {
  readonly state: SessionsState
  readonly settings: SessionSettings
  readonly outcome: Outcome<SessionFact>
  readonly counters: SessionCounters
  readonly now: Millis
  /** Sessions that ended in this turn; told to the others packed, at its end. */
  readonly ended: SessionIdentity[]
}

export const identityOf = (row: SessionRow): SessionIdentity => ({ clientId: row.clientId, birth: row.birth })

/** Stores the client's row whole, in place of the one before. */
export function storeRow(turn: Turn, row: SessionRow): void {
  turn.outcome.fact({ kind: 'SessionStored', row })
}

/** An OpenSession of this connection may still come, or come once more: it would make a session for nobody. */
export function remember(turn: Turn, address: Address): void {
  const { state, outcome, now, settings } = turn
  if (hasEnded(state, address) || state.remembered.has(addressKey(address))) return
  outcome.fact({ kind: 'ConnectionRemembered', address, untilMillis: now + settings.rememberMillis })
}

/**
 * The session is there: the gateway may send CONNACK. Who has a kept session, or had one (`wasKept`), hears it through its delivery owner:
 * behind the will of the session, which goes the same way, so that nothing that the client publishes from now on overtakes it.
 */
export function accept(
  turn: Turn,
  row: SessionRow,
  opening: Opening,
  how: { readonly sessionPresent: boolean; readonly wasKept: boolean },
): void {
  const { incarnation, connection, gateway } = opening.address
  const record: GatewayRecord = {
    kind: 'SessionAccepted',
    incarnation,
    connection,
    birth: row.birth,
    sessionPresent: how.sessionPresent,
    kept: row.kept,
    expirySeconds: row.expirySeconds,
    permissions: opening.permissions,
    principal: opening.principal,
  }
  if (!row.kept && !how.wasKept) return toGateway(turn, opening.address, record)
  const writer = new ByteWriter(256)
  gatewayRecord.write(writer, record)
  toDelivery(turn, row.clientId, { kind: 'PassOn', gateway, record: writer.view() })
}

/** CONNACK with this reason code (5.0 numbers), then the end. */
export function refuse(turn: Turn, address: Address, reason: { code: number; sentence: string }): void {
  const { incarnation, connection } = address
  const { code, sentence } = reason
  toGateway(turn, address, { kind: 'ConnectionRefused', incarnation, connection, reasonCode: code, sentence })
}

/** DISCONNECT with this reason code (5.0 numbers), then the end. */
export function close(turn: Turn, address: Address, reason: { code: number; sentence: string }): void {
  const { incarnation, connection } = address
  const { code, sentence } = reason
  toGateway(turn, address, { kind: 'CloseConnection', incarnation, connection, reasonCode: code, sentence })
}

/** To the delivery owner of this client: it holds the partition of the same number. */
export function toDelivery(turn: Turn, clientId: string, record: DeliveryRecord): void {
  const { outcome, state } = turn
  deliveryRecord.write(outcome.value(), record)
  outcome.send(catalogue.deliveryInbox, state.placement.partition, clientId)
}

/** The client of a kept session comes or goes: its queue has to know, and the groups that it is a member of, which may be anywhere. */
export function tellPresence(turn: Turn, clientId: string, record: DeliveryRecord): void {
  for (let partition = 0; partition < turn.state.placement.clientPartitions; partition++) {
    deliveryRecord.write(turn.outcome.value(), record)
    turn.outcome.send(catalogue.deliveryInbox, partition, clientId)
  }
}

/**
 * The session is taken from this connection without waiting for its gateway. What that still sent for the session has to be swept if it is
 * over with that, and must not count if it lives on: those concerned know before the next CONNACK, which goes the same way.
 */
export function tellDisplaced(turn: Turn, row: SessionRow, address: Address): void {
  turn.outcome.fact({ kind: 'SessionDisplaced', address, session: identityOf(row) })
  if (row.kept) toDelivery(turn, row.clientId, { kind: 'TellDisplaced', addresses: [address], isOver: false })
}

/** Nothing of that connection comes any more. */
export function tellDisplacedIsOver(turn: Turn, clientId: string, address: Address): void {
  turn.outcome.fact({ kind: 'DisplacedSwept', address })
  toDelivery(turn, clientId, { kind: 'TellDisplaced', addresses: [address], isOver: true })
}

function toGateway(turn: Turn, address: Address, record: GatewayRecord): void {
  const { outcome } = turn
  gatewayRecord.write(outcome.value(), record)
  outcome.send(gatewayInbox(address.gateway), 0, null)
}

/** One line in the client's history. */
export function note(
  turn: Turn,
  row: { readonly clientId: string; readonly birth: number },
  line: { readonly event: HistoryEvent; readonly code?: number; readonly detail?: string },
): void {
  const { outcome, state } = turn
  const { event, code = 0, detail = '' } = line
  historyRecord.write(outcome.value(), { event, code, detail, birth: row.birth })
  outcome.send(catalogue.history, state.placement.partition, row.clientId)
}

/** As many ended sessions as go into one record. */
const endedPerRecordMax = 1_000

/** Tells every matcher and every delivery owner which sessions ended in this turn. */
export function tellEnded(turn: Turn): void {
  for (let from = 0; from < turn.ended.length; from += endedPerRecordMax) {
    const sessions = turn.ended.slice(from, from + endedPerRecordMax)
    const { clientPartitions, topicPartitions } = turn.state.placement
    const record: SubscriptionRecord & DeliveryRecord = { kind: 'EndSessions', sessions }
    for (let partition = 0; partition < topicPartitions; partition++) {
      subscriptionRecord.write(turn.outcome.value(), record)
      turn.outcome.send(catalogue.subscriptionInbox, partition, null)
    }
    for (let partition = 0; partition < clientPartitions; partition++) {
      deliveryRecord.write(turn.outcome.value(), record)
      turn.outcome.send(catalogue.deliveryInbox, partition, null)
    }
  }
}
