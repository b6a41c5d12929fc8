// Power cuts: whatever the disk makes of what was not synced, everything acknowledged is there, the rest is a suffix that is missing,
// a commit is whole or gone, and the log works on.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { SeededRandom } from '#libs/base'
import { catalogue, type Topic } from '#libs/topics'
import { openEmbeddedLog, type EmbeddedLog, type TopicPartition } from '../index.js'
import { batchOf, recordsOf } from '../testing/log-bench.js'
import { until } from '../testing/embedded-place.js'
import { FaultyFiles } from '../testing/faulty-files.js'

const hardlyKept: Topic = { ...catalogue.messages, retention: { kind: 'limited', millis: 1e12, bytes: 4000 } }
const topics = [
  hardlyKept,
  catalogue.deliveryInbox,
  catalogue.sessions,
  catalogue.retained,
  catalogue.authInbox,
]
const targets: readonly TopicPartition[] = topics
  .filter((topic) => !topic.memory)
  .flatMap((topic) => [0, 1].map((partition) => ({ topic: topic.name, partition })))
const states = targets.filter(
  ({ topic }) => topic === catalogue.sessions.name || topic === catalogue.retained.name,
)
const streams = targets.filter((target) => !states.includes(target))

/** One append as it was made. */
interface Made {
  readonly target: TopicPartition
  readonly offset: number
  readonly records: readonly string[]
  /** The same for all appends of one commit. */
  readonly commit: number
  acknowledged: boolean
}

class Run {
  readonly made: Made[] = []
  #commits = 0
  #count = 0
  readonly #random: SeededRandom
  constructor(random: SeededRandom) {
    this.#random = random
  }

  act(log: EmbeddedLog): void {
    if (this.#random.chance(0.6)) this.#append(log)
    else this.#commit(log)
    if (this.#random.chance(0.1)) {
      const target = this.#pick(streams)
      log.trim(target, this.#random.below(log.endOffset(target) + 1))
    }
  }

  #append(log: EmbeddedLog): void {
    this.#commits++
    const made = this.#make(log, this.#pick(targets))
    log.append(made.target, batchOf(...made.records), (failure) => {
      expect(failure).toBe(undefined)
      made.acknowledged = true
    })
  }

  #commit(log: EmbeddedLog): void {
    this.#commits++
    const facts = states.filter(({ partition }) => partition === this.#commits % 2)
    const all = [...facts, ...streams.filter(() => this.#random.chance(0.3))].map((target) =>
      this.#make(log, target),
    )
    const appends = all.map(({ target, records }) => ({ target, batch: batchOf(...records) }))
    this.#claim?.commit(appends.slice(0, facts.length), appends.slice(facts.length), (failure) => {
      expect(failure).toBe(undefined)
      for (const made of all) made.acknowledged = true
    })
  }
  #claim: Awaited<ReturnType<EmbeddedLog['claim']>> | undefined
  async claim(log: EmbeddedLog): Promise<void> {
    this.#claim = await log.claim('everybody', 0, states)
  }

  #make(log: EmbeddedLog, target: TopicPartition): Made {
    // The largest go past the page cache.
    const sizes = this.#random.chance(0.05) ? [2000, 2000, 150_000] : [60]
    const size = 1 + this.#random.below(this.#random.pick(sizes) ?? 1)
    const records = Array.from(
      { length: 1 + this.#random.below(3) },
      () => `k${this.#random.below(20)}=${this.#count++}-${'x'.repeat(size)}`,
    )
    const made = {
      target,
      offset: log.endOffset(target),
      records,
      commit: this.#commits,
      acknowledged: false,
    }
    this.made.push(made)
    return made
  }

  #pick(from: readonly TopicPartition[]): TopicPartition {
    return from[this.#random.below(from.length)] ?? { topic: '', partition: 0 }
  }
}

const rows = topics.map((topic) => ({ topic, partitions: 2 }))
const small = { segmentBytes: 6000, cacheBytes: 2000, compactionLagMillis: 0 }

describe.each(Array.from({ length: 40 }, (_, seed) => seed))('a power cut, seed %i', (seed) => {
  it('loses nothing that was acknowledged', async () => {
    const random = new SeededRandom(seed)
    const files = new FaultyFiles()
    const directory = await mkdtemp(join(tmpdir(), 'log-'))
    const target = await mkdtemp(join(tmpdir(), 'log-cut-'))
    const log = await openEmbeddedLog({ directory, files, ...small })
    await log.createTopics(rows)
    const run = new Run(random)
    await run.claim(log)
    const rounds = 10 + random.below(60)
    for (let round = 0; round < rounds; round++) {
      for (let i = random.below(6); i > 0; i--) run.act(log)
      if (random.chance(0.3)) await new Promise<void>((resolve) => log.barrier(resolve))
      if (random.chance(0.1)) void log.maintenance.compact()
      if (random.chance(0.1)) void log.maintenance.forget(random.chance(0.3))
      await setImmediate()
    }
    files.held = true
    for (let i = random.below(20); i > 0; i--) await setImmediate()
    for (let i = random.below(10); i > 0; i--) run.act(log)
    for (let i = 5 + random.below(20); i > 0; i--) await setImmediate()
    const acknowledged = new Set<Made>()
    let count = 0
    await files.powerCut(directory, target, random, () => {
      for (const made of run.made) if (made.acknowledged) acknowledged.add(made)
      count = run.made.length
    })
    run.made.length = count
    files.release()
    await log.close()

    const notices: string[] = []
    const again = await openEmbeddedLog({
      directory: target,
      notice: (sentence) => notices.push(sentence),
      ...small,
    })
    await again.createTopics(rows)
    await check(again, run.made, acknowledged)
    expect(notices.length).toBeLessThan(2)
    await new Run(random).claim(again)
    again.append(targets[0] ?? { topic: '', partition: 0 }, batchOf('new=1'))
    await again.maintenance.compact()
    const ends = targets.map((of) => again.endOffset(of))
    await again.close()
    const third = await openEmbeddedLog({
      directory: target,
      notice: (sentence) => notices.push(sentence),
      ...small,
    })
    await third.createTopics(rows)
    expect(targets.map((of) => third.endOffset(of))).toEqual(ends)
    await third.close()
    await rm(directory, { recursive: true })
    await rm(target, { recursive: true })
  })
})

async function check(log: EmbeddedLog, all: readonly Made[], acknowledged: ReadonlySet<Made>): Promise<void> {
  const survives = all.map((made) => log.endOffset(made.target) > made.offset)
  const first = survives.indexOf(false)
  if (first >= 0) expect(survives.slice(first)).not.toContain(true)
  for (const [i, made] of all.entries()) if (acknowledged.has(made)) expect(survives[i]).toBe(true)
  const last = first < 0 ? undefined : all[first]
  const before = first < 1 ? undefined : all[first - 1]
  if (last !== undefined) expect(last.commit).not.toBe(before?.commit)
  for (const target of targets) {
    const expected = new Map<string, string>()
    const mine = all.filter((made, i) => survives[i] === true && made.target === target)
    for (const made of mine)
      for (const [n, record] of made.records.entries()) expected.set(String(made.offset + n), record)
    const seen = new Map<string, string>()
    await log.readState(target, (batch) => {
      for (const record of recordsOf(batch)) {
        const [offset = '', ...rest] = record.split(' ')
        expect(expected.has(offset) || rest.join(' ') === 'new=1').toBe(true)
        if (expected.has(offset)) expect(rest.join(' ')).toBe(expected.get(offset))
        seen.set(offset, rest.join(' '))
      }
    })
    const keyOf = (record: string): string => record.split('=')[0] ?? ''
    if (states.includes(target)) {
      // Compaction may have taken older values, never the last one of a key.
      const latest = new Map<string, string>()
      for (const [offset, record] of expected) latest.set(keyOf(record), offset)
      for (const offset of latest.values()) expect(seen.has(offset)).toBe(true)
    } else {
      for (const offset of expected.keys())
        if (Number(offset) >= log.startOffset(target)) expect(seen.has(offset)).toBe(true)
    }
  }
}

it('acknowledges nothing while a sync is held', async () => {
  const files = new FaultyFiles()
  const directory = await mkdtemp(join(tmpdir(), 'log-'))
  const log = await openEmbeddedLog({ directory, files })
  await log.createTopics(rows)
  files.held = true
  const order: string[] = []
  const [target = { topic: '', partition: 0 }] = targets
  const handle = (): void => void order.push('reader')
  log.read(target, { from: 0, visibility: 'stored', handle, failed: (error) => order.push(String(error)) })
  log.append(target, batchOf('a=1'), () => order.push('append'))
  log.append({ topic: catalogue.authInbox.name, partition: 0 }, batchOf('a=1'), () => order.push('memory'))
  log.barrier(() => order.push('barrier'))
  for (let i = 0; i < 100; i++) await setImmediate()
  expect(order).toEqual([])
  files.release()
  await until(() => order.length === 4)
  expect(order).toEqual(['append', 'reader', 'memory', 'barrier'])
  await log.close()
  await rm(directory, { recursive: true })
})

it('shows a reader while a sync is held what it calls passing, but nothing behind a batch that waits', async () => {
  const files = new FaultyFiles()
  const directory = await mkdtemp(join(tmpdir(), 'log-'))
  const log = await openEmbeddedLog({ directory, files })
  await log.createTopics(rows)
  const fleeting = { topic: catalogue.authInbox.name, partition: 0 }
  const seen: string[] = []
  log.read(fleeting, {
    from: 0,
    visibility: 'stored',
    isPassing: (batch) => !recordsOf(batch).some((record) => record.includes('promised')),
    handle: (batch) => void seen.push(...recordsOf(batch)),
    failed: (error) => seen.push(String(error)),
  })
  files.held = true
  const [durable = { topic: '', partition: 0 }] = targets
  log.append(durable, batchOf('a=1'))
  for (const record of ['k=passing', 'k=promised', 'k=passing']) log.append(fleeting, batchOf(record))
  await until(() => seen.length > 0)
  for (let i = 0; i < 100; i++) await setImmediate()
  expect(seen).toEqual(['0 k=passing'])
  files.release()
  await until(() => seen.length === 3)
  expect(seen).toEqual(['0 k=passing', '1 k=promised', '2 k=passing'])
  await log.close()
  await rm(directory, { recursive: true })
})
