// What the embedded log does at start with what an end without a close has left.
import { appendFile, link, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import net from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { catalogue } from '#libs/topics'
import { openEmbeddedLog } from '../index.js'
import { batchOf } from '../testing/log-bench.js'
import {
  all,
  EmbeddedPlace,
  facts,
  fileOf,
  inbox,
  messages,
  put,
  reopen,
  stored,
} from '../testing/embedded-place.js'
import { FaultyFiles } from '../testing/faulty-files.js'

let place: EmbeddedPlace

beforeEach(async () => {
  place = await EmbeddedPlace.make()
})
afterEach(() => place.dispose())

/** Lets what is under way to the disk get there. */
async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await setImmediate()
}

describe('a torn tail', () => {
  it('is cut at each byte, with one line, and never takes what was before', async () => {
    const log = await place.open()
    await put(log, messages, 'a=1')
    await put(log, messages, 'b=2')
    const before = (await stat(await fileOf(place.directory, 'messages'))).size
    await put(log, messages, 'c=3')
    const copy = await place.copyNow()
    const path = await fileOf(copy, 'messages')
    const whole = await readFile(path)
    const manifest = await readFile(join(copy, 'log.json'))
    for (let length = before; length < whole.length; length++) {
      await writeFile(path, whole.subarray(0, length))
      await writeFile(join(copy, 'log.json'), manifest)
      const { log: again, notices } = await reopen(copy)
      expect(await all(again, messages)).toEqual(['0 a=1', '1 b=2'])
      expect(notices.length).toBe(length === before ? 0 : 1)
      await put(again, messages, 'd=4')
      await again.close()
      if (length % 10 !== 0) continue
      const { log: third, notices: none } = await reopen(copy)
      expect(await all(third, messages)).toEqual(['0 a=1', '1 b=2', '2 d=4'])
      expect(none).toEqual([])
      await third.close()
    }
  })

  it('of random bytes is cut', async () => {
    const log = await place.open()
    await put(log, messages, 'a=1')
    const copy = await place.copyNow()
    for (const garbage of [
      Buffer.alloc(1, 1),
      Buffer.alloc(5000, 0x54),
      Buffer.from('TBF1TBF1TBF1'),
      Buffer.alloc(3_000_000, 7),
    ]) {
      await appendFile(await fileOf(copy, 'messages'), garbage)
      const { log: again, notices } = await reopen(copy)
      expect(await all(again, messages)).toEqual(['0 a=1'])
      expect(notices).toHaveLength(1)
      expect(notices[0]).toContain(`${garbage.length} bytes of`)
      await again.close()
    }
  })

  it('of zeros, which the log puts there itself, is cut without a word', async () => {
    const log = await place.open()
    for (let i = 0; i < 20; i++) await put(log, messages, `k=${i}`)
    const copy = await place.copyNow()
    const path = await fileOf(copy, 'messages')
    expect((await stat(path)).size).toBeGreaterThan(100_000)
    const { log: again, notices } = await reopen(copy)
    expect(notices).toEqual([])
    expect((await stat(path)).size).toBeLessThan(5000)
    await put(again, messages, 'k=20')
    expect(await all(again, messages)).toHaveLength(21)
    await again.close()
    await log.close()
    expect((await stat(await fileOf(place.directory, 'messages'))).size).toBeLessThan(5000)
  })

  it('in one file cuts the others at the same frame', async () => {
    const files = new FaultyFiles()
    const log = await place.open({ files })
    await put(log, messages, 'a=1')
    await put(log, facts, 'f=1')
    const { size } = await stat(await fileOf(place.directory, 'messages'))
    files.held = true
    log.append(messages, batchOf('b=2'))
    log.append(facts, batchOf('f=2'))
    log.append(messages, batchOf('c=3'))
    log.append(facts, batchOf('f=3'))
    await settle()
    const copy = await place.copyNow()
    files.release()
    await truncate(await fileOf(copy, 'messages'), size)
    const { log: again, notices } = await reopen(copy)
    expect(await all(again, messages)).toEqual(['0 a=1'])
    expect(await all(again, facts)).toEqual(['0 f=1'])
    expect(notices).toHaveLength(1)
    await again.close()
  })

  it('takes a commit that is not whole', async () => {
    const log = await place.open()
    await put(log, messages, 'a=1')
    await put(log, facts, 'f=1')
    const claim = await log.claim('session', 0, [facts])
    const { size } = await stat(await fileOf(place.directory, 'messages'))
    claim.commit(
      [{ target: facts, batch: batchOf('f=2') }],
      [{ target: inbox, batch: batchOf('s=1') }],
      () => {},
    )
    await stored(log)
    const copy = await place.copyNow()
    await truncate(await fileOf(copy, 'messages'), size)
    const { log: again } = await reopen(copy)
    expect(await all(again, facts)).toEqual(['0 f=1'])
    expect(again.endOffset(inbox)).toBe(0)
    await again.close()
  })

  it('takes a new segment whose header was never synced', async () => {
    const log = await place.open({ segmentBytes: 300 })
    await put(log, messages, 'a=1')
    await put(log, messages, 'b=2')
    await put(log, messages, 'c=3')
    await put(log, messages, 'd=4')
    const copy = await place.copyNow()
    const path = await fileOf(copy, 'messages')
    expect(path).toMatch(/messages.000000000002.log$/)
    for (const left of [0, 10, 64]) {
      await writeFile(path, Buffer.alloc(left, 3))
      const { log: again, notices } = await reopen(copy)
      expect(await all(again, messages)).toEqual(['0 a=1', '1 b=2', '2 c=3'])
      expect(notices).toHaveLength(1)
      await again.close()
    }
    await rm(path, { force: true })
    const { log: again } = await reopen(copy)
    expect(await all(again, messages)).toEqual(['0 a=1', '1 b=2', '2 c=3'])
    await put(again, messages, 'e=5')
    expect(await all(again, messages)).toHaveLength(4)
    await again.close()
  })

  it('cannot be made longer by a payload that looks like a frame', async () => {
    const log = await place.open()
    await put(log, messages, 'a=1')
    const copy = await place.copyNow()
    const other = await EmbeddedPlace.make()
    const otherLog = await other.open()
    await put(otherLog, messages, 'x=1')
    await appendFile(
      await fileOf(copy, 'messages'),
      Buffer.concat([Buffer.alloc(7), await readFile(await fileOf(other.directory, 'messages'))]),
    )
    const { log: again } = await reopen(copy)
    expect(await all(again, messages)).toEqual(['0 a=1'])
    await again.close()
    await other.dispose()
  })
})

describe('opening', () => {
  it('keeps what it makes from everybody else, also in a directory that is not its own', async () => {
    const directory = join(place.directory, 'log')
    const log = await openEmbeddedLog({ directory })
    expect((await stat(directory)).mode & 0o777).toBe(0o700)
    await log.close()
  })

  it('makes indexes again that are missing or broken', async () => {
    const log = await place.open({ segmentBytes: 300 })
    for (let i = 0; i < 10; i++) await put(log, messages, `m=${i}`)
    await log.close()
    const indexes = (await readdir(place.directory)).filter((name) => name.endsWith('.index'))
    expect(indexes.length).toBeGreaterThan(2)
    await rm(join(place.directory, indexes[0] ?? ''))
    await writeFile(join(place.directory, indexes[1] ?? ''), 'rubbish')
    const { log: again } = await reopen(place.directory)
    expect(await all(again, messages)).toHaveLength(10)
    await again.close()
    expect((await readdir(place.directory)).filter((name) => name.endsWith('.index'))).toEqual(indexes)
  })

  it('does not take an index that it cannot open for one that is missing: what lies beyond its length would count', async () => {
    const log = await place.open({ segmentBytes: 200 })
    for (let i = 0; i < 20; i++) await put(log, messages, `k=${i}`)
    await log.close()
    const files = new FaultyFiles()
    const openFile = files.open.bind(files)
    files.open = (path, mode) =>
      path.endsWith('.index') && mode === 'read'
        ? Promise.reject(Object.assign(new Error('EACCES: no index for you'), { code: 'EACCES' }))
        : openFile(path, mode)
    const opened = reopen(place.directory, { files }).then(({ log: again }) => again.close())
    await expect(opened).rejects.toThrow('no index for you')
  })

  it('reads all of every file, a few MiB at a time', async () => {
    const log = await place.open({ segmentBytes: 8 * 1024 * 1024 })
    const value = 'x'.repeat(10_000)
    for (let i = 0; i < 20; i++) {
      for (let k = 0; k < 100; k++) log.append(messages, batchOf(`m=${value}`))
      await stored(log)
    }
    await log.close()
    const files = new FaultyFiles()
    const { log: again } = await reopen(place.directory, { files })
    expect(files.bytesRead).toBeGreaterThan(20_000_000)
    expect(files.longestRead).toBeLessThan(2_000_000)
    expect(again.endOffset(messages)).toBe(2000)
    await again.close()
  })

  it('tells how many files it has checked, of how many', async () => {
    const log = await place.open({ segmentBytes: 300 })
    for (let i = 0; i < 6; i++) {
      await put(log, messages, `m=${i}`)
      await put(log, facts, `f=${i}`)
    }
    await log.close()
    const count = (await readdir(place.directory)).filter((name) => name.endsWith('.log')).length
    const told: string[] = []
    const progress = (done: number, total: number): void => void told.push(`${done} of ${total}`)
    const { log: again } = await reopen(place.directory, { progress })
    await again.close()
    expect(count).toBeGreaterThan(3)
    expect(told).toEqual(Array.from({ length: count }, (_, i) => `${i} of ${count}`))
  })

  it('refuses a second broker, and takes over what a dead one has left', async () => {
    await place.open()
    await expect(place.open()).rejects.toThrow('is in use by another broker')
    const copy = await place.copyNow()
    // A socket whose process is gone: it exists and refuses.
    const server = net.createServer()
    const left = join(copy, 'left')
    await new Promise<void>((resolve) => server.listen(left, resolve))
    await link(left, join(copy, 'lock'))
    await new Promise((resolve) => server.close(resolve))
    const { log } = await reopen(copy)
    await log.close()
  })

  it('refuses a path that is too long for a lock, rather than go on without one', async () => {
    const directory = join(place.directory, 'long'.repeat(30))
    const opened = openEmbeddedLog({ directory }).then((log) => log.close())
    await expect(opened).rejects.toThrow(
      `${directory} has a path too long to be locked against a second broker`,
    )
  })

  it('refuses a directory of a newer format', async () => {
    const log = await place.open()
    await log.close()
    const path = join(place.directory, 'log.json')
    await writeFile(path, (await readFile(path, 'utf8')).replace('"format": 1', '"format": 2'))
    await expect(place.open()).rejects.toThrow(/has data format 2; this version reads up to 1/)
  })

  it('refuses segments without their manifest, and a manifest that is no such thing', async () => {
    const log = await place.open()
    await put(log, messages, 'a=1')
    await log.close()
    const path = join(place.directory, 'log.json')
    await writeFile(path, '{"format": 1')
    await expect(place.open()).rejects.toThrow('log.json cannot be read')
    await rm(path)
    await expect(place.open()).rejects.toThrow('log.json is missing')
  })

  it('gives topics in memory higher offsets each time', async () => {
    const first = await place.open()
    const target = { topic: catalogue.authInbox.name, partition: 0 }
    await put(first, target, 'a=1')
    const end = first.endOffset(target)
    await first.close()
    const second = await place.open()
    expect(second.startOffset(target)).toBeGreaterThan(end)
    expect(second.startOffset(target)).toBe(second.endOffset(target))
  })
})
