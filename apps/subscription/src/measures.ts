// What a scrape tells about subscriptions and retained messages.
import type { Measure, Settings } from '#libs/platform'
import { countsOf, rememberedOf, type Partitions, type SubscriptionCounters } from './shell/subscription.js'

type Limits = Pick<Settings, 'retainedMax' | 'retainedBytesMax'>

export function gaugesOf(partitions: Partitions, { retainedMax, retainedBytesMax }: Limits): Measure[] {
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
        [{ value: 'used' }, countsOf(partitions).retained],
        [{ value: 'limit' }, retainedMax],
      ],
    },
    {
      name: 'tbmq_retained_bytes',
      help: 'Bytes of retained messages, and how many there may be.',
      kind: 'gauge',
      labels: ['value'],
      read: () => [
        [{ value: 'used' }, countsOf(partitions).retainedBytes],
        [{ value: 'limit' }, retainedBytesMax],
      ],
    },
    {
      name: 'tbmq_receivers_remembered_bytes',
      help: 'Bytes of the receivers of topics that are remembered, and how many there may be before all are found anew.',
      kind: 'gauge',
      labels: ['value'],
      read: () => {
        const { bytes, bytesMax } = rememberedOf(partitions)
        return [
          [{ value: 'used' }, bytes],
          [{ value: 'limit' }, bytesMax],
        ]
      },
    },
    {
      name: 'tbmq_receivers_forgotten_total',
      help: 'Times that all of them were forgotten because they were too many, since their partitions were restored.',
      kind: 'counter',
      read: () => rememberedOf(partitions).timesFull,
    },
  ]
}

export function countersOf(counters: SubscriptionCounters): Measure[] {
  return [
    {
      name: 'tbmq_retained_messages_refused_total',
      help: 'Messages that were delivered and not retained, because there are as many as there may be.',
      kind: 'counter',
      read: () => counters.refusedRetainedCount,
    },
    {
      name: 'tbmq_retained_bytes_refused_total',
      help: 'Messages that were delivered and not retained, because retained ones have all the bytes they may have.',
      kind: 'counter',
      read: () => counters.refusedRetainedBytes,
    },
    {
      name: 'tbmq_messages_unreadable_total',
      help: 'Records among the published messages that nobody gets, for they are not ours.',
      kind: 'counter',
      read: () => counters.messagesUnreadable,
    },
  ]
}
