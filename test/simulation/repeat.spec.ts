// A seed is worth something only if it brings back the same run.
import { expect, it } from 'vitest'
import { simulate } from './simulate.js'

it.each(['standalone', 'cluster'] as const)(
  'a run is the same when it is repeated, %s',
  { timeout: 60_000 },
  async (shape) => {
    const stories: string[][] = [[], []]
    for (const story of stories) await simulate({ shape, seed: 7, tell: (line) => story.push(line) })
    expect(stories[0]?.length).toBeGreaterThan(500)
    expect(stories[1]).toEqual(stories[0])
  },
)
