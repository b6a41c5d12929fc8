// Feared: a copy of some records keeps the log's memory in which all of them lie.
import { RecordBatchBuilder, type Batch, type Lease } from '#libs/batch'
import { describe, expect, it } from 'vitest'
import { without } from './input.js'
import { partsOf, restOf } from './parts.js'

const lease: Lease = { keep: () => undefined, letGo: () => undefined }

/** Three records of about 100 bytes. */
function lent(): Batch {
  const builder = new RecordBatchBuilder(1024)
  for (const byte of [1, 2, 3]) builder.add(null, new Uint8Array(100).fill(byte))
  const bytes = builder.bytes.slice()
  return { topic: 't', partition: 0, baseOffset: 0, nextOffset: 3, appendTime: 1, bytes, lease }
}

describe('a batch that is lent', () => {
  it('is lent whole when it is small enough, and new', () => {
    const batch = lent()
    expect(partsOf(batch, 10_000)).toEqual([batch])
    expect(restOf(batch, 0)).toBe(batch)
    expect(without(batch, new Set([7]))).toBe(batch)
  })

  it('is not lent when what is left of it is a copy', () => {
    const batch = lent()
    const copies = [...partsOf(batch, 150), restOf(batch, 1), without(batch, new Set([1]))]
    expect(copies.map((copy) => copy?.lease)).toEqual([undefined, undefined, undefined, undefined, undefined])
  })
})
