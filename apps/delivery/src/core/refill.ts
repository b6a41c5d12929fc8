// Pages that came from the store: their messages are in memory again, and what waited for them goes out.
import type { Millis } from '#libs/base'
import type { Outcome } from '#libs/service'
import type { DeliveryFact } from './facts.js'
import { fillIn } from './projection.js'
import type { Queue } from './queue.js'
import { writeOut } from './redeliver.js'
import type { DeliverySettings } from './settings.js'
import type { DeliveryState } from './state.js'
import { newTurn } from './turn.js'

export interface Refill {
  readonly queue: Queue
  readonly pages: readonly Uint8Array[]
}

/** Decides nothing new: what is sent was admitted before. */
export function refill(
  state: DeliveryState,
  settings: DeliverySettings,
  refills: readonly Refill[],
  now: Millis,
  outcome: Outcome<DeliveryFact>,
): void {
  const turn = newTurn(state, settings, now, outcome)
  for (const { queue, pages } of refills) {
    queue.loading = false
    if (queue.ended) continue
    for (const page of pages) fillIn(queue, page)
    if (queue.online !== undefined) writeOut(turn, queue)
  }
  turn.outbox?.flush()
}
