// The broker is killed at any moment, under everything that MQTT has, and started again: every promise that it had made is kept.
// Five rounds here; `npm run test:kill` plays fifty, `npm run test:kill -- --seed N` one of them again.
import { afterAll, describe, it } from 'vitest'
import { Hits, judge, seedsOf } from './report.js'
import { playRound } from './round.js'

const seeds = seedsOf(5)
const hits = new Hits()

describe('kills', () => {
  it.each(seeds)('seed %i: nothing that was promised is lost', { timeout: 180_000 }, async (seed) => {
    const report = await playRound(seed, 'kill')
    hits.take(report)
    judge(report, 'kill.scenario')
  })

  afterAll(() => {
    console.log(hits.text)
    if (seeds.length >= 50) hits.expectAll()
  })
})
