// Feared: a condition that does not hold and goes by without a word.
import { describe, expect, it } from 'vitest'
import { assert, AssertionError, unreachable } from './assert.js'

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
