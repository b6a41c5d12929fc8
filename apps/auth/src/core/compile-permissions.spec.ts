// Feared: a user name or a client id that makes a filter mean more than who wrote it meant.
import { describe, expect, it } from 'vitest'
import { compilePermissions } from './compile-permissions.js'

const publishOf = (filter: string, identity: { userName?: string; clientId?: string } = {}) =>
  compilePermissions(
    { publish: [filter], subscribe: undefined },
    { userName: 'ann', clientId: 'car-7', ...identity },
  ).publish

describe('permissions', () => {
  const cases = [
    ['a/b', {}, ['a/b']],
    ['a/%u/#', {}, ['a/ann/#']],
    ['%u/%c/%u', {}, ['ann/car-7/ann']],
    ['a/%u', { userName: '+' }, []],
    ['a/%u', { userName: '#' }, []],
    ['a/%u', { userName: 'x/y' }, []],
    ['a/%u', { userName: '' }, []],
    ['a/%c', { clientId: '' }, []],
    ['a/%c', { clientId: 'a+' }, []],
    ['a/%c', { clientId: 'a#' }, []],
    ['a/%c/b', { clientId: '../x' }, []],
    ['a/%c', { clientId: '%u' }, ['a/%u']],
    ['a/%c', { clientId: '$&$1' }, ['a/$&$1']],
    ['%c/#', { clientId: '$SYS' }, []],
    ['%c/#', { clientId: '$share' }, []],
    ['a/%c/#', { clientId: '$SYS' }, ['a/$SYS/#']],
    ['a/%x/%', {}, ['a/%x/%']],
    ['a/b', { clientId: '#' }, ['a/b']],
  ] as const

  it.each(cases)('%s for %j', (filter, identity, expected) => {
    expect(publishOf(filter, identity)).toEqual(expected)
  })

  it('without a rule allow everything', () => {
    expect(
      compilePermissions({ publish: undefined, subscribe: undefined }, { userName: 'u', clientId: 'c' }),
    ).toEqual({
      publish: undefined,
      subscribe: undefined,
    })
  })

  it('with one rule allow nothing else', () => {
    const identity = { userName: 'u', clientId: 'c' }
    expect(compilePermissions({ publish: ['a'], subscribe: undefined }, identity)).toEqual({
      publish: ['a'],
      subscribe: [],
    })
    expect(compilePermissions({ publish: undefined, subscribe: ['a'] }, identity)).toEqual({
      publish: [],
      subscribe: ['a'],
    })
  })
})
