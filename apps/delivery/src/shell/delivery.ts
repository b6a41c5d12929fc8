// What the module wires: the service with a store keeper beside each of its partitions, and the topic that it reads.
import { SECOND, type Millis } from '#libs/base'
import type { Outcome } from '#libs/service'
import type { KeptSessionStore } from '#libs/store'
import { catalogue } from '#libs/topics'
import { deliveryService } from '../core/delivery.service.js'
import type { DeliveryFact } from '../core/facts.js'
import { deliverySettings, type DeliveryCounters, type DeliveryLimits } from '../core/settings.js'
import type { DeliveryState } from '../core/state.js'
import { windowBytesMax } from '../core/window.js'
import { StoreKeeper, type StoreCounters } from './checkpoint.js'

export const inbox = catalogue.deliveryInbox

/** A checkpoint follows a change after `checkpointMillis`, or after so many bytes of the inbox. */
const checkpointBytes = 16 * 1024 * 1024

export interface DeliveryOptions {
  readonly limits: DeliveryLimits
  readonly store: KeptSessionStore
  readonly after: (millis: Millis, callback: () => void) => () => void
  /** Lets a partition send what no batch brought about. */
  readonly run: (partition: number, decide: (now: Millis, outcome: Outcome<DeliveryFact>) => void) => void
  readonly failed: (sentence: string, error: unknown) => void
  /** Bytes of waiting messages in memory, over all partitions. */
  readonly memoryBytes: number
  /** As `everyMillis` in `CheckpointOptions`; a second if not given. */
  readonly checkpointMillis?: number
  /** As in `CheckpointOptions`; 100 if not given. */
  readonly keptInMemory?: number
  /** As in `DeliverySettings`. */
  readonly inboxBytesMax?: number
  readonly partitions: number
}

/** The delivery app without Nest. */
export class Delivery {
  readonly #options: DeliveryOptions
  readonly #settings
  readonly #states = new Map<number, DeliveryState>()
  readonly #keepers = new Map<number, StoreKeeper>()
  readonly service
  /** Bytes of waiting messages that may be in memory. */
  readonly memoryBytes: number

  constructor(options: DeliveryOptions) {
    this.#options = options
    this.memoryBytes = options.memoryBytes
    const { limits, inboxBytesMax } = options
    this.#settings = deliverySettings({
      limits,
      ...(inboxBytesMax === undefined ? {} : { inboxBytesMax }),
      afterBatch: (state) => {
        this.#keepers.get(state.placement.partition)?.afterBatch(state)
      },
    })
    this.service = deliveryService(this.#settings)
  }

  get counters(): Readonly<DeliveryCounters> {
    return this.#settings.counters
  }

  /** What the store keepers of all partitions have done. */
  get storeCounters(): Readonly<StoreCounters> {
    const sum: StoreCounters = { checkpoints: 0, pagesWritten: 0, pagesRead: 0, bytesEvicted: 0 }
    for (const { counters } of this.#keepers.values()) {
      sum.checkpoints += counters.checkpoints
      sum.pagesWritten += counters.pagesWritten
      sum.pagesRead += counters.pagesRead
      sum.bytesEvicted += counters.bytesEvicted
    }
    return sum
  }

  /** Bytes on their way to one client, at most; one message may always be. */
  readonly windowBytesMax = windowBytesMax

  /** How much waits now; walks over all queues, so for a scrape. */
  waiting(): {
    readonly messages: number
    readonly bytes: number
    readonly residentBytes: number
    /** On their way to the one client that has the most. */
    readonly windowBytes: number
  } {
    let messages = 0
    let bytes = 0
    let resident = 0
    let windowBytes = 0
    for (const state of this.#states.values()) {
      // They stand in the queues of members, too.
      for (const { lent } of state.groups.values()) messages -= lent
      for (const { line } of [...state.queues.values(), ...state.groups.values()]) {
        messages += line.length
        bytes += line.bytes
        resident += line.bytes - line.evictedBytes
        windowBytes = Math.max(windowBytes, line.outstandingBytes)
      }
    }
    return { messages, bytes, residentBytes: resident, windowBytes }
  }

  /** A partition has another state, or none for now. */
  restored(partition: number, state: DeliveryState | undefined): void {
    if (state === undefined) this.#states.delete(partition)
    else this.#states.set(partition, state)
    let keeper = this.#keepers.get(partition)
    if (keeper === undefined) this.#keepers.set(partition, (keeper = this.#newKeeper(partition)))
    keeper.restored(state)
  }

  async close(): Promise<void> {
    for (const keeper of this.#keepers.values()) keeper.restored(undefined)
    await this.#options.store.close()
  }

  #newKeeper(partition: number): StoreKeeper {
    const { store, after, run, failed, memoryBytes, partitions } = this.#options
    const { checkpointMillis = SECOND, keptInMemory = 100 } = this.#options
    return new StoreKeeper({
      store: store.partition(partition),
      after,
      run: (decide) => {
        run(partition, decide)
      },
      failed,
      settings: this.#settings,
      everyMillis: checkpointMillis,
      everyBytes: checkpointBytes,
      memoryBytes: memoryBytes / partitions,
      keptInMemory,
    })
  }
}
