// The broker is killed at any moment, under everything that MQTT has, and started again: every promise that it had made is kept.
// Five rounds here; `npm run test:kill` plays fifty, `npm run test:kill -- --seed N` one of them again.
import { afterAll, describe, it } from 'vitest'
import { Victim } from './broker/victim.js'
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

  it('a kill while the lock is being taken over is in nobody’s way', { timeout: 60_000 }, async () => {
    const victim = await Victim.start({ partitions: 1, recordsSyncs: false })
    try {
      await victim.kill()
      victim.leaveGuard()
      await victim.start()
    } finally {
      await victim.end(false)
    }
  })

  afterAll(() => {
    console.log(hits.text)
    if (seeds.length >= 50) hits.expectAll()
  })
})
