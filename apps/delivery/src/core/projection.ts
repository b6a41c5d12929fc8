// What the kept-session store is to hold: messages that are still waiting some time after they came, in pages. And the way back: which
// messages may leave memory because a page holds them, and how a page fills them in again. Nothing here decides about delivery.
import { ByteReader, ByteWriter } from '#libs/base'
import { flag, struct, whole } from '#libs/topics'
import { Group } from './group.js'
import { markQos, type Line } from './line.js'
import type { QueuedMessage } from './message.js'
import type { Queue } from './queue.js'
import type { DeliveryState } from './state.js'

/** A page is closed when it has this many messages or bytes. */
const pageMessagesMax = 256
const pageBytesMax = 64 * 1024

/** What the store has of one queue. */
export interface StoredQueue {
  /** In order; `last` is the number of the page's last message. */
  pages: { readonly first: number; readonly last: number }[]
  /** Every message below this number that was waiting at a checkpoint is in a page. */
  through: number
  /** The same, for pages that are safely stored. */
  safeThrough: number
  /** The next number at the last checkpoint: what is older and still there goes into a page at the next one. */
  seenNext: number
  online: boolean
}

/** A change of the store, as its port has them. */
export type ProjectionChange =
  | {
      readonly kind: 'putSession'
      readonly clientId: string
      readonly birth: number
      readonly row: Uint8Array
    }
  | { readonly kind: 'removeSession'; readonly clientId: string; readonly birth: number }
  | {
      readonly kind: 'putPage'
      readonly clientId: string
      readonly birth: number
      readonly first: number
      readonly bytes: Uint8Array
    }
  | { readonly kind: 'removePage'; readonly clientId: string; readonly birth: number; readonly first: number }

export interface Checkpoint {
  /** The inbox position to which it belongs. */
  readonly applied: number
  readonly changes: readonly ProjectionChange[]
  /** To be called when it is safely stored. */
  done(): void
}

/** The row of `session:{clientId}`. */
const storedSession = struct({ birth: whole, next: whole, waiting: whole, online: flag })

const scratch = new ByteWriter(pageBytesMax * 2)

/** What has changed since the last call. What came and went in between never shows. */
export function collect(state: DeliveryState): Checkpoint {
  const changes: ProjectionChange[] = []
  for (const { clientId, birth } of state.endedSessions)
    changes.push({ kind: 'removeSession', clientId, birth })
  state.endedSessions = []
  const written: Queue[] = []
  const { unsaved } = state
  state.unsaved = []
  for (const queue of unsaved) {
    queue.unsaved = false
    if (queue instanceof Group || queue.ended) continue
    if (collectQueue(queue, changes)) written.push(queue)
    // What is young now is due at the next checkpoint.
    if (queue.stored !== undefined && queue.stored.through < queue.next && queue.line.length > 0) {
      queue.unsaved = true
      state.unsaved.push(queue)
    }
  }
  const throughs = written.map((queue) => queue.stored?.through ?? 0)
  return {
    applied: state.position,
    changes,
    done() {
      for (const [i, { stored }] of written.entries()) {
        if (stored !== undefined) stored.safeThrough = throughs[i] ?? 0
      }
    },
  }
}

/** True when pages were written. */
function collectQueue(queue: Queue, changes: ProjectionChange[]): boolean {
  const { clientId, birth, next, line } = queue
  const isNew = queue.stored === undefined
  const stored = (queue.stored ??= { pages: [], through: 0, safeThrough: 0, seenNext: 1, online: false })
  const before = changes.length
  removeDone(queue, stored, changes)
  const removed = changes.length
  writePages(queue, stored, changes)
  const hasWritten = changes.length > removed
  const online = queue.online !== undefined
  if (isNew || changes.length > before || stored.online !== online) {
    storedSession.write(scratch.reset(), { birth, next, waiting: line.length, online })
    changes.push({ kind: 'putSession', clientId, birth, row: scratch.copyOf() })
  }
  stored.online = online
  stored.seenNext = next
  return hasWritten
}

/** Pages of which nothing is left. Those that end before the oldest waiting message hold at most what is on its way. */
function removeDone(
  { clientId, birth, line, next }: Queue,
  stored: StoredQueue,
  changes: ProjectionChange[],
): void {
  const oldestWaiting = numberFrom(line, line.live, next)
  const done = stored.pages.filter(({ first, last }) => {
    if (last >= oldestWaiting) return false
    for (let at = line.firstFrom(first); at < line.live && line.numberAt(at) <= last; at++) {
      if (line.messageAt(at) !== undefined) return false
    }
    return true
  })
  if (done.length === 0) return
  for (const { first } of done) changes.push({ kind: 'removePage', clientId, birth, first })
  stored.pages = stored.pages.filter((page) => !done.includes(page))
}

function numberFrom(line: Line, from: number, otherwise: number): number {
  for (let position = from; position < line.tail; position++) {
    if (!line.isHole(position)) return line.numberAt(position)
  }
  return otherwise
}

/** Messages that were there at the last checkpoint already and are in no page. */
function writePages(
  { clientId, birth, line }: Queue,
  stored: StoredQueue,
  changes: ProjectionChange[],
): void {
  let first = 0
  let last = 0
  let count = 0
  const writer = scratch.reset()
  const close = (): void => {
    if (count === 0) return
    changes.push({ kind: 'putPage', clientId, birth, first, bytes: writer.copyOf() })
    stored.pages.push({ first, last })
    writer.reset()
    count = 0
  }
  for (let position = line.firstFrom(stored.through); position < line.tail; position++) {
    const number = line.numberAt(position)
    if (number >= stored.seenNext) break
    const message = line.messageAt(position)
    if (message?.bytes === undefined || (line.marksAt(position) & markQos) === 0) continue
    if (count === 0) first = number
    last = number
    count++
    writer.varint(number)
    writer.bytes(message.bytes, message.from, message.to)
    if (count >= pageMessagesMax || writer.position >= pageBytesMax) close()
  }
  close()
  stored.through = Math.max(stored.through, stored.seenNext)
}

/** Bytes of waiting messages in memory; a message that waits for several sessions counts for each. */
export function residentBytes(state: DeliveryState): number {
  let bytes = 0
  for (const { line } of state.queues.values()) bytes += line.bytes - line.evictedBytes
  return bytes
}

/**
 * Takes messages out of memory that a safe page holds and that are not among the next `keepCount` of their queue, until about `bytes`
 * are free. Gives how many bytes that were.
 */
export function evict(state: DeliveryState, bytes: number, keepCount: number): number {
  let freed = 0
  for (const { line, stored, loading, wantsFacts, facts } of state.queues.values()) {
    if (freed >= bytes) break
    const through = wantsFacts ? (facts.at(-1) ?? 0) : Infinity
    if (stored === undefined || loading || line.bytes === line.evictedBytes) continue
    for (let position = line.live + keepCount; position < line.tail && freed < bytes; position++) {
      const number = line.numberAt(position)
      if (number >= stored.safeThrough || number > through) break
      const message = line.messageAt(position)
      // One that others hold too stays: it costs them nothing, and they count on it. QoS 0 is in no page.
      if (message?.bytes === undefined || message.references > 1) continue
      if ((line.marksAt(position) & markQos) === 0) continue
      message.evict()
      line.evictedBytes += message.size
      freed += message.size
    }
  }
  return freed
}

/** The queue cannot go on without a message that is only in the store. */
export function fetch(state: DeliveryState, queue: Queue, number: number): void {
  if (queue.loading) return
  queue.loading = true
  queue.wantedNumber = number
  state.wanted.push(queue)
}

/** The first number of the page that holds the message which the queue wants; undefined when it is in memory or gone. */
export function pageWanted({ line, stored, wantedNumber }: Queue): number | undefined {
  const position = line.firstFrom(wantedNumber)
  const message = line.messageAt(position)
  if (line.numberAt(position) !== wantedNumber || message === undefined || message.bytes !== undefined)
    return undefined
  const page = stored?.pages.find(({ first, last }) => first <= wantedNumber && wantedNumber <= last)
  return page?.first ?? wantedNumber
}

/** Fills in the messages of a page. */
export function fillIn({ line }: Queue, page: Uint8Array): void {
  const reader = new ByteReader(page)
  let position = line.head
  while (reader.remaining > 0) {
    const number = reader.varint()
    const length = reader.varint()
    const from = reader.skip(length)
    while (position < line.tail && line.numberAt(position) < number) position++
    if (position >= line.tail) return
    const message = line.messageAt(position)
    if (line.numberAt(position) !== number || message === undefined || message.bytes !== undefined) continue
    comeBack(line, message, page, from)
  }
}

function comeBack(line: Line, message: QueuedMessage, page: Uint8Array, from: number): void {
  message.moveTo(page, from)
  line.evictedBytes -= message.size
}
