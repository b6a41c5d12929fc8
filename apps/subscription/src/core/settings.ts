// What can be set about subscription, and what it counts.
import type { Millis } from '#libs/base'

export interface SubscriptionSettings {
  /** Retained messages of a partition, at most; a message too many is delivered but not retained. */
  readonly retainedCountMax: number
  /** Bytes of retained names, properties and payloads of a partition, at most. */
  readonly retainedBytesMax: number
  /** Retained messages sent at a time, at most; the receiver (or we, later) then asks for more. */
  readonly pageMessagesMax: number
  /** Bytes of retained messages sent at a time; one message may be more. */
  readonly pageBytesMax: number
  /** Names looked at for one page: a filter that matches few of very many must not hold up others. */
  readonly pageScanMax: number
  /** Pause between two looks for expired retained messages. */
  readonly sweepMillis: Millis
}

export const defaultSubscriptionSettings: SubscriptionSettings = {
  retainedCountMax: 1_000_000,
  retainedBytesMax: 256 * 1024 * 1024,
  pageMessagesMax: 256,
  pageBytesMax: 64 * 1024,
  pageScanMax: 8_192,
  sweepMillis: 1_000,
}

/** Plain numbers that only rise, for whoever exports them. */
export interface SubscriptionCounters {
  messagesRouted: number
  messagesWithoutReceiver: number
  /** Receivers of all messages routed. */
  receivers: number
  /** Records of tbmq.msg.all without readable metadata: written by somebody else. */
  messagesUnreadable: number
  /** Messages not retained because there are too many already, or too many bytes of them. */
  refusedRetainedCount: number
  refusedRetainedBytes: number
}

export const newSubscriptionCounters = (): SubscriptionCounters => ({
  messagesRouted: 0,
  messagesWithoutReceiver: 0,
  receivers: 0,
  messagesUnreadable: 0,
  refusedRetainedCount: 0,
  refusedRetainedBytes: 0,
})
