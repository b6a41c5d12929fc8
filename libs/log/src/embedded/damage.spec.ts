// What the embedded log does at start with bytes that are not what was stored: it refuses, or gives up what cannot be read.
import { readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FaultyFiles } from '../testing/faulty-files.js'
import { all, EmbeddedPlace, facts, fileOf, messages, put, reopen } from '../testing/embedded-place.js'

let place: EmbeddedPlace

beforeEach(async () => {
  place = await EmbeddedPlace.make()
})
afterEach(() => place.dispose())

async function overwrite(path: string, position: number, bytes: Uint8Array): Promise<void> {
  const whole = await readFile(path)
  whole.set(bytes, position)
  await writeFile(path, whole)
}

/** Bytes of the first frame of a segment. */
const frameSize = (segment: Buffer): number => 36 + segment.readUInt32BE(64 + 28)

describe('damage', () => {
  /** Ten messages and ten facts in turn; then one byte of the given frame is turned over. */
  async function damaged(run: 'messages' | 'state', frame: number): Promise<string> {
    const log = await place.open()
    for (let i = 0; i < 10; i++) {
      await put(log, messages, `m=${i}`)
      await put(log, facts, `f=${i}`)
    }
    const copy = await place.copyNow()
    const path = await fileOf(copy, run)
    const whole = await readFile(path)
    const size = frameSize(whole)
    const position = 64 + frame * size + 50
    await overwrite(path, position, Buffer.from([(whole[position] ?? 0) ^ 1]))
    return copy
  }

  it.each([
    ['messages', 0],
    ['messages', 4],
    ['messages', 8],
    ['messages', 9],
    ['state', 0],
    ['state', 8],
  ] as const)(
    'in the middle of %s, frame %i, refuses to start, naming file, offset and remedy',
    async (run, frame) => {
      const copy = await damaged(run, frame)
      const size = frameSize(await readFile(await fileOf(copy, run)))
      const before = await readFile(await fileOf(copy, run))
      await expect(reopen(copy)).rejects.toThrow(
        new RegExp(`${run}.000000000001.log is damaged at byte ${64 + frame * size}: .*TBMQ_LOG_DAMAGE=cut`),
      )
      expect(before.equals(await readFile(await fileOf(copy, run)))).toBe(true)
    },
  )

  it('of the very last frame cannot be told from a torn tail and is cut', async () => {
    const copy = await damaged('state', 9)
    const { log, notices } = await reopen(copy)
    expect(await all(log, facts)).toHaveLength(9)
    expect(await all(log, messages)).toHaveLength(10)
    expect(notices).toHaveLength(1)
    await log.close()
  })

  it('of the very last frame is seen after a clean stop', async () => {
    const log = await place.open()
    await put(log, messages, 'a=1')
    await log.close()
    const path = await fileOf(place.directory, 'messages')
    await overwrite(path, (await stat(path)).size - 1, Buffer.from([1]))
    await expect(reopen(place.directory)).rejects.toThrow('is damaged at byte 64')
  })

  it.each([0, 4])('at frame %i is cut, with everything behind it, when that is asked for', async (frame) => {
    const copy = await damaged('messages', frame)
    const { log, notices } = await reopen(copy, { damage: 'cut' })
    expect(await all(log, messages)).toHaveLength(frame)
    // The file of the facts vouches for the first message: nothing in it is given up for that one.
    expect(await all(log, facts)).toHaveLength(Math.max(1, frame))
    expect(notices.length).toBeGreaterThanOrEqual(2)
    // Who had read all ten must not take the next ones for read.
    expect(log.endOffset(messages)).toBeGreaterThanOrEqual(10)
    await put(log, messages, 'new=1')
    await log.close()
    const { log: again } = await reopen(copy)
    expect(await all(again, messages)).toHaveLength(frame + 1)
    await again.close()
  })

  it('below what a new segment of the other run vouches for is seen', async () => {
    const log = await place.open({ segmentBytes: 300 })
    await put(log, facts, 'f=1')
    for (let i = 0; i < 10; i++) await put(log, messages, `m=${i}`)
    const copy = await place.copyNow()
    const path = await fileOf(copy, 'state')
    await overwrite(path, 130, Buffer.from([0xff]))
    await expect(reopen(copy)).rejects.toThrow('state.000000000001.log is damaged at byte 64')
    await overwrite(path, 10, Buffer.from([0xff]))
    await expect(reopen(copy)).rejects.toThrow('state.000000000001.log is damaged at byte 0')
  })

  describe('of a closed segment', () => {
    /** Five segments and more of each run; then one byte of the third frame of the second one is turned over. */
    async function damagedClosed(run: 'messages' | 'state', byteOfFrame: number): Promise<string> {
      const log = await place.open({ segmentBytes: 300 })
      for (let i = 0; i < 20; i++) {
        await put(log, messages, `m=${String(i).padStart(2, '0')}`)
        await put(log, facts, `f${i}=x`)
      }
      await log.close()
      const path = join(place.directory, `${run}.000000000002.log`)
      const whole = await readFile(path)
      const position = 64 + 2 * frameSize(whole) + byteOfFrame
      await overwrite(path, position, Buffer.from([(whole[position] ?? 0) ^ 1]))
      return path
    }

    it.each([
      { run: 'messages', byte: 0, what: 'mark' },
      { run: 'messages', byte: 30, what: 'header' },
      { run: 'messages', byte: 36 + 61, what: 'batch' },
      { run: 'state', byte: 36 + 61, what: 'batch' },
    ] as const)('in $run refuses to start, at the $what of a frame', async ({ run, byte }) => {
      const path = await damagedClosed(run, byte)
      const at = 64 + 2 * frameSize(await readFile(path))
      const expected = new RegExp(`${run}.000000000002.log is damaged at byte ${at}: .*TBMQ_LOG_DAMAGE=cut`)
      await expect(reopen(place.directory)).rejects.toThrow(expected)
      await rm(path.replace('.log', '.index'))
      await expect(reopen(place.directory)).rejects.toThrow(expected)
    })

    it('refuses to start when its end is missing', async () => {
      const path = await damagedClosed('messages', 0)
      const at = 64 + 2 * frameSize(await readFile(path))
      await truncate(path, at)
      await expect(reopen(place.directory)).rejects.toThrow(`is damaged at byte ${at}: `)
    })

    it('refuses to start when its last frames are zeros, though there is no index to say how long it is', async () => {
      const path = await damagedClosed('messages', 36 + 61)
      const whole = await readFile(path)
      const at = 64 + 2 * frameSize(whole)
      await overwrite(path, at, Buffer.alloc(whole.length - at))
      await rm(path.replace('.log', '.index'))
      await expect(reopen(place.directory)).rejects.toThrow(
        new RegExp(`messages.000000000002.log is damaged at byte ${at}: .*TBMQ_LOG_DAMAGE=cut`),
      )
      const { log } = await reopen(place.directory, { damage: 'cut' })
      expect((await all(log, messages)).at(-1)).toBe('19 m=19')
      await log.close()
    })

    it('refuses to start when its last frames are zeros, and neither an index nor the next segment is there', async () => {
      const path = await damagedClosed('messages', 36 + 61)
      const whole = await readFile(path)
      const at = 64 + 2 * frameSize(whole)
      await overwrite(path, at, Buffer.alloc(whole.length - at))
      const next = join(place.directory, 'messages.000000000003')
      for (const gone of [path.replace('.log', '.index'), `${next}.log`, `${next}.index`]) await rm(gone)
      await expect(reopen(place.directory)).rejects.toThrow(`${path} is damaged at byte ${at}: `)
    })

    it('may end in zeros though the next segment has not the next number: making that one had failed', async () => {
      const files = new FaultyFiles()
      const log = await place.open({ segmentBytes: 1500, files, retryMillis: 5 })
      const segments = async (): Promise<readonly string[]> =>
        (await readdir(place.directory)).filter((name) => /^messages.*log$/.test(name)).sort()
      let count = 0
      for (; (await segments()).length < 3; count++) {
        // No file can be made after the second segment is full, whenever that is.
        if ((await segments()).length === 2 && log.metrics.errors === 0) files.fail('open', 1)
        await put(log, messages, `m=${count}`)
      }
      const names = await segments()
      expect(names.at(-1)).toBe('messages.000000000004.log')
      await log.close()
      const path = join(place.directory, 'messages.000000000002.log')
      await writeFile(path, Buffer.concat([await readFile(path), Buffer.alloc(1000)]))
      await rm(path.replace('.log', '.index'))
      const { log: again, notices } = await reopen(place.directory)
      expect(await all(again, messages)).toHaveLength(count)
      expect(notices).toEqual([])
      await again.close()
    })

    it.each(['messages', 'state'] as const)(
      'refuses to start when a segment of %s that compaction wrote ends in zeros',
      async (run) => {
        const log = await place.open({ segmentBytes: 300, compactionLagMillis: 0 })
        for (let i = 0; i < 20; i++) {
          await put(log, facts, `f${i % 9}=x`)
          await put(log, messages, `m=${i}`)
        }
        await log.maintenance.compact()
        await log.close()
        const path = join(place.directory, `${run}.000000000001.log`)
        const whole = await readFile(path)
        const at = 64 + frameSize(whole)
        await overwrite(path, at, Buffer.alloc(whole.length - at))
        await rm(path.replace('.log', '.index'))
        await expect(reopen(place.directory)).rejects.toThrow(`is damaged at byte ${at}: `)
      },
    )

    it('may end in zeros that were written in advance, also several of them: the power failed before any was cut', async () => {
      const log = await place.open({ segmentBytes: 1500 })
      for (let i = 0; i < 60; i++) {
        await put(log, messages, `m=${String(i).padStart(2, '0')}`)
        await put(log, facts, `f${i}=x`)
      }
      const copy = await place.copyNow()
      const names = await readdir(copy)
      let segments = 0
      for (const name of names) {
        const path = join(copy, name)
        if (name.endsWith('.index')) await rm(path)
        if (!name.endsWith('.log')) continue
        const whole = await readFile(path)
        segments++
        // What compaction has written has none.
        if (whole.readUInt32BE(56) === 0) await writeFile(path, Buffer.concat([whole, Buffer.alloc(1000)]))
      }
      expect(segments).toBeGreaterThan(6)
      const { log: again, notices } = await reopen(copy)
      expect(await all(again, messages)).toHaveLength(60)
      expect(await all(again, facts)).toHaveLength(60)
      expect(notices).toEqual([])
      await again.close()
      // What was made again says how long each is.
      const { log: third } = await reopen(copy)
      expect(await all(third, messages)).toHaveLength(60)
      await third.close()
    })

    it('is cut with the whole file when its header cannot be read', async () => {
      const path = await damagedClosed('messages', 0)
      await overwrite(path, 20, Buffer.from([0xff]))
      await expect(reopen(place.directory)).rejects.toThrow(`${path} is damaged at byte 0: `)
      const { log } = await reopen(place.directory, { damage: 'cut' })
      expect((await all(log, messages)).length).toBeGreaterThan(10)
      expect(await all(log, facts)).toHaveLength(20)
      await log.close()
      expect(await readdir(place.directory)).not.toContain('messages.000000000002.log')
    })

    it.each(['with', 'without'])('is cut to its end, %s its index, when that is asked for', async (index) => {
      const path = await damagedClosed('messages', 36 + 61)
      if (index === 'without') await rm(path.replace('.log', '.index'))
      const { log, notices } = await reopen(place.directory, { damage: 'cut' })
      const left = await all(log, messages)
      expect(notices).toEqual([expect.stringMatching(/messages.000000000002.log is damaged .* given up/)])
      expect(notices[0]).toContain(`${path} is damaged at byte `)
      expect(left.length).toBeLessThan(20)
      expect(left.length).toBeGreaterThan(14)
      expect(left.at(-1)).toBe('19 m=19')
      expect(await all(log, facts)).toHaveLength(20)
      const end = log.endOffset(messages)
      expect(end).toBeGreaterThanOrEqual(20)
      await put(log, messages, 'm=20')
      await log.close()
      const { log: again, notices: none } = await reopen(place.directory)
      expect(await all(again, messages)).toEqual([...left, `${end} m=20`])
      expect(none).toEqual([])
      await again.close()
    })
  })
})
