// How many subscriptions there are, by QoS; wildcard ones apart, because every partition has them.
import type { Filter } from './filter.js'

type ByQos = [number, number, number]

export class SubscriptionCounts {
  readonly exact: ByQos = [0, 0, 0]
  readonly wildcard: ByQos = [0, 0, 0]
  /** Groups of shared subscriptions with an exact filter, and with a wildcard. */
  exactGroups = 0
  wildcardGroups = 0

  /** `change` is 1 for a subscription more and -1 for one less. */
  count(filter: Filter, qos: number, change: 1 | -1): void {
    const counts = filter.isWildcard ? this.wildcard : this.exact
    const at = qos === 0 ? 0 : qos === 1 ? 1 : 2
    counts[at] += change
  }

  countGroup(filter: Filter, change: 1 | -1): void {
    if (filter.isWildcard) this.wildcardGroups += change
    else this.exactGroups += change
  }

  /** Subscriptions of this partition. */
  get all(): number {
    return [...this.exact, ...this.wildcard].reduce((sum, count) => sum + count, 0)
  }
}
