// The embedded event log: appends go into memory at once, to disk in groups, to readers from memory or disk.
import { crc32c } from '@node-rs/crc32'
import { assert } from '#libs/base'
import { stamp, type Batch, type RecordBatchBuilder } from '#libs/batch'
import type { Topic } from '#libs/topics'
import type {
  Append,
  Claim,
  EventLog,
  LogFailure,
  Pressure,
  Reader,
  ReaderOptions,
  Stored,
  TopicPartition,
} from '../event-log.js'
import { EmbeddedClaim } from './claim.js'
import { Fifo } from './fifo.js'
import { frameHeaderSize, writeFrame } from './frame.js'
import { GroupCommit } from './group-commit.js'
import { readBatches } from './history.js'
import type { Lock } from './lock.js'
import { maintain, type Maintenance } from './maintenance.js'
import type { Manifest } from './manifest.js'
import { LogMetrics } from './metrics.js'
import type { Settings } from './options.js'
import { Frame, type Partition, type PartitionReader } from './partition.js'
import { EmbeddedReader, noHint, type HistoryHint, type ReaderHome } from './reader.js'
import type { Found } from './recovery.js'
import { SegmentRun, type RunEvents } from './segment-run.js'
import { TailCache } from './tail-cache.js'
import { TopicTable } from './topic-table.js'

const closedFailure: LogFailure = { kind: 'closed', sentence: 'the log is closed' }

/** Stands among the frames and is called when all before it are stored. */
class Marker {
  readonly number = 0
  readonly call: (failure: LogFailure | undefined) => void
  constructor(call: (failure: LogFailure | undefined) => void) {
    this.call = call
  }
}

export class EmbeddedLog implements EventLog, ReaderHome, RunEvents {
  readonly atomicCommit = true
  readonly metrics = new LogMetrics()
  readonly maintenance: Maintenance
  writable = true
  readonly #settings: Settings
  readonly #manifest: Manifest
  readonly #lock: Lock
  readonly #messages: SegmentRun
  readonly #state: SegmentRun
  readonly #group: GroupCommit
  readonly #topics: TopicTable
  /** Everything appended and not yet stored, in the order of appending. */
  readonly #unstored = new Fifo<Frame | Marker>()
  readonly #cache: TailCache
  #time = 0
  #closed = false
  readonly #claims = new Map<string, EmbeddedClaim>()
  /** Partitions with new batches, and readers that have a reason to look, since the last `#run`. */
  #dirty: Partition[] = []
  #soon: PartitionReader[] = []
  #scheduled = false
  #giveUp: () => void = () => {}

  /** Use `openEmbeddedLog`. */
  constructor(settings: Settings, manifest: Manifest, lock: Lock, found: Found) {
    this.#settings = settings
    this.#manifest = manifest
    this.#lock = lock
    this.#messages = new SegmentRun('messages', settings, this)
    this.#state = new SegmentRun('state', settings, this)
    for (const run of [this.#messages, this.#state]) {
      const { segments, nextId, open } = found.runs[run.name]
      run.adopt(segments, nextId, open)
    }
    this.#topics = new TopicTable(manifest, this.#messages, this.#state)
    this.#group = new GroupCommit(found.last, () => performance.now(), this.#synced)
    this.#group.connect([this.#messages, this.#state])
    this.#cache = new TailCache(settings, this.metrics)
    this.maintenance = maintain({
      settings,
      manifest,
      messages: this.#messages,
      state: this.#state,
      topics: this.#topics,
      metrics: this.metrics,
      stored: () => this.#allStored(),
    })
  }

  /** What senders should do about the room on the disk. */
  get pressure(): Pressure {
    return this.maintenance.pressure
  }

  createTopics(topics: readonly { readonly topic: Topic; readonly partitions: number }[]): Promise<void> {
    return this.#topics.create(topics)
  }

  append(target: TopicPartition, batch: RecordBatchBuilder, stored?: Stored, awaited = true): void {
    if (this.#closed) return this.#fail(stored, closedFailure)
    this.#append(this.#topics.partition(target), batch, stored, false)
    if (awaited) this.#group.hurry()
    this.#wake()
  }

  /** The state partitions need no fence here: nobody outside this process can write them. */
  claim(...[service, partition]: Parameters<EventLog['claim']>): Promise<Claim> {
    const key = `${service}:${partition}`
    this.#claims.get(key)?.void()
    const claim = new EmbeddedClaim((facts, sends, stored) => this.#commit(facts, sends, stored))
    this.#claims.set(key, claim)
    return Promise.resolve(claim)
  }

  async readState(target: TopicPartition, visit: (batch: Batch) => void): Promise<number> {
    const partition = this.#topics.partition(target)
    const end = partition.endOffset
    const hint = noHint()
    let position = partition.startOffset
    while (position < Math.min(end, partition.tailOffset)) {
      const batches = await this.readHistory(partition, position, hint)
      if (batches.length === 0) break
      for (const batch of batches) {
        position = batch.nextOffset
        if (batch.baseOffset < end) visit(batch)
      }
    }
    for (let i = partition.indexOf(position); i < partition.tail.end; i++) {
      const frame = partition.tail.at(i)
      if (frame === undefined || frame.baseOffset >= end) continue
      // For good: nobody says when it is done with.
      frame.lease?.keep()
      visit(frame)
    }
    return end
  }

  read(target: TopicPartition, options: ReaderOptions): Reader {
    return new EmbeddedReader(this, this.#topics.partition(target), options)
  }

  startOffset(target: TopicPartition): number {
    return this.#topics.partition(target).startOffset
  }

  endOffset(target: TopicPartition): number {
    return this.#topics.partition(target).endOffset
  }

  trim(target: TopicPartition, before: number): void {
    const partition = this.#topics.partition(target)
    this.barrier(() => {
      partition.trimmed = Math.max(partition.trimmed, Math.min(before, partition.storedOffset))
    })
  }

  barrier(stored: () => void): void {
    this.#unstored.push(new Marker((failure) => failure === undefined && stored()))
    this.#group.hurry()
    this.#wake()
  }

  /** Stores what was appended if that is possible, fails the rest with `closed`, and lets go of the directory. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    const givenUp = new Promise<void>((resolve) => (this.#giveUp = resolve))
    const stored = new Promise<void>((resolve) => this.barrier(resolve))
    if (this.writable) await Promise.race([stored, givenUp])
    this.#group.stop()
    await Promise.all([this.#messages.stop(), this.#state.stop()])
    this.#failUnstored()
    await this.maintenance.stop()
    await Promise.all(this.#topics.readers().map((reader) => reader.close()))
    if (this.#group.idle) {
      for (const run of [this.#messages, this.#state]) await run.cutZeros()
      this.#manifest.synced = this.#group.synced
      await this.#manifest.save()
    }
    for (const run of [this.#messages, this.#state])
      for (const segment of run.segments) await segment.retire()
    await this.#lock.release()
  }

  // What readers ask for.

  readHistory(partition: Partition, offset: number, hint: HistoryHint): Promise<readonly Batch[]> {
    this.metrics.historyReads++
    return readBatches(partition.run?.segments ?? [], partition, offset, this.#manifest.salt, hint)
  }

  soon(reader: PartitionReader): void {
    this.#soon.push(reader)
    this.#wake()
  }

  awaited(): void {
    this.#group.hurry()
  }

  // What the runs of segments say.

  failed(error: unknown): void {
    this.metrics.errors++
    if (this.writable)
      this.#settings.notice(
        `The log cannot be written, nothing is acknowledged until it can: ${String(error)}`,
      )
    this.writable = false
    void this.maintenance.check()
    if (this.#closed) this.#giveUp()
  }

  notice(sentence: string): void {
    this.#settings.notice(sentence)
  }

  rolled(): void {
    this.maintenance.rolled()
  }

  other(run: SegmentRun) {
    return run === this.#messages ? this.#state.open : this.#messages.open
  }

  #append(
    partition: Partition,
    batch: RecordBatchBuilder,
    stored: Stored | undefined,
    goesOn: boolean,
  ): Frame {
    assert(batch.count > 0, 'a batch that is appended has records')
    const bytes = batch.bytes
    const run = partition.run
    const room = run === undefined ? 0 : frameHeaderSize
    const chain = partition.chain
    const slab = chain.reserve(room + bytes.length)
    const at = chain.at + room
    slab.bytes.set(bytes, at)
    const view = slab.bytes.subarray(at, at + bytes.length)
    const base = partition.endOffset
    this.#time = Math.max(this.#time, this.#settings.now())
    stamp(view, base, this.#time, run === undefined ? null : crc32c)
    const number = run === undefined ? 0 : this.#group.nextNumber
    const frame = new Frame(partition, number, base, base + batch.count, this.#time, view, slab, stored)
    partition.push(frame)
    this.#unstored.push(frame)
    if (run === undefined) chain.skip()
    else {
      const { syncedBefore } = this.#group
      const { topicId, number: ofTopic } = partition
      writeFrame(
        slab.bytes,
        chain.at,
        this.#manifest.salt,
        number,
        syncedBefore,
        topicId,
        ofTopic,
        bytes.length,
        goesOn,
      )
      this.metrics.unsyncedBytes += bytes.length
      this.maintenance.wrote(room + bytes.length)
      this.#group.add(frame, run)
    }
    this.metrics.appends++
    this.metrics.appendedBytes += bytes.length
    if (!partition.dirty) {
      partition.dirty = true
      this.#dirty.push(partition)
    }
    return frame
  }

  /** One group of frames: each but the last one on disk says that the commit goes on in the next. */
  #commit(facts: readonly Append[], sends: readonly Append[], stored: Stored): void {
    if (this.#closed) return this.#fail(stored, closedFailure)
    const all = sends.length === 0 ? facts : [...facts, ...sends]
    const partitions = all.map((append) => this.#topics.partition(append.target))
    const lastOnDisk = partitions.findLastIndex((partition) => partition.run !== undefined)
    let base = -1
    for (const [i, append] of all.entries()) {
      const partition = partitions[i]
      assert(partition !== undefined, 'every append has its partition')
      if (i < facts.length || facts.length === 0) base = partition.endOffset
      const last = i === all.length - 1
      const told = last ? (failure: LogFailure | undefined): void => stored(failure, base) : undefined
      this.#append(partition, append.batch, told, i < lastOnDisk)
    }
    if (all.length === 0) this.#unstored.push(new Marker((failure) => stored(failure, -1)))
    if (lastOnDisk >= 0) this.#group.hurry()
    this.#wake()
  }

  #wake(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    process.nextTick(this.#run)
  }

  /** Runs whoever has something new to see. Never inside an append; what handlers append is seen in the same run. */
  readonly #run = (): void => {
    while (this.#dirty.length > 0 || this.#soon.length > 0) {
      const dirty = this.#dirty
      const soon = this.#soon
      if (dirty.length > 0) this.#dirty = []
      if (soon.length > 0) this.#soon = []
      for (const partition of dirty) {
        partition.dirty = false
        pumpAll(partition.appendedReaders)
        pumpAll(partition.storedReaders)
      }
      for (const reader of soon) reader.pump()
    }
    this.#release()
    this.#scheduled = false
    if (this.#dirty.length > 0 || this.#soon.length > 0) this.#wake()
  }

  /** A group is on disk. */
  readonly #synced = (micros: number): void => {
    this.metrics.groups++
    this.metrics.groupMicros.record(Math.max(1, Math.round(micros)))
    if (!this.writable) {
      this.writable = true
      this.#settings.notice('The log can be written again')
    }
    this.#release()
  }

  /** Tells of everything that is stored by now, in the order of appending, and shows it to the readers that wait for that. */
  #release(): void {
    for (;;) {
      const next = this.#unstored.first()
      if (next === undefined || next.number > this.#group.synced) return
      this.#unstored.shift()
      if (next instanceof Marker) {
        guarded(next.call)
        continue
      }
      const { owner, stored } = next
      owner.storedEnd++
      owner.storedOffset = next.nextOffset
      if (stored !== undefined) {
        next.stored = undefined
        guarded(stored, next.baseOffset)
      }
      pumpAll(owner.storedReaders)
      if (owner.run !== undefined) this.metrics.unsyncedBytes -= next.bytes.length
      this.#cache.add(next)
    }
  }

  /** Rejects if the log is closed before. */
  #allStored(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#unstored.push(
        new Marker((failure) => (failure === undefined ? resolve() : reject(new Error(failure.sentence)))),
      )
      this.#group.hurry()
      this.#wake()
    })
  }

  #fail(stored: Stored | undefined, failure: LogFailure): void {
    if (stored !== undefined) process.nextTick(stored, failure, -1)
  }

  #failUnstored(): void {
    for (let entry = this.#unstored.shift(); entry !== undefined; entry = this.#unstored.shift()) {
      if (entry instanceof Marker) entry.call(closedFailure)
      else entry.stored?.(closedFailure, entry.baseOffset)
    }
  }
}

/** From the back, so that a reader that ends while it is pumped does not make another one be left out. */
function pumpAll(readers: readonly PartitionReader[]): void {
  for (let i = readers.length - 1; i >= 0; i--) readers[i]?.pump()
}

/** A callback that throws is its owner's mistake: it must not keep the others from being called. */
function guarded(callback: Stored, baseOffset = -1): void {
  try {
    callback(undefined, baseOffset)
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}
