// Forgetting and compacting: what may go goes, what may not stays, and readers never notice.
import { cp, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SeededRandom } from '#libs/base'
import { catalogue, type Topic } from '#libs/topics'
import type { EmbeddedLog } from '../index.js'
import { batchOf, recordsOf } from '../testing/log-bench.js'
import {
  all,
  EmbeddedPlace,
  facts,
  fleeting,
  inbox,
  messages,
  put,
  stored,
  until,
} from '../testing/embedded-place.js'
import { FaultyFiles } from '../testing/faulty-files.js'

let place: EmbeddedPlace
let time = 1_000_000
beforeEach(async () => {
  place = await EmbeddedPlace.make()
  time = 1_000_000
})
afterEach(async () => {
  await place.dispose()
  await copy?.dispose()
  copy = undefined
})

let copy: EmbeddedPlace | undefined
/** Opens the directory as it is now, as if the process had been killed. */
async function openCopy(messagesTopic?: Topic): Promise<EmbeddedLog> {
  copy = await EmbeddedPlace.make()
  await cp(place.directory, copy.directory, { recursive: true, filter: (path) => !path.endsWith('lock') })
  return copy.open({}, messagesTopic)
}

const limited = (millis: number, bytes: number): Topic => ({
  ...catalogue.messages,
  retention: { kind: 'limited', millis, bytes },
})
const small = { segmentBytes: 1000, cacheBytes: 100, now: () => time }
const raise = (error: unknown): void => {
  throw error
}
async function putMany(log: EmbeddedLog, target: typeof messages, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await put(log, target, `k=${i}`)
}
async function segments(run: 'messages' | 'state'): Promise<string[]> {
  return (await readdir(place.directory)).filter((name) => name.startsWith(run) && name.endsWith('.log'))
}

describe('forgetting', () => {
  it('keeps at least the bytes that the topic allows', async () => {
    const log = await place.open(small, limited(1e12, 3000))
    await putMany(log, messages, 100)
    await log.maintenance.forget(false)
    const kept = await all(log, messages)
    expect(log.startOffset(messages)).toBeGreaterThan(50)
    expect(kept.length).toBeGreaterThan(25)
    expect(kept.at(-1)).toBe('99 k=99')
    expect(kept[0]).toBe(`${log.startOffset(messages)} k=${log.startOffset(messages)}`)
    expect((await segments('messages')).length).toBeLessThan(6)
  })

  it('takes history along with the messages whose files it shares, and never history alone', async () => {
    const history = { topic: catalogue.history.name, partition: 0 }
    const log = await place.open(small, limited(1e12, 3000))
    await log.createTopics([{ topic: catalogue.history, partitions: 1 }])
    await putMany(log, history, 60)
    await log.maintenance.forget(false)
    expect(log.startOffset(history)).toBe(0)
    for (let i = 0; i < 60; i++) {
      await put(log, messages, `k=${i}`)
      await put(log, history, `k=${i}`)
    }
    time += 8 * 24 * 3600 * 1000
    await log.maintenance.forget(false)
    const gone = log.startOffset(history)
    expect(gone).toBeGreaterThanOrEqual(60)
    time -= 8 * 24 * 3600 * 1000
    for (let i = 0; i < 100; i++) {
      await put(log, messages, `k=${i}`)
      await put(log, history, `k=${i}`)
    }
    await log.maintenance.forget(false)
    expect(log.startOffset(messages)).toBeGreaterThan(50)
    expect(log.startOffset(history)).toBeGreaterThan(gone)
  })

  it('keeps what is young enough', async () => {
    const log = await place.open(small, limited(5000, 1e12))
    await putMany(log, messages, 30)
    time += 4000
    await putMany(log, messages, 30)
    await log.maintenance.forget(false)
    expect(log.startOffset(messages)).toBe(0)
    time += 2000
    await log.maintenance.forget(false)
    expect(log.startOffset(messages)).toBeGreaterThan(10)
    expect(log.startOffset(messages)).toBeLessThanOrEqual(30)
  })

  it('never takes what an open reader has not had', async () => {
    const log = await place.open(small, limited(0, 0))
    const reader = log.read(messages, {
      from: 0,
      visibility: 'stored',
      handle: () => undefined,
      failed: raise,
    })
    await putMany(log, messages, 15)
    reader.pause()
    await putMany(log, messages, 50)
    time += 1000
    await log.maintenance.forget(true)
    expect(log.startOffset(messages)).toBeGreaterThan(0)
    expect(log.startOffset(messages)).toBeLessThanOrEqual(15)
    reader.resume()
    await until(() => reader.position === 65)
    await log.maintenance.forget(true)
    expect(log.startOffset(messages)).toBeGreaterThan(50)
    await reader.close()
  })

  it('takes an inbox only behind its trim, and holds back what lies in the same segments', async () => {
    const log = await place.open(small, limited(0, 0))
    for (let i = 0; i < 50; i++) {
      await put(log, messages, `m=${i}`)
      await put(log, inbox, `i=${i}`)
    }
    time += 1000
    await log.maintenance.forget(true)
    expect([log.startOffset(messages), log.startOffset(inbox)]).toEqual([0, 0])
    log.trim(inbox, 25)
    await stored(log)
    await log.maintenance.forget(false)
    expect(log.startOffset(inbox)).toBeGreaterThan(15)
    expect(log.startOffset(inbox)).toBeLessThanOrEqual(25)
    expect(Math.abs(log.startOffset(messages) - log.startOffset(inbox))).toBeLessThan(2)
  })

  it('remembers where a partition ended of which nothing is left', async () => {
    const log = await place.open(small, limited(0, 0))
    await putMany(log, inbox, 20)
    log.trim(inbox, 20)
    await putMany(log, messages, 30)
    await log.maintenance.forget(false)
    expect(log.startOffset(inbox)).toBeGreaterThan(10)
    await log.close()
    const again = await place.open(small, limited(0, 0))
    expect(again.endOffset(inbox)).toBe(20)
    await put(again, inbox, 'k=20')
    expect((await all(again, inbox)).at(-1)).toBe('20 k=20')
  })

  it('remembers it also when the process is killed', async () => {
    const log = await place.open(small, limited(0, 0))
    await putMany(log, inbox, 20)
    log.trim(inbox, 20)
    await putMany(log, messages, 30)
    await log.maintenance.forget(false)
    const again = await openCopy(limited(0, 0))
    expect(again.endOffset(inbox)).toBe(20)
    expect(again.startOffset(inbox)).toBeGreaterThan(10)
  })

  it('does not remove anything before what followed from it is stored', async () => {
    const files = new FaultyFiles()
    const log = await place.open({ ...small, files }, limited(500, 1e12))
    await putMany(log, messages, 50)
    time += 1000
    await put(log, facts, 'f=0')
    const before = await readdir(place.directory)
    files.held = true
    log.append(facts, batchOf('f=1'))
    const forgetting = log.maintenance.forget(false)
    for (let i = 0; i < 50; i++) await setImmediate()
    // Nor is it written down that they go: the new manifest would wait for its sync as a draft.
    expect(await readdir(place.directory)).toEqual(before)
    files.release()
    expect(await forgetting).toBeGreaterThan(3)
    expect((await segments('messages')).length).toBeLessThan(3)
  })

  it('lets a topic in memory keep only a little behind its readers', async () => {
    const log = await place.open({ memoryBytes: 20_000 })
    const seen: string[] = []
    const handle = (batch: Parameters<typeof recordsOf>[0]): void => void seen.push(...recordsOf(batch))
    const reader = log.read(fleeting, { from: 0, visibility: 'stored', handle, failed: raise })
    await putMany(log, fleeting, 200)
    expect(seen).toHaveLength(200)
    expect(log.startOffset(fleeting)).toBeGreaterThan(100)
    reader.pause()
    const before = log.endOffset(fleeting)
    await putMany(log, fleeting, 200)
    expect(log.startOffset(fleeting)).toBeLessThanOrEqual(before)
    reader.resume()
    await until(() => seen.length === 400)
  })
})

describe('compaction', () => {
  const options = { ...small, segmentBytes: 4000, compactionLagMillis: 1000 }
  const keyOf = (record: string): string => record.replace(/^\d+ /, '').split('=')[0] ?? ''

  /** Writes some keys again and again; answers with the last record of each. */
  async function churn(log: EmbeddedLog, rounds: number, random: SeededRandom): Promise<Map<string, string>> {
    const latest = new Map<string, string>()
    for (let round = 0; round < rounds; round++) {
      for (let i = 0; i < 5; i++) {
        const records = Array.from({ length: 1 + random.below(4) }, () => {
          const value = random.chance(0.2) ? 'null' : String(random.below(1000))
          return `k${random.below(30)}=${value}`
        })
        let offset = log.endOffset(facts)
        for (const record of records) latest.set(keyOf(record), `${offset++} ${record}`)
        log.append(facts, batchOf(...records))
      }
      await stored(log)
      time += 10
    }
    return latest
  }
  const living = (records: Iterable<string>): string[] =>
    [...records].filter((record) => !record.endsWith('=null')).toSorted()
  const lastOf = (records: readonly string[]): string[] =>
    living(new Map(records.map((record) => [keyOf(record), record])).values())

  it.each([1, 2, 3, 4, 5])('keeps the last value of each key with its offset, seed %i', async (seed) => {
    const random = new SeededRandom(seed)
    const log = await place.open(options)
    const latest = await churn(log, 150, random)
    const before = await all(log, facts)
    time += 100_000
    await log.maintenance.compact()
    expect(log.maintenance.counts.compactions).toBeGreaterThan(0)
    const after = await all(log, facts)
    // It also went on by itself meanwhile, so it is compared with what was written.
    expect(after.length).toBeLessThan(log.endOffset(facts) / 2)
    expect(lastOf(after)).toEqual(living(latest.values()))
    expect(after.every((record) => before.includes(record))).toBe(true)
    expect(log.endOffset(facts)).toBe(Number(before.at(-1)?.split(' ')[0]) + 1)
    const end = log.endOffset(facts)
    await log.close()
    expect((await readdir(place.directory)).filter((name) => name.endsWith('compacting'))).toEqual([])
    const again = await place.open(options)
    expect(await all(again, facts)).toEqual(after)
    expect(again.endOffset(facts)).toBe(end)
    await churn(again, 100, random)
  })

  it('keeps young tombstones and drops old ones', async () => {
    const log = await place.open(options)
    await put(log, facts, 'gone=1', 'stays=1')
    await put(log, facts, 'gone=null')
    await putMany(log, facts, 200)
    await log.maintenance.compact()
    const tombstones = async (): Promise<string[]> =>
      (await all(log, facts)).filter((record) => record.endsWith('=null'))
    expect(await tombstones()).toEqual(['2 gone=null'])
    time += 100_000
    await putMany(log, facts, 200)
    await log.maintenance.compact()
    expect(await tombstones()).toEqual([])
    expect(await all(log, facts)).toContain('1 stays=1')
  })

  it('ends with the same when it was interrupted between two removals', async () => {
    const files = new FaultyFiles()
    const log = await place.open({ ...options, files, compactionLagMillis: 0, segmentBytes: 2000 })
    await put(log, facts, 'gone=1')
    const latest = await churn(log, 40, new SeededRandom(4))
    await put(log, facts, 'gone=null')
    await putMany(log, facts, 50)
    time += 1000
    await log.maintenance.compact()
    const remove = files.remove.bind(files)
    const refuse = (path: string): Promise<void> =>
      path.endsWith('.log') ? Promise.reject(new Error('no removal')) : remove(path)
    files.remove = refuse
    await churn(log, 60, new SeededRandom(4))
    await log.maintenance.compact()
    expect(place.notices.some((notice) => notice.includes('no removal'))).toBe(true)
    const expected = await all(log, facts)
    const again = await openCopy()
    expect(await all(again, facts)).toEqual(expected)
    expect(expected.some((record) => record.includes('gone=1'))).toBe(false)
    expect(latest.size).toBeGreaterThan(0)
  })

  it('lets go of its draft when the disk refuses it, or each attempt would cost a descriptor and the room it needs', async () => {
    const files = new FaultyFiles()
    const openFile = files.open.bind(files)
    let attempts = 0
    let open = 0
    files.open = async (path, mode) => {
      const file = await openFile(path, mode)
      if (!path.endsWith('compacting')) return file
      attempts++
      open++
      const close = file.close.bind(file)
      file.close = () => close().then(() => void open--)
      file.writev = (_buffers, _position, done) => done(new Error('no room for a draft'), 0)
      return file
    }
    const log = await place.open({ ...options, files })
    await churn(log, 40, new SeededRandom(4))
    await log.maintenance.compact()
    expect(attempts).toBeGreaterThan(0)
    expect(place.notices.join()).toContain('no room for a draft')
    expect(open).toBe(0)
    expect((await readdir(place.directory)).filter((name) => name.endsWith('compacting'))).toEqual([])
  })

  it('does not take damage along as if it were what was stored', async () => {
    const log = await place.open({ segmentBytes: 2000, cacheBytes: 100, compactionLagMillis: 0 })
    // Two records in a batch, one of which goes: the other one must not get a new checksum for a turned bit.
    for (let i = 0; i < 3; i++) await put(log, facts, `same=${i}`, `k${i}=value`)
    const path = join(place.directory, 'state.000000000001.log')
    const bytes = await readFile(path)
    bytes.write('V', bytes.indexOf('value'))
    await writeFile(path, bytes)
    for (let i = 3; log.maintenance.counts.compactions === 0 && place.notices.length === 0; i++)
      await put(log, facts, `same=${i}`, `k${i}=value`)
    expect(place.notices[0]).toContain('state.000000000001.log is damaged at byte 64')
    await expect(all(log, facts)).rejects.toThrow('is damaged')
  })

  it('does not disturb readers that are at work', async () => {
    const log = await place.open(options)
    await churn(log, 100, new SeededRandom(9))
    const offsets: number[] = []
    const handle = async (batch: Parameters<typeof recordsOf>[0]): Promise<void> => {
      for (const record of recordsOf(batch)) offsets.push(Number(record.split(' ')[0]))
      await setImmediate()
    }
    const reader = log.read(facts, { from: 0, visibility: 'stored', handle, failed: raise })
    await until(() => offsets.length > 10)
    time += 100_000
    await log.maintenance.compact()
    await churn(log, 20, new SeededRandom(10))
    await until(() => reader.position === log.endOffset(facts))
    expect(offsets).toEqual(offsets.toSorted((a, b) => a - b))
    expect(new Set(offsets).size).toBe(offsets.length)
    expect(offsets.at(-1)).toBe(log.endOffset(facts) - 1)
    await reader.close()
  })

  it('goes on by itself, so that the files stay in proportion to what lives', async () => {
    const log = await place.open({ ...options, compactionLagMillis: 0 })
    await churn(log, 400, new SeededRandom(3))
    await log.maintenance.compact()
    expect(log.maintenance.counts.compactions).toBeGreaterThan(2)
    expect((await segments('state')).length).toBeLessThan(8)
    expect(
      (await readdir(join(place.directory))).filter((name) => name.endsWith('.index')).length,
    ).toBeLessThan(8)
  })
})
