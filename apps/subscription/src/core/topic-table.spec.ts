// Fears: one name's value found under another, a table that grows for ever, collisions chosen by an attacker.
import { describe, expect, it } from 'vitest'
import { hash32, SeededRandom, utf8Encode } from '#libs/base'
import { TopicTable } from './topic-table.js'

const limits = { namesMax: 1_000, bytesMax: 100_000 }

function find(table: TopicTable<string>, name: string): number {
  const bytes = utf8Encode(`xx${name}yy`)
  return table.find(bytes, 2, bytes.length - 2)
}

function invalidate(table: TopicTable<string>, name: string): void {
  table.invalidate(utf8Encode(name))
}

describe('topic table', () => {
  it('gives what was put for a name, nothing for one that is new', () => {
    const table = new TopicTable<string>(limits, '')
    expect(table.versionAt(find(table, 'a'))).toBe(-1)
    table.put(find(table, 'a'), 'A', 3)
    table.put(find(table, ''), 'empty', 4)
    table.put(find(table, 'ä'.repeat(30_000)), 'long', 5)
    expect([table.valueAt(find(table, 'a')), table.versionAt(find(table, 'a'))]).toEqual(['A', 3])
    expect(table.valueAt(find(table, ''))).toBe('empty')
    expect(table.valueAt(find(table, 'ä'.repeat(30_000)))).toBe('long')
    invalidate(table, 'a')
    invalidate(table, 'unknown')
    expect([table.valueAt(find(table, 'a')), table.versionAt(find(table, 'a'))]).toEqual(['', -1])
  })

  it('never gives one name the value of another, and stays bounded (seed 1)', () => {
    const random = new SeededRandom(1)
    const table = new TopicTable<string>(limits, '')
    for (let i = 0; i < 100_000; i++) {
      const name = `t/${String(random.below(i % 3 === 0 ? 100 : 50_000))}`
      const slot = find(table, name)
      if (table.versionAt(slot) >= 0) expect(table.valueAt(slot)).toBe(name)
      table.put(slot, name, i)
      if (random.chance(0.01)) invalidate(table, name)
    }
    expect(table.size).toBeLessThanOrEqual(2 * limits.namesMax)
  })

  it('keeps what is asked for again and again, while others pass by', () => {
    const table = new TopicTable<string>(limits, '')
    table.put(find(table, 'hot'), 'H', 1)
    for (let i = 0; i < 20_000; i++) {
      find(table, `cold/${String(i)}`)
      if (i % 500 === 0) expect(table.valueAt(find(table, 'hot'))).toBe('H')
    }
  })

  it('forgets a name in both generations', () => {
    const table = new TopicTable<string>(limits, '')
    table.put(find(table, 'a'), 'A', 1)
    for (let i = 0; i < 1_000; i++) find(table, `b/${String(i)}`)
    invalidate(table, 'a')
    expect(table.versionAt(find(table, 'a'))).toBe(-1)
  })

  it('is right and not slow when very many names share a hash', () => {
    // Names whose hashes agree in the bits that choose the head of a chain.
    const same: string[] = []
    for (let i = 0; same.length < 300; i++) {
      if ((hash32(utf8Encode(String(i))) & 1023) === 7) same.push(String(i))
    }
    const table = new TopicTable<string>(limits, '')
    for (const name of same) table.put(find(table, name), name, 1)
    for (const name of same) {
      const slot = find(table, name)
      expect(['', name]).toContain(table.valueAt(slot))
    }
    expect(table.size).toBeLessThan(100)
  })
})
