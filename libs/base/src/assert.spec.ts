// Assertions and catalogued errors: what they carry.
import { describe, expect, it } from 'vitest'
import { assert, AssertionError, unreachable } from './assert.js'
import { CataloguedError } from './catalogued-error.js'

describe('assert', () => {
  it('throws its sentence when the condition does not hold', () => {
    expect(() => assert(false, 'Water is wet.')).toThrow(new AssertionError('Water is wet.'))
    expect(() => assert(1, 'Water is wet.')).not.toThrow()
  })

  it('has a default case for switches', () => {
    // What the compiler excludes can still come from outside.
    expect(() => Reflect.apply(unreachable, undefined, ['other'])).toThrow(AssertionError)
  })
})

describe('CataloguedError', () => {
  it('carries code, retry, detail and cause', () => {
    const cause = new Error('ENOSPC')
    const error = new CataloguedError(
      { code: 'LOG_FULL', message: 'The disk is full.', retry: true },
      '3 bytes',
      { cause },
    )
    expect(error).toMatchObject({ code: 'LOG_FULL', retry: true, detail: '3 bytes', cause })
    expect(error.message).toBe('The disk is full. (3 bytes)')
  })
})
