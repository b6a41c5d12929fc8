// OpenSession: what auth passes on when it has let a client in. Here only the way is chosen.
import { addressKey, type Opening, type SessionRow } from '#libs/topics'
import { fireDue } from './expiry.js'
import { beginOrResume } from './session.js'
import { hasEnded, sameAddress } from './sessions.state.js'
import { takeOver } from './takeover.js'
import type { Turn } from './turn.js'

/** OpenSession. `birth`: what the session is told apart by if a new one begins. */
export function openSession(turn: Turn, opening: Opening, birth: number): void {
  const row = turn.state.rows.get(opening.wanted.clientId)
  if (isSettled(turn, row, opening)) return
  if (row?.address !== undefined) return takeOver(turn, row, { opening, birth })
  const left = row === undefined ? undefined : fireDue(turn, row, opening.arrivedMillis)
  beginOrResume(turn, left, { opening, birth })
}

/** True when this OpenSession needs no answer: said twice, too old, or of a connection that is no more. */
function isSettled(turn: Turn, row: SessionRow | undefined, opening: Opening): boolean {
  const { address } = opening
  if (sameAddress(row?.address, address) || sameAddress(row?.waiting?.opening.address, address)) return true
  if (turn.now - opening.arrivedMillis > turn.settings.openAgeMillisMax) return true
  if (hasEnded(turn.state, address)) return true
  if (!turn.state.remembered.has(addressKey(address))) return false
  // It may come once more where auth repeats itself; elsewhere it has done its work.
  if (!turn.settings.distributed) turn.outcome.fact({ kind: 'ConnectionForgotten', address })
  return true
}
