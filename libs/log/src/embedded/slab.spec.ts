// Fear: every appended megabyte is new memory, which costs page faults and collections; or memory is used again while it is looked at.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { Batch } from '#libs/batch'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openEmbeddedLog } from '../index.js'
import { batchOf, facts, fleeting, LogBench, raise, recordsOf, stream } from '../testing/log-bench.js'

const value = 'x'.repeat(100_000)

describe('the memory of what is appended', () => {
  let bench: LogBench
  let directory: string
  const reopen = () => openEmbeddedLog({ directory })
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'log-'))
    const dispose = () => rm(directory, { recursive: true })
    bench = await LogBench.open({ open: reopen, reopen, progress: () => setImmediate(), dispose })
  })
  afterEach(() => bench.dispose())

  for (const target of [stream, fleeting]) {
    it(`is used again when everybody has had it: ${target.topic}`, async () => {
      const buffers = new Set<unknown>()
      let batches = 0
      const handle = (batch: Batch): void => {
        batches++
        buffers.add(batch.bytes.buffer)
      }
      bench.log.read(target, { from: 0, visibility: 'stored', handle, failed: raise })
      for (let n = 0; n < 400; n++) {
        bench.log.append(target, batchOf(`${n}=${value}`))
        await bench.until(() => batches === n + 1)
      }
      // 40 MB went through; a megabyte is being filled, a little more waits for readers to come.
      expect(buffers.size).toBeLessThan(8)
    })
  }

  it('is not used again before a reader has had it', async () => {
    const seen: string[] = []
    const handle = (batch: Batch): void =>
      void seen.push(...recordsOf(batch).map((record) => record.slice(0, 10)))
    const reader = bench.log.read(stream, { from: 0, visibility: 'stored', handle, failed: raise })
    reader.pause()
    for (let n = 0; n < 100; n++) {
      bench.log.append(stream, batchOf(`${n}=${value}`))
      await bench.stored()
    }
    reader.resume()
    await bench.until(() => seen.length === 100)
    expect(seen).toEqual(Array.from({ length: 100 }, (_, n) => `${n} ${n}=xxxxxxxx`.slice(0, 10)))
  })

  it('is not used again under what a restore has seen', async () => {
    const seen: Batch[] = []
    const expected: string[] = []
    for (let n = 0; n < 3; n++) {
      bench.log.append(facts, batchOf(`${n}=${value}`))
      expected.push(`${n} ${n}=${value}`)
    }
    await bench.log.readState(facts, (batch) => seen.push(batch))
    for (let n = 0; n < 100; n++) {
      bench.log.append(facts, batchOf(`later=${value}`))
      await bench.stored()
    }
    expect(seen.flatMap(recordsOf).join() === expected.join()).toBe(true)
  })
})
