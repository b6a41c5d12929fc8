// What an operator may set about delivery, and what delivery counts.

import type { DeliveryState } from './state.js'

/** Which member of a group gets the next message. */
export type GroupStrategy = 'roundRobin' | 'random' | 'sticky' | 'hashTopic' | 'hashClient' | 'leastInFlight'

export const groupStrategies = [
  'roundRobin',
  'random',
  'sticky',
  'hashTopic',
  'hashClient',
  'leastInFlight',
] as const satisfies readonly GroupStrategy[]

/** Bounds on which decisions depend. A replay uses those that held when the record was first read (see base in facts.ts). */
export interface DeliveryLimits {
  /** Messages that wait for one session or group at most; 0: any number. */
  readonly queueLengthMax: number
  /** Bytes of such messages (topic, properties, payload); 0: any number. */
  readonly queueBytesMax: number
  /** Who goes when a queue is full. */
  readonly whenFull: 'dropOldest' | 'refuseNewest'
  /** QoS 1 and 2 messages on their way to one client at most, whatever it says itself. */
  readonly windowMax: number
  /** The same for clients before MQTT 5.0, which cannot say. */
  readonly windowOldMax: number
  readonly groupStrategy: GroupStrategy
}

/** Plain numbers, added to while living (never while replaying) and read by whoever exports them. */
export interface DeliveryCounters {
  queued: number
  sent: number
  resent: number
  acknowledged: number
  droppedQueueFull: number
  droppedExpired: number
  droppedOffline: number
  /** For the client that it was to be sent to. */
  droppedTooLarge: number
  droppedNoMember: number
  /** Waited for a session that ended, or came for one that had. */
  droppedSessionEnded: number
  duplicatesIgnored: number
  keptAsFacts: number
}

export interface DeliverySettings {
  readonly limits: DeliveryLimits
  /** Bytes of the inbox that may lie behind the oldest record still needed, before what is queued there becomes facts. */
  readonly inboxBytesMax: number
  /** What has held the start of the inbox for this long becomes facts, however short the inbox is: what lies behind it can be forgotten. */
  readonly moveMillis: number
  /** A message whose batch of the inbox is mostly done with is copied out of it at this age. */
  readonly pinnedMillisMax: number
  readonly counters: DeliveryCounters
  /** Called when a batch has been decided about: for the shell, which keeps the store. */
  readonly afterBatch: (state: DeliveryState) => void
}

const defaultDeliveryLimits: DeliveryLimits = {
  queueLengthMax: 10_000,
  queueBytesMax: 256 * 1024 * 1024,
  whenFull: 'dropOldest',
  windowMax: 1_000,
  windowOldMax: 100,
  groupStrategy: 'roundRobin',
}

export function newDeliveryCounters(): DeliveryCounters {
  return {
    queued: 0,
    sent: 0,
    resent: 0,
    acknowledged: 0,
    droppedQueueFull: 0,
    droppedExpired: 0,
    droppedOffline: 0,
    droppedTooLarge: 0,
    droppedNoMember: 0,
    droppedSessionEnded: 0,
    duplicatesIgnored: 0,
    keptAsFacts: 0,
  }
}

/** The defaults with what is given in their place. */
export function deliverySettings(given: Partial<DeliverySettings> = {}): DeliverySettings {
  return {
    limits: defaultDeliveryLimits,
    inboxBytesMax: 64 * 1024 * 1024,
    moveMillis: 15_000,
    pinnedMillisMax: 1_000,
    counters: newDeliveryCounters(),
    afterBatch: () => undefined,
    ...given,
  }
}
