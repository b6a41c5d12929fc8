// All that the session service remembers of one partition: a row per client, the connections that ended before their session was
// asked for, the sessions that were taken from a connection before its gateway knew, and which gateways are no more. Changed by
// `apply` alone; everything else here follows from those.
import type { Millis } from '#libs/base'
import type { Placement } from '#libs/service'
import { addressKey, type Address, type SessionIdentity, type SessionRow } from '#libs/topics'
import { Deadlines } from './deadlines.js'

/** What session decides. The row of a client is always stored whole. */
export type SessionFact =
  | { readonly kind: 'SessionStored'; readonly row: SessionRow }
  | { readonly kind: 'SessionEnded'; readonly clientId: string }
  /** This connection ended before its OpenSession was read: drop that when it comes, until then. */
  | { readonly kind: 'ConnectionRemembered'; readonly address: Address; readonly untilMillis: Millis }
  | { readonly kind: 'ConnectionForgotten'; readonly address: Address }
  /** This connection's session was taken from it without waiting for its gateway, which may still send something for it. */
  | { readonly kind: 'SessionDisplaced'; readonly address: Address; readonly session: SessionIdentity }
  | { readonly kind: 'DisplacedSwept'; readonly address: Address }
  /** That incarnation of a gateway, and every older one, is no more. */
  | { readonly kind: 'GatewayEnded'; readonly gateway: string; readonly end: GatewayEnd }

export interface GatewayEnd {
  readonly incarnation: number
  /** From when on its connections are taken for over: not before what it still said about them has been read. */
  readonly sweepMillis: Millis
}

export interface RememberedConnection {
  readonly address: Address
  readonly untilMillis: Millis
}

/** A session that was taken from a connection that may have lived. */
export interface DisplacedSession {
  readonly address: Address
  readonly session: SessionIdentity
}

export interface SessionsState {
  readonly placement: Placement
  readonly rows: Map<string, SessionRow>
  /** By `addressKey`, the oldest first. */
  readonly remembered: Map<string, RememberedConnection>
  /** By `addressKey`, until their gateways have told the end of those connections, or are no more. */
  readonly displaced: Map<string, DisplacedSession>
  /** By gateway, its highest incarnation that is no more. */
  readonly endedGateways: Map<string, GatewayEnd>
  /** Index: the clients with a living connection, by gateway and incarnation. */
  readonly connected: Map<string, Map<number, Set<string>>>
  /** Index: when a row asks for something to be done. */
  readonly deadlines: Deadlines
}

export function emptySessions(placement: Placement): SessionsState {
  return {
    placement,
    rows: new Map(),
    remembered: new Map(),
    displaced: new Map(),
    endedGateways: new Map(),
    connected: new Map(),
    deadlines: new Deadlines(),
  }
}

export const sameAddress = (a: Address | undefined, b: Address): boolean =>
  a?.connection === b.connection && a.incarnation === b.incarnation && a.gateway === b.gateway

/** True when the gateway of this connection is known to be no more. */
export function hasEnded(state: SessionsState, address: Address): boolean {
  const ended = state.endedGateways.get(address.gateway)
  return ended !== undefined && address.incarnation <= ended.incarnation
}

/** The next moment at which a row asks for something: its take-over, its will or its end; undefined for never. */
export function dueOf(row: SessionRow): Millis | undefined {
  let due = row.waiting?.untilMillis
  if (row.willDueMillis !== undefined && (due === undefined || row.willDueMillis < due))
    due = row.willDueMillis
  if (row.expiryDueMillis !== undefined && (due === undefined || row.expiryDueMillis < due)) {
    due = row.expiryDueMillis
  }
  return due
}

/** Puts one fact into the state; the only writer. */
export function applySessionFact(state: SessionsState, fact: SessionFact): void {
  switch (fact.kind) {
    case 'SessionStored':
      return storeRow(state, fact.row)
    case 'SessionEnded':
      return removeRow(state, fact.clientId)
    case 'ConnectionRemembered': {
      const { address, untilMillis } = fact
      state.remembered.set(addressKey(address), { address, untilMillis })
      return
    }
    case 'ConnectionForgotten':
      state.remembered.delete(addressKey(fact.address))
      return
    case 'SessionDisplaced': {
      const { address, session } = fact
      state.displaced.set(addressKey(address), { address, session })
      return
    }
    case 'DisplacedSwept':
      state.displaced.delete(addressKey(fact.address))
      return
    case 'GatewayEnded':
      state.endedGateways.set(fact.gateway, fact.end)
  }
}

function storeRow(state: SessionsState, row: SessionRow): void {
  const before = state.rows.get(row.clientId)
  if (before?.address !== undefined) setDisconnected(state, before.address, row.clientId)
  state.rows.set(row.clientId, row)
  if (row.address !== undefined) setConnected(state, row.address, row.clientId)
  const due = dueOf(row)
  if (due !== undefined && (before === undefined || dueOf(before) !== due))
    addDeadline(state, due, row.clientId)
}

function removeRow(state: SessionsState, clientId: string): void {
  const before = state.rows.get(clientId)
  if (before?.address !== undefined) setDisconnected(state, before.address, clientId)
  state.rows.delete(clientId)
}

function addDeadline(state: SessionsState, due: Millis, clientId: string): void {
  const { deadlines, rows } = state
  deadlines.add(due, clientId)
  // A client that comes and goes all day leaves a deadline of days behind each time: begin again with those that count.
  if (deadlines.size <= 2 * rows.size + 1_000) return
  deadlines.clear()
  for (const row of rows.values()) {
    const rowDue = dueOf(row)
    if (rowDue !== undefined) deadlines.add(rowDue, row.clientId)
  }
}

function setConnected(state: SessionsState, address: Address, clientId: string): void {
  let incarnations = state.connected.get(address.gateway)
  if (incarnations === undefined) state.connected.set(address.gateway, (incarnations = new Map()))
  const clients = incarnations.get(address.incarnation)
  if (clients === undefined) incarnations.set(address.incarnation, new Set([clientId]))
  else clients.add(clientId)
}

function setDisconnected(state: SessionsState, address: Address, clientId: string): void {
  const incarnations = state.connected.get(address.gateway)
  const clients = incarnations?.get(address.incarnation)
  if (incarnations === undefined || clients === undefined) return
  clients.delete(clientId)
  if (clients.size === 0) incarnations.delete(address.incarnation)
  if (incarnations.size === 0) state.connected.delete(address.gateway)
}
