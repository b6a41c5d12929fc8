// Runs pure services on a log.
export { systemClock, type Clock } from './clock.js'
export { CommitBuilder } from './commit-builder.js'
export { LastingReader } from './lasting-reader.js'
export { originOf, Origins } from './origin.js'
export { Partition, type PartitionCounters, type PartitionOptions } from './partition.js'
