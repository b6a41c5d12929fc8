// The tree against the plainest matcher there is, and against what makes trees explode or leak.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TopicTree } from './topic-tree.js'

/** The rules of section 4.7 word by word, level by level; slow and obvious. */
export function plainMatches(filter: readonly string[], name: readonly string[], isFirst = true): boolean {
  const [head, ...filterRest] = filter
  const [level, ...nameRest] = name
  if (head === undefined) return level === undefined
  if (isFirst && level?.startsWith('$') && (head === '#' || head === '+')) return false
  if (head === '#') return true
  if (level === undefined) return false
  if (head !== '+' && head !== level) return false
  if (nameRest.length === 0 && filterRest[0] === '#') return true
  return plainMatches(filterRest, nameRest, false)
}

function matches(tree: TopicTree<string>, name: string): string[] {
  const found: string[] = []
  tree.match(name, (value) => found.push(value))
  return found.sort()
}

const level = fc.constantFrom('a', 'b', '', '$', '$SYS', '__proto__')
const names = fc.array(level, { minLength: 1, maxLength: 5 })
const filters = fc
  .tuple(fc.array(fc.oneof(level, fc.constant('+')), { minLength: 1, maxLength: 5 }), fc.boolean())
  .map(([levels, hash]) => (hash ? [...levels.slice(1), '#'] : levels))

describe('TopicTree', () => {
  it('finds what the plain matcher finds, whatever came and went', () => {
    const steps = fc.array(fc.tuple(fc.boolean(), filters), { maxLength: 60 })
    fc.assert(
      fc.property(steps, fc.array(names, { maxLength: 20 }), (list, topics) => {
        const tree = new TopicTree<string>()
        const model = new Map<string, string[]>()
        for (const [isAdded, levels] of list) {
          const filter = levels.join('/')
          if (isAdded) {
            tree.set(filter, filter)
            model.set(filter, levels)
          } else expect(tree.delete(filter)).toBe(model.delete(filter))
        }
        expect(tree.size).toBe(model.size)
        expect([...tree.entries()].map(([filter]) => filter).sort()).toEqual([...model.keys()].sort())
        for (const topic of topics) {
          const expected = [...model]
            .filter(([, levels]) => plainMatches(levels, topic))
            .map(([filter]) => filter)
          expect(matches(tree, topic.join('/'))).toEqual(expected.sort())
        }
        for (const filter of [...model.keys()]) tree.delete(filter)
        expect([...tree.entries()]).toEqual([])
        expect(tree.nodes).toBe(0)
      }),
      { numRuns: 500 },
    )
  })

  it('replaces a value and gets it back', () => {
    const tree = new TopicTree<number>()
    tree.set('a/+', 1)
    tree.set('a/+', 2)
    expect(tree.size).toBe(1)
    expect(tree.get('a/+')).toBe(2)
    expect(tree.get('a')).toBeUndefined()
    expect(tree.get('a/+/b')).toBeUndefined()
    expect(tree.delete('a')).toBe(false)
  })

  it('keeps a filter whose extension goes', () => {
    const tree = new TopicTree<string>()
    tree.set('a', 'a')
    tree.set('a/b/#', 'a/b/#')
    tree.delete('a/b/#')
    expect(matches(tree, 'a')).toEqual(['a'])
    expect(matches(tree, 'a/b')).toEqual([])
  })

  it('takes 65,400 levels with a flat stack, as name and as filter', () => {
    const tree = new TopicTree<string>()
    const deep = '/'.repeat(65_400)
    tree.set(deep, 'deep')
    tree.set('#', 'all')
    tree.set('+/'.repeat(200) + '#', 'plus')
    expect(matches(tree, deep)).toEqual(['all', 'deep', 'plus'])
    expect([...tree.entries()].length).toBe(3)
    expect(tree.delete(deep)).toBe(true)
    expect(matches(tree, deep)).toEqual(['all', 'plus'])
  })

  it('visits no more nodes than the tree has, however its wildcards branch', () => {
    // All 2^12 mixtures of `a` and `+`: every one matches, each is visited once.
    const tree = new TopicTree<string>()
    for (let mixture = 0; mixture < 4096; mixture++) {
      const filter = Array.from({ length: 12 }, (_, bit) => ((mixture >> bit) & 1 ? '+' : 'a')).join('/')
      tree.set(filter, filter)
    }
    let visits = 0
    tree.match('a/a/a/a/a/a/a/a/a/a/a/a', () => visits++)
    expect(visits).toBe(4096)
  })

  it('is as empty as at first when a hundred thousand filters have come and gone', () => {
    const tree = new TopicTree<number>()
    for (let i = 0; i < 100_000; i++) {
      tree.set(`device/${String(i)}/+/state`, i)
      if (i >= 10) tree.delete(`device/${String(i - 10)}/+/state`)
    }
    expect(tree.size).toBe(10)
    expect(tree.nodes).toBe(1 + 10 * 3)
    for (let i = 99_990; i < 100_000; i++) tree.delete(`device/${String(i)}/+/state`)
    expect(tree.nodes).toBe(0)
  })

  it('does not find a wildcard filter by its own text used as a name', () => {
    const tree = new TopicTree<string>()
    tree.set('a/+', 'a/+')
    tree.set('a/#', 'a/#')
    expect(matches(tree, 'a/+')).toEqual(['a/#', 'a/+'])
    expect(matches(tree, 'a/#')).toEqual(['a/#', 'a/+'])
  })
})
