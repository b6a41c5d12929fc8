// The event-log port: what every adapter (embedded, memory, Kafka) does for the services. No adapter's name stands here.
import type { Batch, RecordBatchBuilder } from '#libs/batch'
import type { Topic } from '#libs/topics'

export type { Batch } from '#libs/batch'

/** One partition of a topic. */
export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/** Why the log did not take an append. `refused`: another owner holds the partition. `unavailable`: no room, failing disk. */
export interface LogFailure {
  readonly kind: 'refused' | 'unavailable' | 'closed'
  readonly sentence: string
}

/** Called once per append, in order per partition, when its records are stored (or will never be). */
export type Stored = (failure: LogFailure | undefined, baseOffset: number) => void

/** One append of a commit: all records of `batch` to one partition. */
export interface Append {
  readonly target: TopicPartition
  readonly batch: RecordBatchBuilder
}

/**
 * The right to write the state partitions of one service's partition; the previous holder is refused from now on. It hears of that when
 * it commits and not before, and what it has not read may be trimmed: who is given a partition back claims and restores it anew.
 */
export interface Claim {
  /**
   * Appends all facts (the second state topic first, the main one last) and then the sends, in order. An adapter with
   * `atomicCommit` stores all of them or none; with others the caller keeps an outbox, and after facts that were not stored no
   * later commit of this claim is. The builders may be reused on return.
   */
  commit(facts: readonly Append[], sends: readonly Append[], stored: Stored): void
  /** Gives the right back; what is committed afterwards is refused. */
  release(): Promise<void>
}

/**
 * `appended`: as soon as the log has accepted it, though a crash may still take it. `stored`: when it would survive one.
 * What leaves the process must follow from stored records only; adapters that know no difference treat both alike.
 */
export type Visibility = 'appended' | 'stored'

export interface ReaderOptions {
  /** The first offset wanted, or `end` for what comes from now on. */
  readonly from: number | 'end'
  readonly visibility: Visibility
  /**
   * For a reader of `stored` records: true for a batch whose loss in a crash would break no promise. It may be handed out as soon as it
   * is appended, if all before it have been; an adapter need not ask. Must not throw.
   */
  readonly isPassing?: (batch: Batch) => boolean
  /**
   * Takes one batch at a time, in order; a promise holds the next one back. A throw stops the reader and goes to `failed`. The bytes of a
   * batch with a lease are lent until it returns or its promise settles.
   */
  readonly handle: (batch: Batch) => void | Promise<void>
  readonly failed: (error: unknown) => void
}

/** A running reader of one partition. */
export interface Reader {
  /** The offset of the next record that `handle` will be given. */
  readonly position: number
  /** Nothing is handed out until `resume`, but for a batch that `handle` has begun with. */
  pause(): void
  resume(): void
  /** Nothing more is handed out; resolves when `handle` is through with what it has. */
  close(): Promise<void>
}

/** What senders should do while the disk fills up: nothing special, drop messages of QoS 0, take no messages at all. */
export type Pressure = 'none' | 'dropQos0' | 'hold'

/** A partitioned, durable, ordered log. */
export interface EventLog {
  /** True when a commit is stored whole or not at all, so that no outbox is needed. */
  readonly atomicCommit: boolean
  readonly pressure: Pressure
  /** False while nothing can be stored (disk full or failing): senders should refuse rather than wait. */
  readonly writable: boolean
  /** Creates the topics that are missing, with this many partitions each; refuses a different count than exists. */
  createTopics(topics: readonly { readonly topic: Topic; readonly partitions: number }[]): Promise<void>
  /**
   * Appends one batch (its records get consecutive offsets). The builder may be reused on return. Not `awaited`: nobody waits for
   * `stored`, so the log may let a moment pass until it stores the batch together with others.
   */
  append(target: TopicPartition, batch: RecordBatchBuilder, stored?: Stored, awaited?: boolean): void
  /** Makes the caller the only one who can commit for this partition of the service. `states`: the partitions that it writes facts to. */
  claim(service: string, partition: number, states: readonly TopicPartition[]): Promise<Claim>
  /** Reads a state partition from its start to the end it has when called; resolves with that end. What it shows is not lent: it stays. */
  readState(target: TopicPartition, visit: (batch: Batch) => void): Promise<number>
  /** Begins to read. Throws RangeError when `from` lies behind the end; an offset that was forgotten begins at the start instead. */
  read(target: TopicPartition, options: ReaderOptions): Reader
  /** The offset of the oldest record that is kept; the end when there is none. */
  startOffset(target: TopicPartition): number
  /** The offset that the next appended record will get. */
  endOffset(target: TopicPartition): number
  /** Allows the log to forget records before `before`. */
  trim(target: TopicPartition, before: number): void
  /** Calls back when everything appended so far is stored: the way for what leaves the process by another door. */
  barrier(stored: () => void): void
  /** Stores what was appended if it can, fails the rest with `closed`, and ends all readers. */
  close(): Promise<void>
}
