// Filters and names: what is one, what is none, and which filter matches which name.
import { describe, expect, it } from 'vitest'
import { utf8Encode } from '#libs/base'
import { filterMatches, isTopicFilter, parseFilter } from './topic-filter.js'
import { isTopicName, levelsOf } from './topic-name.js'

describe('parseFilter', () => {
  it.each([
    ['a/b', { kind: 'exact', shareName: undefined, filter: 'a/b', hasWildcard: false, levels: 2 }],
    ['/', { kind: 'exact', filter: '/', levels: 2 }],
    ['+', { kind: 'wildcard', hasWildcard: true, levels: 1 }],
    ['#', { kind: 'wildcard', hasWildcard: true }],
    ['+/+/#', { kind: 'wildcard', levels: 3 }],
    ['$SYS/#', { kind: 'wildcard', filter: '$SYS/#' }],
    ['$', { kind: 'exact', filter: '$' }],
    ['$sharex/g/a', { kind: 'exact', filter: '$sharex/g/a' }],
    ['$share/g/a/b', { kind: 'shared', shareName: 'g', filter: 'a/b', hasWildcard: false, levels: 2 }],
    ['$share/g/#', { kind: 'shared', shareName: 'g', filter: '#', hasWildcard: true, levels: 1 }],
    ['$share/g//', { kind: 'shared', shareName: 'g', filter: '/' }],
    ['$share/$share/a', { kind: 'shared', shareName: '$share', filter: 'a' }],
    ['__proto__/constructor', { kind: 'exact' }],
  ])('takes %s apart', (text, parts) => {
    expect(parseFilter(text)).toMatchObject({ text, ...parts })
  })

  it.each([
    '',
    'a#',
    '#a',
    '#/a',
    'a/#/b',
    '##',
    'a/b#',
    'a+',
    '+a',
    'a/+b',
    'a/b+/c',
    '++', // prettier-ignore
    '$share',
    '$share/',
    '$share//f',
    '$share//',
    '$share/g',
    '$share/g/',
    '$share/g+/f',
    '$share/+/f',
    '$share/#/f',
    '$share/g/a#', // prettier-ignore
  ])('refuses %j with 0x8F', (text) => {
    expect(isTopicFilter(text)).toBe(false)
    expect(() => parseFilter(text)).toThrow(expect.objectContaining({ reasonCode: 0x8f }))
  })

  it('counts 65,400 slashes in one pass', () => {
    expect(parseFilter('/'.repeat(65_400)).levels).toBe(65_401)
    expect(parseFilter('+/'.repeat(30_000) + '#').levels).toBe(30_001)
  })
})

describe('filterMatches', () => {
  it.each([
    ['a', 'a'],
    ['a/b', 'a/b'],
    ['/', '/'],
    ['//', '//'],
    ['+', 'a'],
    ['+/+', '/a'],
    ['/+', '/a'],
    ['+/', 'a/'],
    ['a/+', 'a/'],
    ['a/+/c', 'a/b/c'],
    ['#', 'a'],
    ['#', '/'],
    ['#', 'a/b/c'],
    ['a/#', 'a'],
    ['a/#', 'a/'],
    ['a/#', 'a/b/c'],
    ['a/+/#', 'a/b'],
    ['+/#', 'a'],
    ['$SYS/#', '$SYS/x'],
    ['$SYS/+', '$SYS/x'],
    ['a/$b', 'a/$b'],
    ['a/+', 'a/$b'],
    ['sport/tennis/player1/#', 'sport/tennis/player1'],
  ])('%s matches %s', (filter, name) => {
    expect(filterMatches(filter, name)).toBe(true)
  })

  it.each([
    ['a', 'b'],
    ['a', 'A'],
    ['a', 'a/'],
    ['a/', 'a'],
    ['a', 'ab'],
    ['ab', 'a'],
    ['+', '/a'],
    ['+', 'a/'],
    ['a/+', 'a'],
    ['a/+', 'a/b/c'],
    ['a/#', 'ab'],
    ['a/+/#', 'a'],
    ['#', '$SYS/x'],
    ['+/x', '$SYS/x'],
    ['+', '$'],
    ['#', '$'],
  ])('%s does not match %s', (filter, name) => {
    expect(filterMatches(filter, name)).toBe(false)
  })
})

describe('isTopicName', () => {
  it.each([
    ['a', true],
    ['/', true],
    ['$SYS/x', true],
    ['é€😀', true],
    ['', false],
    ['a/+', false],
    ['#', false],
    ['a\0', false],
  ])('%j: %s', (text, expected) => {
    const bytes = utf8Encode(text)
    expect(isTopicName(bytes, 0, bytes.length)).toBe(expected)
  })

  it('counts levels', () => {
    expect(['a', '/', 'a/b/c', ''].map(levelsOf)).toEqual([1, 2, 3, 1])
  })
})
