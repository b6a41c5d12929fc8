// A running reader of one partition: the tail from memory without a promise per batch, what is older from disk.
import type { Batch } from '#libs/batch'
import type { Reader, ReaderOptions } from '../event-log.js'
import type { Frame, Partition, PartitionReader } from './partition.js'

/** What a reader needs of its log. */
export interface ReaderHome {
  /**
   * Some stored batches of the partition, the first of which ends after `offset`; none when there are none before the tail.
   * `hint` is the reader's own place for remembering where it was.
   */
  readHistory(partition: Partition, offset: number, hint: HistoryHint): Promise<readonly Batch[]>
  /** Calls `pump` soon, but never from within the call that asks for it. */
  soon(reader: PartitionReader): void
  /** A reader waits until what was appended so far is stored. */
  awaited(): void
}

/** Where the last read of history ended: a segment, a position in it, and the offset wanted there. */
export interface HistoryHint {
  segment: number
  generation: number
  position: number
  offset: number
}

export const noHint = (): HistoryHint => ({ segment: -1, generation: -1, position: 0, offset: -1 })

export class EmbeddedReader implements Reader, PartitionReader {
  position: number
  readonly #home: ReaderHome
  readonly #partition: Partition
  readonly #options: ReaderOptions
  readonly #readers: PartitionReader[]
  readonly #storedOnly: boolean
  readonly #hint = noHint()
  /** Running number in the tail of the next batch; -1 while the position lies before the tail. */
  #next: number
  #paused = false
  #closed = false
  /** Inside `handle`, or waiting for its promise, or for the disk. */
  #busy: Promise<void> | true | undefined
  /** Ends the wait of a history read that was paused. */
  #wake: (() => void) | undefined

  constructor(home: ReaderHome, partition: Partition, options: ReaderOptions) {
    this.#home = home
    this.#partition = partition
    this.#options = options
    this.#storedOnly = options.visibility === 'stored'
    this.#readers = this.#storedOnly ? partition.storedReaders : partition.appendedReaders
    const from = options.from === 'end' ? partition.endOffset : options.from
    if (from > partition.endOffset)
      throw new RangeError(
        `cannot read ${partition.topic}:${partition.number} from ${from}: it ends at ${partition.endOffset}`,
      )
    this.position = Math.max(from, partition.startOffset)
    this.#next = this.#findInTail()
    this.#readers.push(this)
    home.soon(this)
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#wake?.()
    this.#home.soon(this)
  }

  async close(): Promise<void> {
    this.#stop()
    const busy = this.#busy
    if (busy !== undefined && busy !== true) await busy
  }

  /** Hands out what is visible. Called by the log only, never inside an append. */
  pump(): void {
    while (!this.#closed && !this.#paused && this.#busy === undefined) {
      if (this.#next < this.#partition.tail.start) this.#next = this.#findInTail()
      if (this.#next < 0) {
        this.#busy = this.#readHistory()
        return
      }
      const frame = this.#partition.tail.at(this.#next)
      if (frame === undefined) return
      if (this.#storedOnly && this.#next >= this.#partition.storedEnd && !this.#isPassing(frame)) {
        this.#home.awaited()
        return
      }
      this.#next++
      this.position = frame.nextOffset
      this.#hand(frame)
    }
  }

  #isPassing(batch: Batch): boolean {
    return this.#options.isPassing?.(batch) === true
  }

  #hand(frame: Frame): void {
    this.#busy = true
    frame.lease?.keep()
    try {
      const promise = this.#options.handle(frame)
      if (promise === undefined) this.#done(frame)
      else this.#busy = this.#await(promise, frame)
    } catch (error) {
      this.#done(frame)
      this.#fail(error)
    }
  }

  async #await(promise: Promise<void>, frame: Frame): Promise<void> {
    try {
      await promise
    } catch (error) {
      this.#done(frame)
      return this.#fail(error)
    }
    this.#done(frame)
    this.pump()
  }

  #done(frame: Frame): void {
    this.#busy = undefined
    frame.lease?.letGo()
  }

  /** Reads on from disk until the tail is reached. */
  async #readHistory(): Promise<void> {
    try {
      while (!this.#closed && this.position < this.#partition.tailOffset) {
        const batches = await this.#home.readHistory(this.#partition, this.position, this.#hint)
        if (batches.length === 0) this.position = this.#partition.tailOffset
        for (const batch of batches) {
          while (this.#paused && !this.#closed) await this.#resumed()
          if (this.#closed) return
          this.position = batch.nextOffset
          const promise = this.#options.handle(batch)
          if (promise !== undefined) await promise
        }
      }
    } catch (error) {
      return this.#fail(error)
    } finally {
      this.#busy = undefined
    }
    this.#next = this.#findInTail()
    this.#home.soon(this)
  }

  #resumed(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve))
  }

  #findInTail(): number {
    return this.position < this.#partition.tailOffset ? -1 : this.#partition.indexOf(this.position)
  }

  #fail(error: unknown): void {
    this.#stop()
    this.#options.failed(error)
  }

  #stop(): void {
    if (this.#closed) return
    this.#closed = true
    this.#wake?.()
    const index = this.#readers.indexOf(this)
    if (index >= 0) this.#readers.splice(index, 1)
  }
}
