// A run of records as its reader gets it.
import type { Millis } from '#libs/base'

/** A run of records of one partition: one Kafka record batch (v2), whole. All of it are fields: `{ ...batch, bytes }` is a batch. */
export interface Batch {
  readonly topic: string
  readonly partition: number
  readonly baseOffset: number
  /** The offset after the last record of the batch (compaction may have left gaps inside). */
  readonly nextOffset: number
  /** Stamped by the log (`LogAppendTime`), milliseconds since 1970. */
  readonly appendTime: Millis
  /**
   * The batch's bytes. They are part of a bigger piece of memory (two megabytes): copy what is kept for long. Without a lease they stay as
   * they are for as long as somebody holds them.
   */
  readonly bytes: Uint8Array
  /** Given by a log that uses the memory again: the bytes are lent for the call that brings them, and longer only to who keeps the lease. */
  readonly lease?: Lease | undefined
}

/** Memory that goes back to its owner when everybody has let go of it. Who forgets to only leaves it to the garbage collector. */
export interface Lease {
  /** Holds the bytes beyond the call that brought them. */
  keep(): void
  /** Once for each `keep`: the caller looks at the bytes no more. */
  letGo(): void
}
