// What the embedded log counts; somebody else reads it now and then.
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'

export class LogMetrics {
  /** Batches and their bytes that were appended, those of topics in memory included. */
  appends = 0
  appendedBytes = 0
  /** Groups that were written and synced. */
  groups = 0
  /** Writes and syncs that failed. */
  errors = 0
  /** Bytes that are not yet on disk. */
  unsyncedBytes = 0
  /** Bytes of stored batches in memory, for readers that follow closely, and how many there may be. */
  cacheBytes = 0
  cacheBytesMax = 0
  /** Times that a reader found no batch in memory and read the disk. */
  historyReads = 0
  /** From the start of a group's write to the end of its sync, in microseconds. */
  readonly groupMicros: RecordableHistogram = createHistogram()
}
