// Runs pure services on a log.
export { systemClock, type Clock } from './clock.js'
export { CommitBuilder } from './commit-builder.js'
export { Partition, type PartitionOptions } from './partition.js'
