// The ordered store of names against a plain list: right in every page, also while names come and go.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NameStore } from './name-store.js'
import { filterMatches } from './topic-filter.js'

function allOf(store: NameStore<number>, filter: string, limit = 3, scanMax = 5): string[] {
  const found: string[] = []
  let after: string | undefined
  do {
    const page = store.match({ filter, after, limit, scanMax })
    expect(page.entries.length).toBeLessThanOrEqual(limit)
    found.push(...page.entries.map(([name]) => name))
    after = page.next
  } while (after !== undefined)
  return found
}

const level = fc.constantFrom('a', 'b', '', '-', '$x', 'é')
const name = fc
  .array(level, { minLength: 1, maxLength: 4 })
  .map((levels) => levels.join('/'))
  .filter((text) => text !== '')
const filter = fc
  .tuple(fc.array(fc.oneof(level, fc.constant('+')), { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([levels, hash]) => (hash ? [...levels.slice(1), '#'] : levels).join('/'))

describe('NameStore', () => {
  it('finds all that matches, each once and in order, for any size of page', () => {
    const sizes = fc.integer({ min: 1, max: 7 })
    fc.assert(
      fc.property(
        fc.array(name),
        fc.array(name),
        filter,
        sizes,
        sizes,
        (added, removed, wanted, limit, scanMax) => {
          const store = new NameStore<number>()
          const model = new Set<string>()
          for (const text of added) {
            store.set(text, text.length)
            model.add(text)
          }
          for (const text of removed) expect(store.delete(text)).toBe(model.delete(text))
          expect(store.size).toBe(model.size)
          expect(allOf(store, wanted, limit, scanMax)).toEqual(
            [...model].filter((text) => filterMatches(wanted, text)).sort(byUnit),
          )
        },
      ),
      { numRuns: 1_000 },
    )
  })

  it('gives a name that stays exactly once while others come and go between pages', () => {
    const change = fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 999 }))
    fc.assert(
      fc.property(fc.array(change, { maxLength: 200 }), (changes) => {
        const store = new NameStore<number>()
        for (let i = 0; i < 1000; i += 2) store.set(`s/${String(i)}`, i)
        const found: string[] = []
        let after: string | undefined
        let step = 0
        do {
          const page = store.match({ filter: 's/+', after, limit: 40, scanMax: 60 })
          found.push(...page.entries.map(([text]) => text))
          after = page.next
          for (const [isAdded, i] of changes.slice(step, step + 10)) {
            // Odd names come and go; the even ones stay.
            const text = `s/${String(i | 1)}`
            if (isAdded) store.set(text, i)
            else store.delete(text)
          }
          step += 10
        } while (after !== undefined)
        const even = found.filter((text) => Number(text.slice(2)) % 2 === 0)
        expect(even.length).toBe(500)
        expect(new Set(found).size).toBe(found.length)
      }),
      { numRuns: 50 },
    )
  })

  it('takes and gives back a hundred thousand names, in pages', () => {
    const store = new NameStore<number>()
    for (let i = 0; i < 100_000; i++) store.set(`dev/${String((i * 7919) % 100_000)}/state`, i)
    store.set('$SYS/x', 1)
    expect(store.size).toBe(100_001)
    expect(allOf(store, 'dev/+/state', 1000, 5000).length).toBe(100_000)
    expect(allOf(store, '#', 1000, 5000).length).toBe(100_000)
    expect(allOf(store, 'dev/77/#', 1000, 5000)).toEqual(['dev/77/state'])
    expect(allOf(store, 'dev/77/state')).toEqual(['dev/77/state'])
    for (let i = 0; i < 100_000; i++) store.delete(`dev/${String(i)}/state`)
    expect(store.size).toBe(1)
    expect(allOf(store, '#')).toEqual([])
  })

  it('looks at no more names than allowed, and says where to go on', () => {
    const store = new NameStore<number>()
    for (let i = 0; i < 100; i++) store.set(`s/${String(i)}`, i)
    const page = store.match({ filter: '+/none', after: undefined, limit: 10, scanMax: 30 })
    expect(page.entries).toEqual([])
    expect(page.next).toBeDefined()
  })

  it('finds the parent of # before its children, over strangers between them', () => {
    const store = new NameStore<number>()
    for (const text of ['a', 'a!x', 'a-b', 'a/', 'a/b', 'ab']) store.set(text, 1)
    expect(allOf(store, 'a/#', 1, 1)).toEqual(['a', 'a/', 'a/b'])
  })

  it('keeps the value that was set last', () => {
    const store = new NameStore<number>()
    store.set('a', 1)
    store.set('a', 2)
    expect(store.get('a')).toBe(2)
    expect(store.has('b')).toBe(false)
    expect([...store.entries()]).toEqual([['a', 2]])
    expect(store.delete('b')).toBe(false)
  })
})

function byUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
