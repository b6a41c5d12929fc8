// As in kill.scenario.ts, but after each kill every file has lost what no completed sync had made safe, as after a power cut.
// Two rounds here; `npm run test:kill` plays fifty, `npm run test:kill -- --seed N` one of them again.
import { describe, it } from 'vitest'
import { judge, seedsOf } from './report.js'
import { playRound } from './round.js'

describe('power cuts', () => {
  it.each(seedsOf(2))('seed %i: nothing that was promised is lost', { timeout: 180_000 }, async (seed) => {
    judge(await playRound(seed, 'power'), 'power-cut.scenario')
  })
})
