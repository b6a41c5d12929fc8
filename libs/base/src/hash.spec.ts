// Murmur2 as Kafka has it; the values are those of Kafka's own test of its partitioner's hash.
import { describe, expect, it } from 'vitest'
import { utf8Encode } from './bytes.js'
import { hash32, partitionOf } from './hash.js'

describe('hash32', () => {
  it.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])('of %s is what Kafka says', (text, expected) => {
    expect(hash32(utf8Encode(text)) | 0).toBe(expected)
  })

  it('is that of the range', () => {
    const bytes = utf8Encode('xxfoobaryy')
    expect(hash32(bytes, 2, 8)).toBe(hash32(utf8Encode('foobar')))
  })
})

describe('partitionOf', () => {
  it('spreads keys over all partitions, and never leaves them', () => {
    const counts = new Array<number>(16).fill(0)
    for (let i = 0; i < 16_000; i++) {
      const partition = partitionOf(utf8Encode(`client-${String(i)}`), 16)
      counts[partition] = (counts[partition] ?? 0) + 1
    }
    expect(counts.length).toBe(16)
    expect(Math.min(...counts)).toBeGreaterThan(800)
  })

  it('is 0 when there is one partition', () => {
    expect(partitionOf(utf8Encode('x'), 1)).toBe(0)
  })
})
