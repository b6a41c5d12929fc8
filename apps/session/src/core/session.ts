// Giving a connection its session: a new one, the one that waited for it, or a clean one in place of the old.
import type { Opening, SessionRow } from '#libs/topics'
import { endSession, grantedExpiry } from './expiry.js'
import { accept, identityOf, note, storeRow, tellPresence, type Turn } from './turn.js'

/** An opening with the birth of the session that it may begin. */
export interface Newcomer {
  readonly opening: Opening
  readonly birth: number
}

/**
 * Connects the newcomer to the session that is left (it has no connection any more), or to a new one.
 * [MQTT-3.1.2-4] [MQTT-3.1.2-5] [MQTT-3.1.2-6]
 */
export function beginOrResume(turn: Turn, left: SessionRow | undefined, newcomer: Newcomer): void {
  const { wanted, address, principal } = newcomer.opening
  // Who comes with another identity gets the client id, but not what was kept for somebody else.
  const resumed = !wanted.cleanStart && left?.principal === principal ? left : undefined
  if (left !== undefined && resumed === undefined) endSession(turn, left)
  const expirySeconds = grantedExpiry(turn, wanted.expirySeconds)
  const row: SessionRow = {
    clientId: wanted.clientId,
    birth: resumed?.birth ?? newcomer.birth,
    kept: resumed?.kept ?? expirySeconds > 0,
    expirySeconds,
    principal,
    address,
    connectedMillis: turn.now,
    connectOffset: newcomer.opening.connectOffset,
    will: wanted.will,
    willDueMillis: undefined,
    expiryDueMillis: undefined,
    waiting: undefined,
  }
  storeRow(turn, row)
  if (row.kept) {
    tellPresence(turn, row.clientId, {
      kind: 'SessionOnline',
      session: identityOf(row),
      address,
      limits: wanted.limits,
    })
  }
  accept(turn, row, newcomer.opening, { sessionPresent: resumed !== undefined, wasKept: left?.kept ?? false })
  note(turn, row, { event: 'connected', detail: resumed === undefined ? 'new session' : 'session resumed' })
}
