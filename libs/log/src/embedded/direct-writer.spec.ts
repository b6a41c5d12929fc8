// Fear: what is written past the page cache lands in the wrong place, loses what stood in the same block, or is not what a reader sees; it
// costs a descriptor for good, or makes what follows wait for the disk.
import fs from 'node:fs'
import { mkdtemp, readdir, readFile, readlink, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SeededRandom } from '#libs/base'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { all, EmbeddedPlace, facts, fileOf, messages, put, reopen } from '../testing/embedded-place.js'
import { nodeFiles, writeAndSync } from './files.js'

/** Bytes of address space that this process takes; 0 where nobody tells. */
function addressSpace(): number {
  if (process.platform !== 'linux') return 0
  const found = /VmSize:\s+(\d+) kB/.exec(fs.readFileSync('/proc/self/status', 'latin1'))
  return Number(found?.[1]) * 1024
}

describe('a file of the log', () => {
  const spaceBefore = addressSpace()
  let directory: string
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'direct-'))
  })
  afterEach(() => rm(directory, { recursive: true }))

  /** True where the file system under the temporary directory can be written past the cache. */
  function isDirect(path: string): boolean {
    try {
      fs.closeSync(fs.openSync(path, fs.constants.O_WRONLY | fs.constants.O_DIRECT))
      return true
    } catch {
      return false
    }
  }

  it.each([1, 2, 3, 4])('holds what was written, much and little in turn, seed %i', async (seed) => {
    const random = new SeededRandom(seed)
    const path = join(directory, 'file')
    let file = await nodeFiles.open(path, 'create')
    let expected = Buffer.alloc(0)
    for (let step = 0; step < 60; step++) {
      const buffers = Array.from({ length: 1 + random.below(4) }, () => {
        const size = random.chance(0.4)
          ? random.below(300)
          : random.below(random.chance(0.1) ? 3_000_000 : 200_000)
        return Buffer.alloc(size, 1 + random.below(255))
      })
      // As a log does it: zeros behind a little, which the next write goes over.
      const ahead = random.chance(0.2) ? [Buffer.alloc(random.below(50_000))] : []
      await writeAndSync(file, [...buffers, ...ahead], expected.length)
      expected = Buffer.concat([expected, ...buffers])
      const found = await readFile(path)
      expect(found.subarray(0, expected.length).equals(expected)).toBe(true)
      expect(found.subarray(expected.length).every((byte) => byte === 0)).toBe(true)
      if (random.chance(0.2)) {
        await file.truncate(expected.length)
        await file.close()
        file = await nodeFiles.open(path, 'write')
      }
      const read = Buffer.alloc(100)
      const at = random.below(Math.max(1, expected.length - 100))
      const count = await file.read(read, at)
      expect(read.subarray(0, count).equals(found.subarray(at, at + count))).toBe(true)
    }
    await file.close()
  })

  it('is written in whole blocks where that is possible', async () => {
    const path = join(directory, 'file')
    const file = await nodeFiles.open(path, 'create')
    await writeAndSync(file, [Buffer.alloc(100_001, 7)], 0)
    const size = await file.size()
    expect(size).toBe(isDirect(path) ? 102_400 : 100_001)
    await file.close()
  })

  it('takes little address space, where that may be limited', async () => {
    const file = await nodeFiles.open(join(directory, 'file'), 'create')
    await writeAndSync(file, [Buffer.alloc(100_001, 7)], 0)
    await file.close()
    expect(addressSpace() - spaceBefore).toBeLessThan(1024 ** 3)
  })

  it('may begin behind a gap, as one whose header goes last', async () => {
    const path = join(directory, 'file')
    const file = await nodeFiles.open(path, 'create')
    await writeAndSync(file, [Buffer.alloc(100_001, 7)], 64)
    expect(await file.size()).toBe(isDirect(path) ? 102_400 : 100_065)
    await writeAndSync(file, [Buffer.alloc(64, 8)], 0)
    await file.close()
    const expected = Buffer.concat([Buffer.alloc(64, 8), Buffer.alloc(100_001, 7)])
    expect((await readFile(path)).subarray(0, expected.length).equals(expected)).toBe(true)
  })
})

describe('a log', () => {
  let place: EmbeddedPlace
  beforeEach(async () => {
    place = await EmbeddedPlace.make()
  })
  afterEach(() => place.dispose())

  /** How often each file of the log is open, as far as the system tells. */
  async function descriptors(): Promise<Map<string, number>> {
    const found = new Map<string, number>()
    if (process.platform !== 'linux') return found
    for (const fd of await readdir('/proc/self/fd')) {
      const path = await readlink(join('/proc/self/fd', fd)).catch(() => '')
      if (path.startsWith(place.directory)) found.set(path, (found.get(path) ?? 0) + 1)
    }
    return found
  }

  it('keeps no second descriptor of a segment that is full', async () => {
    const log = await place.open({ segmentBytes: 100_000 })
    for (let i = 0; i < 8; i++) await put(log, messages, `k=${'x'.repeat(80_000)}`)
    const open = await fileOf(place.directory, 'messages')
    await expect
      .poll(async () => [...(await descriptors())].filter(([path, count]) => path !== open && count > 1))
      .toEqual([])
  })

  it('leaves the zeros that it puts ahead in the page cache: what is small is written over them, and must not have to be read back', async () => {
    const aheadBytes = 512 * 1024
    const log = await place.open({ aheadBytes })
    for (let i = 0; i < 8; i++) await put(log, messages, `k=${i}`)
    const open = await fileOf(place.directory, 'messages')
    expect((await stat(open)).size).toBeGreaterThan(aheadBytes)
    expect((await descriptors()).get(open) ?? 0).toBeLessThan(2)
  })

  it('finds a compacted segment whole whose index was not written any more', async () => {
    const log = await place.open({ segmentBytes: 100_000, compactionLagMillis: 0 })
    const value = 'x'.repeat(70_000)
    for (let i = 0; i < 4; i++) await put(log, facts, `k${i}=${value}`)
    await log.maintenance.compact()
    const copy = await place.copyNow()
    for (const name of await readdir(copy)) if (name.endsWith('.index')) await rm(join(copy, name))
    const again = await reopen(copy)
    expect(await all(again.log, facts)).toHaveLength(4)
    await again.log.close()
  })
})
