// Keeps the store beside one partition: now and then a checkpoint of what still waits, memory freed when it holds too much, and pages
// read back when a client drains its queue. The log is the truth: the store is emptied whenever the partition is restored.
import type { Millis } from '#libs/base'
import type { Outcome } from '#libs/service'
import type { SessionPartition } from '#libs/store'
import type { DeliveryFact } from '../core/facts.js'
import { collect, evict, pageWanted, residentBytes, type Checkpoint } from '../core/projection.js'
import type { Queue } from '../core/queue.js'
import { refill, type Refill } from '../core/refill.js'
import type { DeliverySettings } from '../core/settings.js'
import type { DeliveryState } from '../core/state.js'

/** Pages read for one queue at once. */
const pagesPerRead = 4
/** A checkpoint that failed is tried again after so many times the usual pause. */
const retryAfter = 10
export interface CheckpointOptions {
  readonly store: SessionPartition
  readonly after: (millis: Millis, callback: () => void) => () => void
  /** Lets the partition send what a refill has made possible. */
  readonly run: (decide: (now: Millis, outcome: Outcome<DeliveryFact>) => void) => void
  readonly failed: (sentence: string, error: unknown) => void
  readonly settings: DeliverySettings
  /** A checkpoint follows a change after this time at the latest … */
  readonly everyMillis: Millis
  /** … or when so many bytes of the inbox have been read. */
  readonly everyBytes: number
  /** Bytes of waiting messages in memory from which on stored ones leave it. */
  readonly memoryBytes: number
  /** Messages beyond the window that stay in memory, so that a client that comes back need not wait for the store. */
  readonly keptInMemory: number
}

/** Plain numbers that only rise. */
export interface StoreCounters {
  checkpoints: number
  pagesWritten: number
  pagesRead: number
  bytesEvicted: number
}

export class StoreKeeper {
  readonly #options: CheckpointOptions
  #state: DeliveryState | undefined
  /** The store has been emptied for this state. */
  #ready = false
  #busy = false
  #cancel: (() => void) | undefined
  #reads = 0
  #bytesAtLast = 0
  readonly counters: StoreCounters = { checkpoints: 0, pagesWritten: 0, pagesRead: 0, bytesEvicted: 0 }

  constructor(options: CheckpointOptions) {
    this.#options = options
  }

  /** True while nothing is asked of the store. */
  get idle(): boolean {
    return this.#ready && !this.#busy && this.#reads === 0
  }

  /** The partition has a new state, or none while it is being restored. */
  restored(state: DeliveryState | undefined): void {
    this.#state = state
    this.#ready = false
    this.#busy = false
    this.#cancel?.()
    this.#cancel = undefined
    if (state === undefined) return
    this.#bytesAtLast = state.inboxBytes
    // Every queue is new to the empty store.
    for (const queue of state.queues.values()) {
      if (queue.unsaved) continue
      queue.unsaved = true
      state.unsaved.push(queue)
    }
    this.#options.store.wipe().then(
      () => {
        if (this.#state !== state) return
        this.#ready = true
        this.afterBatch(state)
      },
      (error: unknown) => {
        this.#options.failed('the kept-session store could not be emptied and is not used', error)
      },
    )
  }

  /** A batch has been decided about. */
  afterBatch(state: DeliveryState): void {
    if (state !== this.#state || !this.#ready) return
    if (state.wanted.length > 0) void this.#read(state)
    if (this.#busy) return
    if (state.inboxBytes - this.#bytesAtLast >= this.#options.everyBytes) this.#checkpoint(state)
    else if (state.unsaved.length + state.endedSessions.length > 0) {
      this.#cancel ??= this.#options.after(this.#options.everyMillis, () => {
        this.#cancel = undefined
        if (state === this.#state) this.#checkpoint(state)
      })
    }
  }

  #checkpoint(state: DeliveryState): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#busy = true
    this.#bytesAtLast = state.inboxBytes
    const checkpoint = collect(state)
    if (checkpoint.changes.length === 0) {
      this.#done(state, checkpoint)
      return
    }
    // The store may know more than the log has on disk: after a crash it is emptied, and nobody asks it.
    this.#write(state, checkpoint)
  }

  #write(state: DeliveryState, checkpoint: Checkpoint): void {
    if (state !== this.#state) return
    const { store, failed, after, everyMillis } = this.#options
    store.checkpoint(checkpoint.applied, checkpoint.changes).then(
      () => {
        this.counters.checkpoints++
        for (const { kind } of checkpoint.changes) if (kind === 'putPage') this.counters.pagesWritten++
        this.#done(state, checkpoint)
      },
      (error: unknown) => {
        failed('a checkpoint could not be stored and is tried again', error)
        after(everyMillis * retryAfter, () => {
          this.#write(state, checkpoint)
        })
      },
    )
  }

  #done(state: DeliveryState, checkpoint: Checkpoint): void {
    if (state !== this.#state) return
    this.#busy = false
    checkpoint.done()
    const { memoryBytes, keptInMemory, settings } = this.#options
    const resident = residentBytes(state)
    if (resident > memoryBytes) {
      const wanted = resident - memoryBytes * 0.75
      this.counters.bytesEvicted += evict(state, wanted, settings.limits.windowMax + keptInMemory)
    }
    this.afterBatch(state)
  }

  async #read(state: DeliveryState): Promise<void> {
    const { store, run, settings } = this.#options
    const queues = state.wanted
    state.wanted = []
    this.#reads++
    const refills = await Promise.all(queues.map((queue) => this.#readQueue(store, queue)))
    this.#reads--
    if (state !== this.#state) return
    const found = refills.filter((one): one is Refill => one !== undefined)
    // The next batch will find the partition unable to go on, and the log gives back what the store has lost.
    if (found.length < refills.length) state.lost = true
    run((now, outcome) => {
      refill(state, settings, found, now, outcome)
    })
    if (state.wanted.length > 0) void this.#read(state)
  }

  async #readQueue(store: SessionPartition, queue: Queue): Promise<Refill | undefined> {
    const first = pageWanted(queue)
    if (first === undefined || queue.ended) return { queue, pages: [] }
    try {
      const pages = await store.pages(queue, first, pagesPerRead)
      // While the store was asked, the session may have ended or its oldest messages may have gone.
      if (queue.ended || pageWanted(queue) !== first) return { queue, pages: [] }
      if (pages[0]?.first !== first) throw new Error(`no page begins with message ${String(first)}`)
      this.counters.pagesRead += pages.length
      return { queue, pages: pages.map(({ bytes }) => bytes) }
    } catch (error) {
      this.#options.failed('a page of the kept-session store could not be read', error)
      return undefined
    }
  }
}
