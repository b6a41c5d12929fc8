// What a scrape tells about subscriptions and retained messages.
import type { Measure } from '#libs/platform'
import { countsOf, type Partitions } from './shell/subscription.js'

/** `retainedMax`: of all partitions together. */
export function measuresOf(partitions: Partitions, retainedMax: number): Measure[] {
  return [
    {
      name: 'tbmq_subscriptions',
      help: 'Subscriptions by granted QoS, shared ones apart.',
      kind: 'gauge',
      labels: ['qos'],
      read: () => countsOf(partitions).byQos.map((count, qos) => [{ qos: String(qos) }, count] as const),
    },
    {
      name: 'tbmq_shared_subscription_groups',
      help: 'Groups of shared subscriptions.',
      kind: 'gauge',
      read: () => countsOf(partitions).groups,
    },
    {
      name: 'tbmq_retained_messages',
      help: 'Retained messages, and how many there may be.',
      kind: 'gauge',
      labels: ['value'],
      read: () => [
        [{ value: 'count' }, countsOf(partitions).retained],
        [{ value: 'limit' }, retainedMax],
      ],
    },
  ]
}
