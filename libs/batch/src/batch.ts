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
   * The batch's bytes; they stay as they are for as long as somebody holds them. They are part of a bigger piece of memory (a
   * megabyte): copy what is kept for long.
   */
  readonly bytes: Uint8Array
}
