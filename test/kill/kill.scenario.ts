// The broker is killed at any moment, under everything that MQTT has, and started again: every promise that it had made is kept.
// Five rounds here; `npm run test:kill` plays fifty, `npm run test:kill -- --seed N` one of them again.
import { afterAll, describe, expect, it } from 'vitest'
import { activities, type Activity } from './broker/activity.js'
import { playRound, type RoundReport } from './round.js'

const rounds = Number(process.env['KILL_ROUNDS'] ?? 5)
const firstSeed = Number(process.env['KILL_SEED'] ?? 1)
const seeds = Array.from({ length: rounds }, (_, index) => firstSeed + index)
const hits = new Map<Activity, number>(activities.map((activity) => [activity, 0]))

describe('kills', () => {
  it.each(seeds)('seed %i: nothing that was promised is lost', { timeout: 180_000 }, async (seed) => {
    const report = await playRound(seed, 'kill')
    console.log(lineOf(report))
    for (const activity of report.doing) hits.set(activity, (hits.get(activity) ?? 0) + 1)
    expect(report.broken.join('\n'), `repeat with: npm run test:kill -- --seed ${String(seed)}`).toBe('')
    expect(report.inFlight).toBeGreaterThan(0)
  })

  afterAll(() => {
    console.log([...hits].map(([activity, count]) => `${activity} ${String(count)}`).join(', '))
    if (rounds < 50) return
    for (const activity of ['load', 'restore', 'compaction', 'roll'] as const)
      expect(hits.get(activity), `kills during ${activity}`).toBeGreaterThan(0)
  })
})

function lineOf({ seed, connections, acknowledged, inFlight, doing, seconds, broken }: RoundReport): string {
  return (
    `seed ${String(seed)}: ${String(connections)} connections, ${String(acknowledged)} acknowledged, ` +
    `${String(inFlight)} in flight, killed during ${doing.join(', ')}; ${seconds.toFixed(1)} s; ` +
    (broken.length === 0 ? 'kept' : `${String(broken.length)} promises broken`)
  )
}
