// Kafka's record batch: building, reading in place, stamping, checking. Pure, because services read batches too.
export * from './record-batch.js'
export * from './record-cursor.js'
export type { Batch, Lease } from './batch.js'
