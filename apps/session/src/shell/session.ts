// What the module wires: the service, the topics that it reads, and how many sessions there are.
import { catalogue } from '#libs/topics'
import type { SessionsState } from '../core/sessions.state.js'

export { sessionService } from '../core/session.service.js'

export const inbox = catalogue.sessionInbox
export const gatewayLease = catalogue.gatewayLease

/** Counts the sessions of all partitions that are restored, and those that expire. */
export class SessionCounts {
  /** Sessions that ended because their client stayed away too long, since the start. */
  expired = 0
  readonly #states = new Map<number, SessionsState>()

  /** A partition has been restored, or dropped (undefined). */
  readonly restored = (partition: number, state: SessionsState | undefined): void => {
    if (state === undefined) this.#states.delete(partition)
    else this.#states.set(partition, state)
  }

  get all(): number {
    return this.#sum(({ rows }) => rows.size)
  }

  get connected(): number {
    return this.#sum(({ connected }) => {
      let count = 0
      for (const incarnations of connected.values()) {
        for (const clientIds of incarnations.values()) count += clientIds.size
      }
      return count
    })
  }

  #sum(count: (state: SessionsState) => number): number {
    let sum = 0
    for (const state of this.#states.values()) sum += count(state)
    return sum
  }
}
