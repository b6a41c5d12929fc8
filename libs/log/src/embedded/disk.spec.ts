// The disk that is full or failing: nothing acknowledged is lost, nothing is acknowledged that is not stored, and the log goes on by itself.
import { execFileSync } from 'node:child_process'
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { catalogue, type Topic } from '#libs/topics'
import { openEmbeddedLog, type EmbeddedLog, type Pressure } from '../index.js'
import { batchOf } from '../testing/log-bench.js'
import { all, EmbeddedPlace, facts, inbox, messages, put, stored, until } from '../testing/embedded-place.js'
import { FaultyFiles, type FileCall } from '../testing/faulty-files.js'

let place: EmbeddedPlace
let files: FaultyFiles
beforeEach(async () => {
  place = await EmbeddedPlace.make()
  files = new FaultyFiles()
})
afterEach(() => place.dispose())

const keys = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => `k=${from + i}`)
const numbered = (to: number): string[] => keys(0, to).map((record, i) => `${i} ${record}`)

describe('a disk that fails', () => {
  const faults: readonly (readonly [FileCall, number])[] = [
    ['writev', 1],
    ['writev', 3],
    ['sync', 1],
    ['sync', 4],
  ]
  it.each(faults)('at %s, %i times, makes the log not writable and is overcome', async (call, times) => {
    const log = await place.open({ files, retryMillis: 5 })
    for (const record of keys(0, 5)) await put(log, messages, record)
    await put(log, facts, 'f=0')
    files.fail(call, times)
    const order: number[] = []
    for (let i = 5; i < 10; i++) log.append(messages, batchOf(`k=${i}`), () => order.push(i))
    log.append(facts, batchOf('f=1'), () => order.push(99))
    await until(() => !log.writable)
    expect(order).toEqual([])
    await until(() => log.writable)
    await until(() => order.length === 6)
    expect(order).toEqual([5, 6, 7, 8, 9, 99])
    expect(place.notices).toHaveLength(2)
    expect(log.metrics.errors).toBeGreaterThan(0)
    await put(log, messages, 'k=10')
    await log.close()
    const again = await place.open()
    expect(await all(again, messages)).toEqual(numbered(11))
    expect(await all(again, facts)).toEqual(['0 f=0', '1 f=1'])
  })

  it.each(['open', 'truncate', 'syncDirectory', 'remove'] as const)(
    'again while it is being overcome, at %s',
    async (call) => {
      const log = await place.open({ files, retryMillis: 5 })
      await put(log, messages, 'k=0')
      files.fail('sync', 1)
      files.fail(call, 2)
      await put(log, messages, 'k=1')
      await put(log, messages, 'k=2')
      expect(log.metrics.errors).toBeGreaterThan(1)
      await log.close()
      const again = await place.open()
      expect(await all(again, messages)).toEqual(numbered(3))
      expect((await readdir(place.directory)).filter((name) => name.endsWith('.tmp'))).toEqual([])
    },
  )

  it('fails what is not stored with `closed` when the log is closed meanwhile', async () => {
    const log = await place.open({ files, retryMillis: 5 })
    await put(log, messages, 'k=0')
    files.fail('writev', Infinity)
    let kind: string | undefined
    log.append(messages, batchOf('k=1'), (failure) => (kind = failure?.kind))
    await until(() => !log.writable)
    await log.close()
    expect(kind).toBe('closed')
    files.fail('writev', 0)
    const again = await place.open({ files })
    expect(await all(again, messages)).toEqual(numbered(1))
  })

  it('at one file is not left before the other one is written, when the log is closed meanwhile', async () => {
    const log = await place.open({ files, retryMillis: 60_000 })
    await put(log, messages, 'k=0')
    await put(log, facts, 'f=0')
    files.held = true
    files.fail('writev', 1)
    log.append(messages, batchOf('k=1'))
    log.append(facts, batchOf('f=1'))
    await until(() => !log.writable)
    const closing = log.close()
    setImmediate(() => {
      files.release()
    })
    await closing
    expect(log.metrics.errors).toBe(1)
    const again = await place.open()
    expect(await all(again, messages)).toEqual(numbered(1))
    expect(await all(again, facts)).toEqual(['0 f=0'])
  })
})

describe('a disk that is full', () => {
  it('takes part of a write, and everything when there is room again', async () => {
    const log = await place.open({ files, retryMillis: 5, diskFreeMin: 0 })
    await put(log, messages, 'k=0')
    files.space = 150
    let acknowledged = 0
    for (const record of keys(1, 20)) log.append(messages, batchOf(record), () => acknowledged++)
    await until(() => log.metrics.errors > 3)
    expect(acknowledged).toBe(0)
    expect(await all(log, messages)).toEqual(numbered(20))
    files.space = Infinity
    await until(() => acknowledged === 19)
    await log.close()
    const again = await place.open()
    expect(await all(again, messages)).toEqual(numbered(20))
  })

  it('lets history go first, then asks to drop QoS 0, then to hold, and takes it back', async () => {
    const heard: Pressure[] = []
    const pressure = (level: Pressure): void => void heard.push(level)
    const diskMax = 4 * 1024 * 1024
    const log = await place.open({ pressure, diskMax, diskFreeMin: 0, cacheBytes: 1000 })
    const value = 'x'.repeat(50_000)
    const fill = async (target: typeof inbox, batches: number): Promise<void> => {
      for (let i = 0; i < batches; i++) {
        await put(log, target, `k=${value}`)
        await log.maintenance.check()
      }
    }
    await fill(messages, 120)
    expect(heard).toEqual([])
    expect(log.startOffset(messages)).toBeGreaterThan(20)
    for (let i = 0; i < 100 && log.pressure !== 'hold'; i++) await fill(inbox, 1)
    expect(heard).toEqual(['dropQos0', 'hold'])
    log.trim(inbox, log.endOffset(inbox))
    await stored(log)
    await log.maintenance.check()
    expect(heard).toEqual(['dropQos0', 'hold', 'none'])
  })

  it('is not overrun by what comes between two looks at it', async () => {
    const heard: Pressure[] = []
    const pressure = (level: Pressure): void => void heard.push(level)
    const log = await place.open({ pressure, diskMax: 4 * 1024 * 1024, diskFreeMin: 0, cacheBytes: 1000 })
    const value = 'x'.repeat(50_000)
    // History goes by itself, as fast as it comes.
    for (let i = 0; i < 120; i++) await put(log, messages, `k=${value}`)
    expect(await bytesIn(place.directory)).toBeLessThan(4 * 1024 * 1024)
    expect(log.startOffset(messages)).toBeGreaterThan(20)
    expect(heard).not.toContain('dropQos0')
    for (let i = 0; i < 120 && log.pressure !== 'hold'; i++) await put(log, inbox, `k=${value}`)
    expect(heard.at(-1)).toBe('hold')
    expect(await bytesIn(place.directory)).toBeLessThan(4 * 1024 * 1024)
  })

  it('of 8 MiB acknowledges nothing that is not stored, and goes on when there is room', async () => {
    const disk = await smallDisk()
    let log: EmbeddedLog | undefined
    try {
      const options = {
        ...disk.options,
        retryMillis: 20,
        diskFreeMin: 0,
        segmentBytes: 1_000_000,
        diskMax: 1e9,
      }
      const unlimited: Topic = { ...catalogue.messages, retention: { kind: 'trimmed' } }
      const rows = [{ topic: unlimited, partitions: 1 }]
      log = await openEmbeddedLog(options)
      await log.createTopics(rows)
      await disk.fill(3_000_000)
      const value = 'x'.repeat(10_000)
      let sent = 0
      let acknowledged = 0
      while (log.writable) {
        for (let i = 0; i < 10; i++) {
          log.append(messages, batchOf(`k${sent++}=${value}`), (failure) => {
            if (failure === undefined) acknowledged++
          })
        }
        const before = acknowledged
        await until(() => acknowledged > before || log?.writable === false)
      }
      expect(acknowledged).toBeGreaterThan(300)
      expect(acknowledged).toBeLessThan(sent)
      await disk.empty()
      await until(() => log?.writable === true && acknowledged === sent)
      await log.close()
      log = await openEmbeddedLog(options)
      await log.createTopics(rows)
      const records = await all(log, messages)
      const names = records.map((record) => record.split('=')[0])
      expect(names).toEqual(Array.from({ length: sent }, (_, i) => `${i} k${i}`))
    } finally {
      await log?.close()
      await disk.dispose()
    }
  })
})

async function bytesIn(directory: string): Promise<number> {
  let bytes = 0
  for (const name of await readdir(directory)) bytes += (await stat(join(directory, name))).size
  return bytes
}

interface SmallDisk {
  readonly options: { readonly directory: string; readonly files?: FaultyFiles }
  /** Takes room away. */
  fill(bytes: number): Promise<void>
  /** Gives it back. */
  empty(): Promise<void>
  dispose(): Promise<void>
}

/** A real file system of 8 MiB where we may mount one, else a file layer that has no more room than that. */
async function smallDisk(): Promise<SmallDisk> {
  const directory = await mkdtemp(join(tmpdir(), 'log-disk-'))
  if (process.getuid?.() === 0 && process.platform === 'linux') {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'none', directory])
    const ballast = join(directory, 'ballast')
    return {
      options: { directory },
      fill: (bytes) => writeFile(ballast, Buffer.alloc(bytes)),
      empty: () => rm(ballast),
      async dispose() {
        execFileSync('umount', [directory])
        await rm(directory, { recursive: true })
      },
    }
  }
  const files = new FaultyFiles()
  files.space = 8 * 1024 * 1024
  return {
    options: { directory, files },
    fill: async (bytes) => void (files.space -= bytes),
    empty: async () => void (files.space = Infinity),
    dispose: () => rm(directory, { recursive: true }),
  }
}
