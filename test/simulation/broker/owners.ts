// The states of all partitions at a moment, and what a broker is to a run, whatever processes it is made of.
import type { DeliveryState } from '../../../apps/delivery/src/core/state.js'
import type { SessionsState } from '../../../apps/session/src/core/sessions.state.js'
import type { SubscriptionsState } from '../../../apps/subscription/src/core/subscriptions.state.js'
import type { BrokerProcess, Duty, ServiceRole } from './process.js'

export interface Owners {
  readonly sessions: readonly SessionsState[]
  readonly subscriptions: readonly SubscriptionsState[]
  readonly deliveries: readonly DeliveryState[]
}

/** The broker of a run. */
export interface Broker {
  /** What happened to it. */
  readonly counts: Readonly<Record<string, number>>
  /** A process that takes connections, any of them. */
  readonly running: BrokerProcess | undefined
  /** All that it should do is done. */
  readonly whole: boolean
  readonly owners: Owners
  start(): void
  /** Something goes wrong. */
  fault(): void
  compact(): void
  /** Nothing is wrong any more. */
  heal(): void
}

const roles: readonly ServiceRole[] = ['auth', 'session', 'subscription', 'delivery']

export const allDuties = (partitions: number): Duty[] =>
  roles.flatMap((role) => Array.from({ length: partitions }, (_, partition) => ({ role, partition })))

/** The states of those who have the duties. */
export function ownersOf(duties: Iterable<readonly [Duty, BrokerProcess | undefined]>): Owners {
  const sessions: SessionsState[] = []
  const subscriptions: SubscriptionsState[] = []
  const deliveries: DeliveryState[] = []
  for (const [{ role, partition }, process] of duties) {
    if (role === 'session') put(sessions, process?.sessions.get(partition)?.state)
    if (role === 'subscription') put(subscriptions, process?.subscriptions.get(partition)?.state)
    if (role === 'delivery') put(deliveries, process?.deliveries.get(partition)?.state)
  }
  return { sessions, subscriptions, deliveries }
}

function put<T>(list: T[], one: T | undefined): void {
  if (one !== undefined) list.push(one)
}
