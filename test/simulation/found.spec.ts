// Seeds that once broke a promise. Each keeps its name; what it drew may have changed since, the name says what was wrong.
import { describe, expect, it } from 'vitest'
import { simulate } from './simulate.js'

const found = [
  { shape: 'standalone', seed: 41, what: 'a superseded CONNECT was told that its session was gone' },
  {
    shape: 'standalone',
    seed: 20_427,
    what: 'a SUBSCRIBE outlived its session, which had been taken over by force',
  },
] as const

describe('found by the simulation', () => {
  it.each(found)('seed $seed, $shape: $what', { timeout: 60_000 }, async ({ shape, seed }) => {
    expect((await simulate({ shape, seed })).violations).toEqual([])
  })
})
