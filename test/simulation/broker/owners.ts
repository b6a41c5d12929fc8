// The states of all partitions at a moment, whoever owns them.
import type { Partition } from '#libs/runtime'
import type { DeliveryState } from '../../../apps/delivery/src/core/state.js'
import type { SessionsState } from '../../../apps/session/src/core/sessions.state.js'
import type { SubscriptionsState } from '../../../apps/subscription/src/core/subscriptions.state.js'

export interface Owners {
  readonly sessions: readonly SessionsState[]
  readonly subscriptions: readonly SubscriptionsState[]
  readonly deliveries: readonly DeliveryState[]
}

/** The states that are restored. */
export const statesOf = <State, Fact>(partitions: readonly Partition<State, Fact>[]): State[] =>
  partitions.flatMap(({ state }) => (state === undefined ? [] : [state]))
