// The end of a gateway: whoever was connected there is connected no more.
import type { LeaseRecord } from '#libs/topics'
import { hasEnded } from './sessions.state.js'
import { gatewayGone } from './takeover.js'
import { tellDisplacedIsOver, type Turn } from './turn.js'

/**
 * A record about gateways. The rows of an ended one's clients change in `sweepEndedGateways`, a moment later, when the inbox has been
 * read up to here: what that gateway still said about its connections (a DISCONNECT without a will) counts before its end does.
 */
export function gatewayEnded(turn: Turn, record: LeaseRecord): void {
  if (record.kind !== 'Ended') return
  const { gateway, incarnation } = record
  if ((turn.state.endedGateways.get(gateway)?.incarnation ?? -1) >= incarnation) return
  turn.outcome.fact({ kind: 'GatewayEnded', gateway, end: { incarnation, sweepMillis: turn.now + 1 } })
}

/** Ends the connections of gateways that are no more, of at most `rowsMax` clients; the others follow in the next tick. */
export function sweepEndedGateways(turn: Turn, rowsMax: number): void {
  const { state, now } = turn
  let left = rowsMax
  for (const [gateway, incarnations] of state.connected) {
    if ((state.endedGateways.get(gateway)?.sweepMillis ?? Infinity) > now) continue
    for (const [incarnation, clientIds] of incarnations) {
      if (!hasEnded(state, { gateway, incarnation, connection: 0 })) continue
      for (const clientId of clientIds) {
        if (left-- <= 0) return
        const row = state.rows.get(clientId)
        if (row !== undefined) gatewayGone(turn, row)
      }
    }
  }
}

/** What a gateway that is no more had still sent for sessions that were taken from it goes with them: nothing of it comes any more. */
export function sweepDisplaced(turn: Turn): void {
  const { state, now } = turn
  for (const { address, session } of state.displaced.values()) {
    if (!hasEnded(state, address) || (state.endedGateways.get(address.gateway)?.sweepMillis ?? 0) > now)
      continue
    if (state.rows.get(session.clientId)?.birth !== session.birth) turn.ended.push(session)
    tellDisplacedIsOver(turn, session.clientId, address)
  }
}
