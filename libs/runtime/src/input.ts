// One input of a partition: how far it has been read, how far that may be saved, and what of it has come before.
import type { Batch } from '#libs/batch'
import { RecordCursor } from '#libs/batch'
import { filterBatch, type EventLog, type Reader, type TopicPartition } from '#libs/log'
import type { Topic } from '#libs/topics'
import { originOf, Origins, type Origin } from './origin.js'
import { withBytes } from './parts.js'

/** A batch of a stream whose sends have not all arrived: it would be routed again after a crash. */
interface Pending {
  readonly position: number
  readonly origins: readonly Origin[]
  arrived: boolean
}

const cursor = new RecordCursor()

export class Input {
  readonly index: number
  readonly topic: Topic
  readonly target: TopicPartition
  reader: Reader | undefined
  /** The next offset to read. */
  position = 0
  /** What the log knows of it. */
  saved = 0
  /** Offsets of records that were dropped because they had come before: a replay must drop them as well. Kept of the inbox only. */
  dropped: number[] = []
  readonly #origins = new Origins()
  readonly #pending: Pending[] = []
  #safe = 0
  #unsaved: Origin[] = []
  #read: Origin[] = []

  constructor(index: number, topic: Topic, partition: number) {
    this.index = index
    this.topic = topic
    this.target = { topic: topic.name, partition: topic.partitioning === 'one' ? 0 : partition }
  }

  /** What the log remembered. */
  restore(position: number): void {
    this.position = this.saved = this.#safe = position
  }

  /** The saved position; never a silent jump when the log has forgotten what lies there. */
  startIn(log: Pick<EventLog, 'startOffset'>, failed: (sentence: string, error: unknown) => void): number {
    const { position, target } = this
    const start = log.startOffset(target)
    if (position >= start) return position
    if (position > 0) {
      const missing = `records ${String(position)} to ${String(start - 1)} of ${target.topic}`
      failed(`${missing} are no longer there and were never read`, undefined)
    }
    this.restore(start)
    return start
  }

  restoreOrigin(origin: Origin): void {
    this.#origins.repeats(origin)
  }

  /** The position that may be saved: nothing before it would be missed. */
  get safe(): number {
    return this.#safe
  }

  /** The batch without what has come before; undefined when nothing is left. Only for logs in which something can come twice. */
  fresh(batch: Batch): Batch | undefined {
    let repeats: Set<number> | undefined
    cursor.open(batch.bytes)
    while (cursor.next()) {
      const origin = originOf(cursor)
      if (origin === undefined) continue
      if (this.#origins.repeats(origin)) (repeats ??= new Set()).add(cursor.offset)
      else this.#read.push(origin)
    }
    if (repeats === undefined) return batch
    this.dropped.push(...repeats)
    return without(batch, repeats)
  }

  /** The batch has been decided and what follows from it is with the log, whole: facts, outbox and this position. */
  pass(position: number): void {
    if (this.#pending.length > 0) {
      this.#passWhen(position).arrived = true
      this.#advance()
      return
    }
    this.position = this.#safe = position
    this.#unsaved.push(...this.#read)
    this.#read = []
  }

  /** The same, but it may not be saved before its sends have arrived: call the result then. */
  passLater(position: number): () => void {
    const pending = this.#passWhen(position)
    return () => {
      pending.arrived = true
      this.#advance()
    }
  }

  /** Origins that are newer than what the log knows, once. */
  takeUnsaved(): readonly Origin[] {
    const newest = new Map(this.#unsaved.map((origin) => [origin.source, origin]))
    this.#unsaved = []
    return [...newest.values()]
  }

  #passWhen(position: number): Pending {
    this.position = position
    const pending = { position, origins: this.#read, arrived: false }
    this.#read = []
    this.#pending.push(pending)
    return pending
  }

  #advance(): void {
    while (this.#pending[0]?.arrived === true) {
      const pending = this.#pending.shift()
      if (pending === undefined) return
      this.#safe = pending.position
      this.#unsaved.push(...pending.origins)
    }
  }
}

/** The batch without the records at these offsets; undefined when none is left. */
export function without(batch: Batch, offsets: ReadonlySet<number>): Batch | undefined {
  const bytes = filterBatch(batch.bytes, ({ offset }) => !offsets.has(offset), null)
  return bytes === null ? undefined : withBytes(batch, bytes)
}
