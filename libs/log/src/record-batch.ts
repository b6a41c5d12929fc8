// Moved to the pure room libs/batch (record-batch.ts, its spec, record-cursor.ts): edit it there; import '#libs/batch' and delete this file.
export * from '#libs/batch'
