// What the module wires: the service, what it has counted and holds, and the topics that it reads.
import { catalogue } from '#libs/topics'
import type { SubscriptionCounters } from '../core/settings.js'
import type { SubscriptionsState } from '../core/subscriptions.state.js'

export { newSubscriptionCounters } from '../core/settings.js'
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
    detail.subscriptions += state.subscriptionCount
    detail.clients += state.clients.size
    detail.retained += state.retained.count
    detail.retainedBytes += state.retained.bytes
    detail.topicsRemembered += state.router.size
  }
  return detail
}
