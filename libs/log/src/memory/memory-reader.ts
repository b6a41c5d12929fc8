// A reader of the memory log: each batch that it gets is one step of the scheduler.
import type { Batch } from '#libs/batch'
import type { Reader, ReaderOptions } from '../event-log.js'
import type { Actor } from './actor.js'
import { Lent } from './lent.js'
import type { MemoryPartition } from './memory-partition.js'

/** What a reader asks of its client. */
interface ReaderHome {
  readonly listens: boolean
  /** False while the way between the two is broken. */
  reaches(partition: MemoryPartition): boolean
}

export class MemoryReader implements Reader, Actor {
  position: number
  readonly #partition: MemoryPartition
  readonly #options: ReaderOptions
  readonly #ended: (reader: MemoryReader) => void
  #paused = false
  #closed = false
  #busy: Promise<void> | undefined

  readonly #home: ReaderHome

  constructor(
    home: ReaderHome,
    partition: MemoryPartition,
    options: ReaderOptions,
    ended: (reader: MemoryReader) => void,
  ) {
    this.#home = home
    this.#partition = partition
    this.#options = options
    this.#ended = ended
    const from = options.from === 'end' ? partition.endOffset : options.from
    if (from > partition.endOffset)
      throw new RangeError(
        `cannot read ${partition.topic.name}:${partition.number} from ${from}: it ends at ${partition.endOffset}`,
      )
    this.position = Math.max(from, partition.startOffset)
  }

  get ready(): boolean {
    return (
      this.#home.listens &&
      this.#home.reaches(this.#partition) &&
      !this.#paused &&
      !this.#closed &&
      this.#busy === undefined &&
      this.#next() !== undefined
    )
  }

  act(): void {
    const batch = this.#next()
    if (batch === undefined) return
    this.position = batch.nextOffset
    const lent = new Lent(batch)
    try {
      const promise = this.#options.handle(lent.batch)
      if (promise === undefined) lent.letGo()
      else this.#busy = this.#await(promise, lent)
    } catch (error) {
      lent.letGo()
      this.#fail(error)
    }
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
  }

  async close(): Promise<void> {
    this.kill()
    await this.#busy
  }

  /** Ends it as the end of its process would: nothing is waited for. */
  kill(): void {
    this.#closed = true
    this.#ended(this)
  }

  #next(): Batch | undefined {
    const batch = this.#partition.after(this.position)
    if (batch === undefined) return undefined
    const { visibility, isPassing } = this.#options
    const isVisible = visibility === 'appended' || batch.nextOffset <= this.#partition.storedOffset
    return isVisible || isPassing?.(batch) === true ? batch : undefined
  }

  async #await(promise: Promise<void>, lent: Lent): Promise<void> {
    try {
      await promise
      this.#busy = undefined
    } catch (error) {
      this.#busy = undefined
      if (!this.#closed) this.#fail(error)
    } finally {
      lent.letGo()
    }
  }

  #fail(error: unknown): void {
    this.kill()
    this.#options.failed(error)
  }
}
