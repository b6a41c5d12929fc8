// What other rooms may use of the log: the port, the embedded adapter, the memory adapter.
export { RecordBatchBuilder, RecordCursor } from '#libs/batch'
export type {
  Append,
  Batch,
  Claim,
  EventLog,
  LogFailure,
  Pressure,
  Reader,
  ReaderOptions,
  Stored,
  TopicPartition,
  Visibility,
} from './event-log.js'
export { openEmbeddedLog } from './embedded/open.js'
export type { EmbeddedLogOptions } from './embedded/options.js'
export type { EmbeddedLog } from './embedded/embedded-log.js'
export { makeDirectory } from './embedded/files.js'
export { DirectoryInUse } from './embedded/lock.js'
export { NewerFormat } from './embedded/manifest.js'
export { OtherPartitionCount } from './embedded/topic-table.js'
export { DamagedLog } from './embedded/recovery.js'
export type { LogMetrics } from './embedded/metrics.js'
export { filterBatch } from './filter-batch.js'
export { MemoryLog } from './memory/memory-log.js'
export type { MemoryLogOptions } from './memory/memory-log.js'
export type { MemoryClient } from './memory/memory-client.js'
