// The memory log: the log that the simulation's processes share. Nothing in it happens by itself: `step()` lets a seeded scheduler
// choose one thing that goes on. Processes talk to it through clients.
import { copyOf, HOUR, SeededRandom, type Millis } from '#libs/base'
import { RecordCursor, recordCountOf, type Batch, type RecordBatchBuilder } from '#libs/batch'
import type { Topic } from '#libs/topics'
import type { LogFailure, Stored, TopicPartition } from '../event-log.js'
import { filterBatch } from '../filter-batch.js'
import type { Actor } from './actor.js'
import type { Lane, LaneHome } from './lane.js'
import { MemoryClient } from './memory-client.js'
import { MemoryPartition } from './memory-partition.js'

export interface MemoryLogOptions {
  readonly seed?: number
  /** The clock that stamps batches; a constant 0 by default. */
  readonly now?: () => Millis
  /**
   * `oneProcess` (default) behaves like the embedded log: appends are seen at once, stored later in one order, a commit is whole.
   * `cluster` behaves like Kafka: appends travel, land and are acknowledged per partition, a commit may be cut short.
   */
  readonly shape?: 'oneProcess' | 'cluster'
  /** Compaction keeps tombstones this long; an hour by default. */
  readonly compactionLagMillis?: Millis
}

/** In the one order of a `oneProcess` log: an append or a marker that waits for all before it. */
interface Entry {
  readonly partition: MemoryPartition | undefined
  readonly batch: Batch | undefined
  readonly goesOn: boolean
  stored: Stored | undefined
}

/** Offsets of topics in memory begin at a multiple of this after each power cut. */
const offsetsPerIncarnation = 2 ** 32

export class MemoryLog implements LaneHome {
  readonly random: SeededRandom
  readonly shape: 'oneProcess' | 'cluster'
  /** False lets nothing land or be stored: the disk is full, or the network is gone. */
  reachable = true
  /** What has happened so far, for the simulation's report. */
  readonly counts = {
    steps: 0,
    claims: 0,
    refusedWriters: 0,
    compactions: 0,
    compactedRecords: 0,
    powerCuts: 0,
    lostBatches: 0,
    leadersLost: 0,
  }
  readonly #now: () => Millis
  readonly #compactionLag: Millis
  #time = 0
  #incarnation = 0
  readonly #topics = new Map<string, readonly MemoryPartition[]>()
  readonly #epochs = new Map<string, number>()
  readonly #actors = new Set<Actor>()
  #clients: MemoryClient[] = []
  #unstored: Entry[] = []

  constructor(options: MemoryLogOptions = {}) {
    this.random = new SeededRandom(options.seed ?? 1)
    this.shape = options.shape ?? 'oneProcess'
    this.#now = options.now ?? (() => 0)
    this.#compactionLag = options.compactionLagMillis ?? HOUR
  }

  /** The log as one more process sees it. */
  connect(): MemoryClient {
    const client = new MemoryClient(this)
    this.#clients.push(client)
    return client
  }

  /** Lets one thing go on, chosen by the seed; false when nothing is under way. */
  step(): boolean {
    const ready: Actor[] = []
    for (const actor of this.#actors) if (actor.ready) ready.push(actor)
    const storing = this.#unstored.length > 0 && this.reachable
    const choice = this.random.below(ready.length + (storing ? 1 : 0))
    const actor = ready[choice]
    if (actor === undefined && !storing) return false
    this.counts.steps++
    if (actor !== undefined) actor.act()
    else this.store(1 + this.random.below(this.#unstored.length))
    return true
  }

  /** Steps until nothing is under way any more, also not after promises have gone on. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 50; quiet++) {
      if (this.step()) quiet = 0
      await Promise.resolve()
    }
  }

  /** The power fails in a `oneProcess` log: what was not stored is lost from some point on, topics in memory are empty, all clients die. */
  powerCut(): void {
    this.counts.powerCuts++
    let kept = this.random.below(this.#unstored.length + 1)
    while (kept > 0 && this.#unstored[kept - 1]?.goesOn === true) kept--
    for (const entry of this.#unstored.splice(kept).reverse()) {
      if (entry.batch === undefined) continue
      entry.partition?.pop()
      this.counts.lostBatches++
    }
    for (const entry of this.#unstored) entry.stored = undefined
    this.store(this.#unstored.length)
    this.#incarnation++
    for (const partitions of this.#topics.values())
      for (const partition of partitions) if (partition.topic.memory) this.#empty(partition)
    for (const client of [...this.#clients]) client.crash()
  }

  /** One partition (any, if none is named) of a `cluster` log loses its leader; the result gives it another one. */
  loseLeader(target?: TopicPartition): () => void {
    const partition = target === undefined ? this.random.pick(this.#partitions) : this.partition(target)
    if (partition === undefined) return () => undefined
    this.counts.leadersLost++
    partition.reachable = false
    return () => {
      partition.reachable = true
    }
  }

  /** Those that one of three machines leads. */
  somePartitions(): readonly MemoryPartition[] {
    return this.#partitions.filter(() => this.random.chance(1 / 3))
  }

  get #partitions(): readonly MemoryPartition[] {
    return [...this.#topics.values()].flat()
  }

  /** Compacts one state partition (any, if none is named): older values of a key go, and tombstones that are old enough. */
  compact(target?: TopicPartition): void {
    const states = this.#partitions.filter((partition) => partition.topic.kind === 'state')
    const partition = target === undefined ? this.random.pick(states) : this.partition(target)
    if (partition === undefined) return
    this.counts.compactions++
    compactPartition(partition, this.#now() - this.#compactionLag, (dropped) => {
      this.counts.compactedRecords += dropped
    })
  }

  // What clients, lanes and readers ask for.

  createTopic(topic: Topic, partitions: number): void {
    const known = this.#topics.get(topic.name)
    if (known === undefined) {
      const start = topic.memory ? this.#incarnation * offsetsPerIncarnation : 0
      const made = Array.from(
        { length: partitions },
        (_, number) => new MemoryPartition(topic, number, start),
      )
      this.#topics.set(topic.name, made)
    } else if (known.length !== partitions)
      throw new Error(`topic ${topic.name} has ${known.length} partitions, not ${partitions}`)
  }

  partition(target: TopicPartition): MemoryPartition {
    const partition = this.#topics.get(target.topic)?.[target.partition]
    if (partition === undefined)
      throw new Error(`the topic ${target.topic} has not been created with partition ${target.partition}`)
    return partition
  }

  /** A new epoch for a producer; it refuses the older ones in the partitions named. */
  claim(producer: string, states: readonly TopicPartition[]): number {
    this.counts.claims++
    const epoch = (this.#epochs.get(producer) ?? 0) + 1
    this.#epochs.set(producer, epoch)
    for (const target of states) this.partition(target).epochs.set(producer, epoch)
    return epoch
  }

  epochOf(producer: string): number {
    return this.#epochs.get(producer) ?? 0
  }

  /** Appends at once, in a `oneProcess` log. */
  appendNow(
    partition: MemoryPartition,
    builder: RecordBatchBuilder,
    goesOn: boolean,
    stored: Stored | undefined,
  ): void {
    const batch = partition.push(copyOf(builder.bytes), builder.count, this.now())
    this.#unstored.push({ partition, batch, goesOn, stored })
  }

  /** Called when everything appended before is stored, in a `oneProcess` log. */
  mark(stored: (failure: LogFailure | undefined) => void): void {
    this.#unstored.push({ partition: undefined, batch: undefined, goesOn: false, stored })
  }

  /** Stores the first entries, more if a commit would be cut, and calls back in order. */
  store(count: number): void {
    let end = count
    while (end < this.#unstored.length && this.#unstored[end - 1]?.goesOn === true) end++
    for (const { partition, batch, stored } of this.#unstored.splice(0, end)) {
      if (partition !== undefined && batch !== undefined) partition.storedOffset = batch.nextOffset
      stored?.(undefined, batch?.baseOffset ?? -1)
    }
  }

  storeAll(): void {
    while (this.#unstored.length > 0) this.store(this.#unstored.length)
  }

  addActor(actor: Actor): void {
    this.#actors.add(actor)
  }

  removeActor(actor: Actor): void {
    this.#actors.delete(actor)
  }

  clientEnded(client: MemoryClient): void {
    this.#clients = this.#clients.filter((other) => other !== client)
  }

  /** Never goes backwards, whatever the clock does. */
  now(): Millis {
    this.#time = Math.max(this.#time, this.#now())
    return this.#time
  }

  laneEnded(lane: Lane): void {
    this.removeActor(lane)
  }

  writerRefused(): void {
    this.counts.refusedWriters++
  }

  #empty(partition: MemoryPartition): void {
    partition.batches = []
    const start = this.#incarnation * offsetsPerIncarnation
    partition.startOffset = partition.endOffset = partition.storedOffset = start
  }
}

/** Keeps the last stored value of each key; batches that are not stored yet are left alone. */
function compactPartition(
  partition: MemoryPartition,
  tombstonesUntil: Millis,
  dropped: (count: number) => void,
): void {
  const cursor = new RecordCursor()
  const latest = new Map<string, number>()
  for (const batch of partition.batches) {
    if (batch.nextOffset > partition.storedOffset) break
    cursor.open(batch.bytes)
    while (cursor.next()) latest.set(keyOf(cursor), cursor.offset)
  }
  const batches: Batch[] = []
  for (const batch of partition.batches) {
    const keep = (record: RecordCursor): boolean =>
      latest.get(keyOf(record)) === record.offset &&
      (record.valueFrom >= 0 || batch.appendTime > tombstonesUntil)
    const bytes =
      batch.nextOffset > partition.storedOffset ? batch.bytes : filterBatch(batch.bytes, keep, null)
    const left = bytes === null ? 0 : recordCountOf(bytes)
    dropped(recordCountOf(batch.bytes) - left)
    if (bytes !== null) batches.push(bytes === batch.bytes ? batch : { ...batch, bytes })
  }
  partition.batches = batches
}

const keyOf = (record: RecordCursor): string =>
  String.fromCharCode(...record.bytes.subarray(Math.max(0, record.keyFrom), Math.max(0, record.keyTo)))
