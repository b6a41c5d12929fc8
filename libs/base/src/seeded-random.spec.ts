// Seeded chance: the same on every run and machine, and fair enough.
import { describe, expect, it } from 'vitest'
import { SeededRandom } from './seeded-random.js'

describe('SeededRandom', () => {
  it('gives the same sequence for the same seed', () => {
    const first = new SeededRandom(42)
    const second = new SeededRandom(42)
    const other = new SeededRandom(43)
    const take = (random: SeededRandom) => Array.from({ length: 5 }, () => random.uint32())
    const sequence = take(first)
    expect(take(second)).toEqual(sequence)
    expect(take(other)).not.toEqual(sequence)
  })

  it('stays below the end and reaches all of it', () => {
    const random = new SeededRandom(1)
    const seen = new Set(Array.from({ length: 1000 }, () => random.below(10)))
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })

  it('shuffles without losing or doubling', () => {
    const random = new SeededRandom(7)
    const items = Array.from({ length: 50 }, (_, i) => i)
    const shuffled = random.shuffle(items)
    expect(shuffled).not.toEqual(items)
    expect(shuffled.sort((a, b) => a - b)).toEqual(items)
  })

  it('takes a chance about as often as told', () => {
    const random = new SeededRandom(3)
    const hits = Array.from({ length: 10_000 }, () => random.chance(0.3)).filter(Boolean).length
    expect(hits).toBeGreaterThan(2800)
    expect(hits).toBeLessThan(3200)
  })

  it('picks nothing from nothing', () => {
    expect(new SeededRandom(1).pick([])).toBeUndefined()
  })
})
