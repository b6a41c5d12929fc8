// The end of connections and of sessions: what is left when a connection is over, and what follows when nothing is.
import { SECOND, type Millis } from '#libs/base'
import type { CloseCause, SessionRow } from '#libs/topics'
import { identityOf, note, tellPresence, type Turn } from './turn.js'
import { fireWill, willDueAfter, withoutWill } from './will.js'

/** The session expiry of a session that never ends. */
const neverExpires = 0xffff_ffff

/** How a connection ended. */
export interface Ending {
  readonly cause: CloseCause
  readonly reasonCode: number
  /** From DISCONNECT: replaces what CONNECT said. */
  readonly expirySeconds: number | undefined
  readonly publishWill: boolean
}

/** What is granted of a wanted session expiry. */
export const grantedExpiry = (turn: Turn, wantedSeconds: number): number =>
  Math.min(wantedSeconds, turn.settings.sessionExpirySecondsMax)

/** When a session without a connection ends; undefined for never. */
const expiryDueAfter = (expirySeconds: number, now: Millis): Millis | undefined =>
  expirySeconds === neverExpires ? undefined : now + expirySeconds * SECOND

/**
 * The connection of this row is over. Gives the row as it is without one, not yet stored, or undefined when the session ended with it.
 * A will without delay has been published on return.
 */
export function endConnection(turn: Turn, row: SessionRow, ending: Ending): SessionRow | undefined {
  note(turn, row, { event: 'disconnected', code: ending.reasonCode, detail: ending.cause })
  // 0 in CONNECT may not be raised by DISCONNECT: the gateway has called that a protocol error. [MQTT-3.14.2-2]
  const changed = row.expirySeconds === 0 ? undefined : ending.expirySeconds
  const expirySeconds = changed === undefined ? row.expirySeconds : grantedExpiry(turn, changed)
  const willDueMillis = ending.publishWill ? willDueAfter(row, turn.now) : undefined
  let left: SessionRow = willDueMillis === undefined ? withoutWill(row) : { ...row, willDueMillis }
  if (willDueMillis !== undefined && willDueMillis <= turn.now) left = fireWill(turn, left)
  if (!row.kept || expirySeconds === 0) {
    endSession(turn, left)
    return undefined
  }
  if (row.address !== undefined) {
    tellPresence(turn, row.clientId, {
      kind: 'SessionOffline',
      session: identityOf(row),
      address: row.address,
    })
  }
  return {
    ...left,
    address: undefined,
    waiting: undefined,
    expirySeconds,
    expiryDueMillis: expiryDueAfter(expirySeconds, turn.now),
  }
}

/** The session is over: its will, if it still waits, goes out now [MQTT-3.1.3-9], and everybody forgets the session. */
export function endSession(turn: Turn, row: SessionRow): void {
  if (row.willDueMillis !== undefined) fireWill(turn, row)
  turn.ended.push(identityOf(row))
  turn.outcome.fact({ kind: 'SessionEnded', clientId: row.clientId })
}

/** Does what is due for a client that is away. Gives the row as it is then, not yet stored, or undefined when its session is over. */
export function fireDue(turn: Turn, row: SessionRow, until: Millis): SessionRow | undefined {
  if (row.expiryDueMillis !== undefined && row.expiryDueMillis <= until) {
    turn.counters.expired++
    note(turn, row, { event: 'expired' })
    endSession(turn, row)
    return undefined
  }
  return row.willDueMillis !== undefined && row.willDueMillis <= until ? fireWill(turn, row) : row
}
