// One partition in memory: its offsets, the tail that readers are served from, and its readers.
import type { Batch } from '#libs/batch'
import type { Retention, Topic } from '#libs/topics'
import type { Stored } from '../event-log.js'
import { Fifo } from './fifo.js'
import type { SegmentRun } from './segment-run.js'
import type { Slab } from './slab.js'
import { SlabChain } from './slab-chain.js'

/** What a frame takes in memory besides its bytes: the object and its view, measured. */
const frameCost = 300

/** An appended batch on its way: to the disk, to readers, out of the cache. */
export class Frame implements Batch {
  /** The running number on disk; 0 for what stays in memory. */
  readonly number: number
  readonly owner: Partition
  readonly topic: string
  readonly partition: number
  readonly baseOffset: number
  readonly nextOffset: number
  readonly appendTime: number
  readonly bytes: Uint8Array
  /** Held until it leaves the tail; undefined for one that was read from disk. */
  readonly lease: Slab | undefined
  stored: Stored | undefined

  constructor(
    owner: Partition,
    number: number,
    baseOffset: number,
    nextOffset: number,
    appendTime: number,
    bytes: Uint8Array,
    lease: Slab | undefined,
    stored: Stored | undefined,
  ) {
    this.owner = owner
    this.topic = owner.topic
    this.partition = owner.number
    this.number = number
    this.baseOffset = baseOffset
    this.nextOffset = nextOffset
    this.appendTime = appendTime
    this.bytes = bytes
    this.lease = lease
    this.stored = stored
  }

  /** Bytes that it takes in memory, itself included. */
  get cost(): number {
    return this.bytes.length + frameCost
  }
}

/** What the partition asks of its readers. */
export interface PartitionReader {
  readonly position: number
  pump(): void
  close(): Promise<void>
}

export class Partition {
  readonly topic: string
  readonly topicId: number
  readonly number: number
  /** Where its batches go; undefined when they stay in memory. */
  readonly run: SegmentRun | undefined
  /** Where its batches lie: beside those of its file; alone when they stay in memory, each topic for as long as it likes. */
  readonly chain: SlabChain
  readonly retention: Retention
  startOffset: number
  endOffset: number
  storedOffset: number
  /** The batches still in memory, by running number; those from `storedEnd` on are not stored yet. */
  readonly tail = new Fifo<Frame>()
  storedEnd = 0
  /** Bytes of `tail`, kept for partitions in memory. */
  tailBytes = 0
  /** The owner's permission to forget: everything below. */
  trimmed = 0
  dirty = false
  readonly appendedReaders: PartitionReader[] = []
  readonly storedReaders: PartitionReader[] = []

  constructor(given: {
    readonly topic: Topic
    readonly topicId: number
    readonly number: number
    readonly run: SegmentRun | undefined
    readonly start: number
    readonly end: number
  }) {
    this.topic = given.topic.name
    this.retention = given.topic.retention
    this.topicId = given.topicId
    this.number = given.number
    this.run = given.run
    this.chain = given.run?.chain ?? new SlabChain()
    this.startOffset = given.start
    this.endOffset = this.storedOffset = given.end
  }

  /** The first offset in memory; `endOffset` when nothing is. */
  get tailOffset(): number {
    return this.tail.first()?.baseOffset ?? this.endOffset
  }

  push(frame: Frame): void {
    frame.lease?.keep()
    this.tail.push(frame)
    this.tailBytes += frame.cost
    this.endOffset = frame.nextOffset
  }

  /** Forgets the oldest batch in memory. */
  evict(): void {
    const frame = this.tail.shift()
    if (frame === undefined) return
    this.tailBytes -= frame.cost
    frame.lease?.letGo()
    if (this.run === undefined) this.startOffset = frame.nextOffset
  }

  /** The running number in `tail` of the first batch that ends after `offset`; `tail.end` if there is none. */
  indexOf(offset: number): number {
    let low = this.tail.start
    let high = this.tail.end
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      const frame = this.tail.at(middle)
      if (frame !== undefined && frame.nextOffset <= offset) low = middle + 1
      else high = middle
    }
    return low
  }

  /** The position of the slowest open reader; Infinity without readers. */
  get slowestReader(): number {
    let slowest = Infinity
    for (const reader of this.appendedReaders) slowest = Math.min(slowest, reader.position)
    for (const reader of this.storedReaders) slowest = Math.min(slowest, reader.position)
    return slowest
  }
}
