// What the module wires: the service, what it has counted and holds, and the topics that it reads.
import { catalogue } from '#libs/topics'
import type { SubscriptionCounters } from '../core/settings.js'
import type { SubscriptionsState } from '../core/subscriptions.state.js'

export { newSubscriptionCounters, type SubscriptionCounters } from '../core/settings.js'
export { subscriptionService } from '../core/subscription.service.js'

export const inbox = catalogue.subscriptionInbox
export const messages = catalogue.messages

/** The partitions that are restored now, by number. */
export type Partitions = Map<number, SubscriptionsState>

/** What there is to tell of all partitions of this process. */
export function detailOf(counters: SubscriptionCounters, partitions: Partitions): Record<string, number> {
  const detail = {
    ...counters,
    subscriptions: 0,
    clients: 0,
    retained: 0,
    retainedBytes: 0,
    topicsRemembered: 0,
  }
  for (const state of partitions.values()) {
    detail.subscriptions += state.counts.all
    detail.clients += state.clients.size
    detail.retained += state.retained.count
    detail.retainedBytes += state.retained.bytes
    detail.topicsRemembered += state.router.size
  }
  return detail
}

/** What the broker holds, however many partitions have a part of it: wildcard filters are in all of them. */
export interface Counts {
  readonly byQos: readonly [number, number, number]
  readonly subscriptions: number
  readonly groups: number
  readonly retained: number
  readonly retainedBytes: number
}

/** What the routers of all partitions remember, in bytes, and what they may. */
export function rememberedOf(partitions: Partitions): {
  readonly bytes: number
  readonly bytesMax: number
  readonly timesFull: number
} {
  let bytes = 0
  let bytesMax = 0
  let timesFull = 0
  for (const { router } of partitions.values()) {
    bytes += router.heldBytes
    bytesMax += router.heldBytesMax
    timesFull += router.timesFull
  }
  return { bytes, bytesMax, timesFull }
}

/** Adds up the partitions; wildcard filters, which are in all of them, count once. */
export function countsOf(partitions: Partitions): Counts {
  const byQos: [number, number, number] = [0, 0, 0]
  let groups = 0
  let retained = 0
  let retainedBytes = 0
  let isFirst = true
  for (const { counts, retained: kept } of partitions.values()) {
    for (const qos of [0, 1, 2] as const) {
      byQos[qos] += counts.exact[qos] + (isFirst ? counts.wildcard[qos] : 0)
    }
    groups += counts.exactGroups + (isFirst ? counts.wildcardGroups : 0)
    retained += kept.count
    retainedBytes += kept.bytes
    isFirst = false
  }
  return { byQos, subscriptions: byQos[0] + byQos[1] + byQos[2], groups, retained, retainedBytes }
}
