// Feared: a filter that lets through more than it names.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { filterMatches } from '#libs/mqtt'
import { covers, PermissionSets } from './permissions.js'

describe('permissions', () => {
  it.each([
    ['#', 'a/+/b', true],
    ['#', '#', true],
    ['+', '+', true],
    ['+', '#', false],
    ['a/#', 'a', true],
    ['a/#', 'a/#', true],
    ['a/#', 'a/+/#', true],
    ['a/#', '+/b', false],
    ['a/+', 'a/b', true],
    ['a/+', 'a/b/c', false],
    ['a/+', 'a/#', false],
    ['a/+/c', 'a/+/c', true],
    ['a/b', 'a/+', false],
    ['#', '$SYS/#', false],
    ['+/x', '$SYS/x', false],
    ['$SYS/#', '$SYS/broker/+', true],
    ['', '', true],
  ])('%s allows subscribing to %s: %s', (allowed, wanted, expected) => {
    expect(covers(allowed, wanted)).toBe(expected)
  })

  it('never allow a filter that matches a name which they do not', () => {
    const level = fc.constantFrom('a', 'b', '+', '')
    const filter = fc
      .tuple(fc.array(level, { minLength: 1, maxLength: 4 }), fc.boolean())
      .map(([levels, hash]) => (hash ? [...levels, '#'] : levels).join('/'))
    const name = fc
      .array(fc.constantFrom('a', 'b', 'c', ''), { minLength: 1, maxLength: 5 })
      .map((levels) => levels.join('/'))
    fc.assert(
      fc.property(filter, filter, name, (allowed, wanted, topic) => {
        if (covers(allowed, wanted) && filterMatches(wanted, topic))
          expect(filterMatches(allowed, topic)).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  it('are shared by connections that have the same, and remember a bounded number of verdicts', () => {
    const sets = new PermissionSets()
    const given = { publish: ['a/+'], subscribe: undefined }
    const set = sets.of(given)
    expect(sets.of({ ...given })).toBe(set)
    expect(sets.of({ publish: [], subscribe: undefined })).not.toBe(set)
    for (let i = 0; i < 10_000; i++) expect(set.mayPublishTo(`a/${i}`)).toBe(true)
    expect([set.mayPublishTo('a'), set.mayPublishTo('a/b/c'), set.maySubscribe('#')]).toEqual([
      false,
      false,
      true,
    ])
  })
})
