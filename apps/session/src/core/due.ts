// What time brings: take-overs that have waited long enough, wills, ends of sessions, and what need not be remembered any more.
import type { Millis } from '#libs/base'
import { fireDue } from './expiry.js'
import { dueOf, type SessionsState } from './sessions.state.js'
import { forceTakeOver } from './takeover.js'
import { storeRow, type Turn } from './turn.js'

/** Does what is due, for at most `rowsMax` clients; gives how many more there might be. */
export function fireDeadlines(turn: Turn, rowsMax: number): number {
  const { state, now } = turn
  const { deadlines, rows } = state
  let left = rowsMax
  for (let first = deadlines.first; first !== undefined && left > 0; first = deadlines.first) {
    const row = rows.get(first.clientId)
    const isCurrent = row !== undefined && dueOf(row) === first.dueMillis
    if (isCurrent && first.dueMillis > now) break
    deadlines.removeFirst()
    if (!isCurrent) continue
    left--
    if (row.waiting !== undefined && row.waiting.untilMillis <= now) {
      forceTakeOver(turn, row)
      continue
    }
    const after = fireDue(turn, row, now)
    if (after !== undefined) storeRow(turn, after)
  }
  return left
}

/** Forgets connections whose OpenSession would be too old by now. */
export function forgetConnections(turn: Turn): void {
  for (const { address, untilMillis } of turn.state.remembered.values()) {
    if (untilMillis > turn.now) return
    turn.outcome.fact({ kind: 'ConnectionForgotten', address })
  }
}

/** When to look again; undefined for never. */
export function nextWake(state: SessionsState): Millis | undefined {
  let wake = state.deadlines.first?.dueMillis
  for (const { untilMillis } of state.remembered.values()) {
    wake = Math.min(wake ?? untilMillis, untilMillis)
    break
  }
  for (const [gateway, incarnations] of state.connected) {
    const end = state.endedGateways.get(gateway)
    if (end === undefined || (wake !== undefined && wake <= end.sweepMillis)) continue
    for (const incarnation of incarnations.keys()) {
      if (incarnation <= end.incarnation) wake = end.sweepMillis
    }
  }
  for (const { address } of state.displaced.values()) {
    const end = state.endedGateways.get(address.gateway)
    if (end !== undefined && address.incarnation <= end.incarnation)
      wake = Math.min(wake ?? end.sweepMillis, end.sweepMillis)
  }
  return wake
}
