// Fears: a value overwritten by another, and memory that stays when its values have gone.
import { describe, expect, it } from 'vitest'
import { SeededRandom } from '#libs/base'
import { ByteArena, Placed } from './byte-arena.js'

class Item extends Placed {
  mark = 0
}

function place(arena: ByteArena, length: number, mark: number): Item {
  const item = new Item()
  arena.place(item, length)
  item.mark = mark
  item.bytes.fill(mark, item.from, item.from + item.length)
  return item
}

const isWhole = (item: Item): boolean =>
  item.bytes.subarray(item.from, item.from + item.length).every((byte) => byte === item.mark)

describe('byte arena', () => {
  it('keeps every value as it is, and no more than about twice their bytes (seed 1)', () => {
    const random = new SeededRandom(1)
    const arena = new ByteArena()
    let items: Item[] = []
    for (let i = 0; i < 20_000; i++) {
      items.push(place(arena, 1 + random.below(random.chance(0.01) ? 60_000 : 500), i & 255))
      if (random.chance(0.45)) {
        const at = random.below(items.length)
        const [gone] = items.splice(at, 1)
        if (gone !== undefined) arena.release(gone)
      }
      if (i % 5_000 === 4_999) {
        for (const item of items) expect(isWhole(item)).toBe(true)
        const half = items.length / 2
        for (const item of items.slice(half)) arena.release(item)
        items = items.slice(0, half)
      }
    }
    expect(items.every(isWhole)).toBe(true)
    expect(arena.live).toBe(items.reduce((sum, item) => sum + item.length, 0))
    expect(arena.held).toBeLessThan(arena.live * 2 + 600_000)
    for (const item of items) arena.release(item)
    expect(arena.live).toBe(0)
    expect(arena.held).toBeLessThan(600_000)
  })

  it('does not mind a value released twice', () => {
    const arena = new ByteArena()
    const item = place(arena, 10, 1)
    arena.release(item)
    arena.release(item)
    expect(arena.live).toBe(0)
  })
})
