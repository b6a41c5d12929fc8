// What a scrape tells about queues, groups and their store.
import type { Measure } from '#libs/platform'
import type { Delivery } from './shell/delivery.js'

export function countersOf(delivery: Delivery): Measure[] {
  const { counters } = delivery
  return [
    {
      name: 'tbmq_queue_messages_total',
      help: 'Messages of kept sessions and groups: taken in, sent, sent again, acknowledged.',
      kind: 'counter',
      labels: ['event'],
      read: () => [
        [{ event: 'queued' }, counters.queued],
        [{ event: 'sent' }, counters.sent],
        [{ event: 'sent_again' }, counters.resent],
        [{ event: 'acknowledged' }, counters.acknowledged],
        [{ event: 'kept_as_fact' }, counters.keptAsFacts],
      ],
    },
    {
      name: 'tbmq_queue_dropped_total',
      help: 'Messages of kept sessions and groups that were dropped, by reason.',
      kind: 'counter',
      labels: ['reason'],
      read: () => [
        [{ reason: 'queue_full' }, counters.droppedQueueFull],
        [{ reason: 'expired' }, counters.droppedExpired],
        [{ reason: 'client_away' }, counters.droppedOffline],
        [{ reason: 'too_large' }, counters.droppedTooLarge],
        [{ reason: 'no_member' }, counters.droppedNoMember],
        [{ reason: 'session_ended' }, counters.droppedSessionEnded],
        [{ reason: 'routed_twice' }, counters.duplicatesIgnored],
      ],
    },
    {
      name: 'tbmq_store_pages_total',
      help: 'Pages of waiting messages that were written to the kept-session store and read from it.',
      kind: 'counter',
      labels: ['way'],
      read: () => [
        [{ way: 'written' }, delivery.storeCounters.pagesWritten],
        [{ way: 'read' }, delivery.storeCounters.pagesRead],
      ],
    },
  ]
}

export function gaugesOf(delivery: Delivery): Measure[] {
  return [
    {
      name: 'tbmq_queue_messages',
      help: 'Messages that wait for kept sessions and groups, those under way included.',
      kind: 'gauge',
      read: () => delivery.waiting().messages,
    },
    {
      name: 'tbmq_queue_bytes',
      help: 'Their bytes, in all and in memory, and how many may be in memory before the store takes them.',
      kind: 'gauge',
      labels: ['where'],
      read: () => {
        const { bytes, residentBytes } = delivery.waiting()
        return [
          [{ where: 'all' }, bytes],
          [{ where: 'memory' }, residentBytes],
          [{ where: 'memory_limit' }, delivery.memoryBytes],
        ]
      },
    },
    {
      name: 'tbmq_queue_window_bytes',
      help: 'Bytes on their way to the one kept client that has the most of them, and how many there may be.',
      kind: 'gauge',
      labels: ['value'],
      read: () => [
        [{ value: 'used' }, delivery.waiting().windowBytes],
        [{ value: 'limit' }, delivery.windowBytesMax],
      ],
    },
  ]
}
