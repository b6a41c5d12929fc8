// The queue of one kept session: what arrives, what is acknowledged, who goes when it is full. It sends nothing itself.
// Everything here follows from the records of the inbox, so that a replay makes the same queue.
import type { Millis } from '#libs/base'
import { pubackStep, pubrecStep } from '#libs/topics'
import { Line, markQos, markReleased, markRetain, markSent } from './line.js'
import type { QueuedMessage } from './message.js'
import type { GatewayTarget } from './outbox.js'
import type { StoredQueue } from './projection.js'
import type { DeliveryLimits } from './settings.js'
import { admit } from './window.js'

/** Where the client is connected now. */
export interface Online {
  readonly gateway: GatewayTarget
  readonly incarnation: number
  readonly connection: number
}

/** What became of an arriving message, for the counters. `pushedOut`: it is queued, and the oldest went for it. */
export type Arrival = 'queued' | 'pushedOut' | 'refused' | 'offline'

/** Shared by all that have none; never added to. */
export const noFacts: number[] = []

export class Queue {
  readonly line = new Line()
  /** The number that the next arriving message takes, whatever becomes of it. */
  next = 1
  online: Online | undefined
  windowMax = 0
  /** Packet ids of QoS 2 publishes that were received and not yet released. */
  received: Set<number> | undefined
  /** It has been told that the queue is full, and the queue has not drained since. */
  overflowing = false
  /** Stands in the list of queues to look at when the batch is through. */
  ready = false
  ended = false
  /** Stands in the list of queues that the store does not know as they are. */
  unsaved = false
  /** What the store has of it; undefined before the first checkpoint that concerns it. */
  stored: StoredQueue | undefined
  /** Asked for messages that are only in the store. */
  loading = false
  /** The first of them. */
  wantedNumber = 0
  /** It holds the start of a long inbox, and messages of it have to be in memory to become facts. */
  wantsFacts = false
  /** Its facts say how it stood before this offset; -1: it has none. Records before it are not for this queue any more. */
  factsFrom = -1
  /** The first offset that changed it since, and the bytes of the inbox read by then; -1: none did. */
  changedFrom = -1
  changedBytes = 0
  /** Numbers of messages that facts hold, also of those done with since; in order. Every message up to the last of them is a fact. */
  facts: number[] = noFacts

  constructor(
    readonly clientId: string,
    readonly birth: number,
  ) {}

  /** A message for this session. QoS 0 is for clients that are there; the rest waits. */
  arrive(message: QueuedMessage, marks: number, limits: DeliveryLimits): Arrival {
    const number = this.next++
    if ((marks & markQos) === 0 && this.online === undefined) return 'offline'
    return admitToLine(this.line, number, marks, message, limits)
  }

  /** The client's answer; false for one that nothing waits for, which changes nothing. */
  acknowledge(number: number, step: number, reasonCode: number): boolean {
    const { line } = this
    const position = line.find(number)
    if (position < 0) return false
    const marks = line.marksAt(position)
    if (step === pubrecStep && reasonCode < 0x80) {
      if ((marks & markQos) !== 2 || (marks & markReleased) !== 0) return false
      line.release(position)
      return true
    }
    // A PUBACK for QoS 2 is the client's fault, which the gateway has seen to; the message stays.
    if (step === pubackStep && (marks & markQos) === 2) return false
    line.remove(position)
    return true
  }

  /** Decides what goes to the client now; gives how many had expired. */
  admit(now: Millis): number {
    return this.online === undefined ? 0 : admit(this.line, this.windowMax, now)
  }

  /** For a replay: what has been decided was written then. */
  passWritten(): void {
    const { line } = this
    while (line.written < line.live) {
      const position = line.written++
      if (line.isHole(position)) continue
      if ((line.marksAt(position) & markQos) === 0) line.remove(position)
      else line.mark(position, markSent)
    }
  }
}

export const marksOf = (qos: number, retain: boolean): number => qos | (retain ? markRetain : 0)

/** Puts the message at the end of the line; when that is full, somebody goes. */
export function admitToLine(
  line: Line,
  number: number,
  marks: number,
  message: QueuedMessage,
  limits: DeliveryLimits,
): Arrival {
  let pushedOut = false
  if (isFull(line, message.size, limits)) {
    if (limits.whenFull === 'refuseNewest' || line.waiting === 0) return 'refused'
    // One makes room for one: a line may be longer than its limit by retained messages, which are not to go all at once.
    pushedOut = dropOldest(line)
    while (tooLarge(line, message.size, limits) && dropOldest(line)) pushedOut = true
  }
  line.push(number, marks, message)
  return pushedOut ? 'pushedOut' : 'queued'
}

export function isFull(line: Line, size: number, limits: DeliveryLimits): boolean {
  const { queueLengthMax } = limits
  return (queueLengthMax > 0 && line.length >= queueLengthMax) || tooLarge(line, size, limits)
}

function tooLarge(line: Line, size: number, { queueBytesMax }: DeliveryLimits): boolean {
  return queueBytesMax > 0 && line.length > 0 && line.bytes + size > queueBytesMax
}

/** The oldest of those that wait goes; what is on its way to the client stays [MQTT-4.4.0-1]. */
function dropOldest(line: Line): boolean {
  // Holes at the front are passed for good: without this every drop would walk over all earlier ones.
  while (line.live < line.tail && line.isHole(line.live)) line.live++
  for (let position = line.live; position < line.tail; position++) {
    if (line.isHole(position) || (line.marksAt(position) & (markSent | markReleased)) !== 0) continue
    line.remove(position)
    return true
  }
  return false
}
