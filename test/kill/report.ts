// A round in one line, and how often each activity was hit.
import { expect } from 'vitest'
import { activities, type Activity } from './broker/activity.js'
import type { RoundReport } from './round.js'

/** What the environment asks for: how many rounds, the first seed. `given` is for `npm test`. */
export function seedsOf(given: number): number[] {
  const rounds = Number(process.env['KILL_ROUNDS'] ?? given)
  const first = Number(process.env['KILL_SEED'] ?? 1)
  return Array.from({ length: rounds }, (_, index) => first + index)
}

/** Groups of more than so many bytes are counted. */
const groupBytes = [64 * 1024, 1024 * 1024] as const

/** Counts what was hit in all rounds of a file. */
export class Hits {
  readonly #counts = new Map<Activity, number>(activities.map((activity) => [activity, 0]))
  readonly #groups: number[] = []

  take({ doing, groups }: RoundReport): void {
    for (const activity of doing) this.#counts.set(activity, (this.#counts.get(activity) ?? 0) + 1)
    this.#groups.push(...groups)
  }

  get text(): string {
    const hits = [...this.#counts].map(([activity, count]) => `${activity} ${String(count)} times`)
    const groups = groupBytes.map(
      (bytes) => `more than ${String(bytes / 1024)} KiB ${String(this.#largerThan(bytes))} times`,
    )
    return `killed during ${hits.join(', ')}; on their way past the page cache: ${groups.join(', ')}`
  }

  #largerThan(bytes: number): number {
    return this.#groups.filter((group) => group > bytes).length
  }

  /** After so many rounds that chance is no excuse. */
  expectAll(): void {
    for (const activity of ['load', 'restore', 'compaction', 'roll'] as const)
      expect(this.#counts.get(activity), `kills during ${activity}`).toBeGreaterThan(0)
    for (const bytes of groupBytes)
      expect(this.#largerThan(bytes), `kills with ${String(bytes)} bytes on their way`).toBeGreaterThan(0)
  }
}

/** Prints the round; fails when a promise was broken, or when nothing was under way. */
export function judge(report: RoundReport, file: string): void {
  const { seed, connections, acknowledged, inFlight, doing, seconds, spoiled, broken, folder } = report
  const groups = report.groups.map((bytes) => (bytes / 1024).toFixed()).join(' + ')
  console.log(
    `seed ${String(seed)}: ${String(connections)} connections, ${String(acknowledged)} acknowledged, ` +
      `${String(inFlight)} in flight, killed during ${doing.join(', ')}; ` +
      `${(report.directBytes / 1024).toFixed()} KiB written past the page cache, ${groups} KiB of them under way; ` +
      (spoiled === '' ? '' : `${spoiled}; `) +
      `${seconds.toFixed(1)} s; ` +
      (broken.length === 0 ? 'every promise kept' : ['promises broken:', ...broken].join('\n  ')),
  )
  const hint = `repeat with: npm run test:kill -- --seed ${String(seed)} ${file}; its files are in ${folder}`
  expect(broken, broken.length === 0 ? '' : hint).toEqual([])
  expect(inFlight).toBeGreaterThan(0)
}
