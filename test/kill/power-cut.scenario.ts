// As in kill.scenario.ts, but after each kill every file has lost what no completed sync had made safe, as after a power cut.
// Two rounds here; `npm run test:kill` plays fifty, `npm run test:kill -- --seed N` one of them again.
import { afterAll, describe, it } from 'vitest'
import { Hits, judge, seedsOf } from './report.js'
import { playRound } from './round.js'

const seeds = seedsOf(2)
const hits = new Hits()

describe('power cuts', () => {
  it.each(seeds)('seed %i: nothing that was promised is lost', { timeout: 180_000 }, async (seed) => {
    const report = await playRound(seed, 'power')
    hits.take(report)
    judge(report, 'power-cut.scenario')
  })

  afterAll(() => {
    console.log(hits.text)
  })
})
