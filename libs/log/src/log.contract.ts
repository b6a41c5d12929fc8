// What every adapter of the log port must do, as tests. Run by log.contract.spec.ts on each of them.
import { crc32c } from '@node-rs/crc32'
import { checkBatch, RecordBatchBuilder, type Batch } from '#libs/batch'
import { catalogue } from '#libs/topics'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { describeClaims } from './claim.contract.js'
import type { LogFailure } from './event-log.js'
import {
  batchOf,
  facts,
  fleeting,
  inbox,
  LogBench,
  numbered,
  other,
  raise,
  recordsOf,
  stream,
  wanted,
  type LogHarness,
} from './testing/log-bench.js'

export function describeLog(name: string, makeHarness: () => LogHarness): void {
  describe(name, () => {
    describe('an append', () => describeAppends(makeHarness))
    describe('a reader', () => describeReaders(makeHarness))
    describe('a claim', () => describeClaims(makeHarness))
    describe('as a whole', () => describeTheRest(makeHarness))
  })
}

function describeAppends(makeHarness: () => LogHarness): void {
  let bench: LogBench
  beforeEach(async () => {
    bench = await LogBench.open(makeHarness())
  })
  afterEach(() => bench.dispose())

  it('lets a builder be used again at once', async () => {
    const seen = bench.follow(stream, 0)
    const builder = new RecordBatchBuilder()
    for (let i = 0; i < 50; i++) {
      builder.reset()
      builder.add(Buffer.from('k'), Buffer.from(String(i)))
      bench.log.append(stream, builder)
    }
    await bench.until(() => seen.length === 50)
    expect(seen).toEqual(numbered(0, 50))
  })

  it('gives out whole batches, stamped with a time that does not go backwards', async () => {
    const batches: Batch[] = []
    const handle = (batch: Batch): void => {
      batch.lease?.keep()
      batches.push(batch)
    }
    bench.log.read(stream, { from: 0, visibility: 'stored', handle, failed: raise })
    bench.appendNumbers(stream, 0, 9)
    await bench.until(() => batches.length === 3)
    let time = 0
    for (const batch of batches) {
      expect(checkBatch(batch.bytes, null)).toBe(undefined)
      // Of a copy: who takes a batch apart makes new ones of its fields.
      const { topic, partition } = { ...batch }
      expect([topic, partition]).toEqual([stream.topic, stream.partition])
      expect(batch.nextOffset - batch.baseOffset).toBe(3)
      expect(batch.appendTime).toBeGreaterThanOrEqual(time)
      time = batch.appendTime
    }
  })

  it('tells each append once that it is stored, in order, with its base offset', async () => {
    const told: number[] = []
    const bases: number[] = []
    for (let i = 0; i < 30; i++) {
      bench.log.append(stream, batchOf('a=1', 'b=2'), (failure, base) => {
        expect(failure).toBe(undefined)
        told.push(i)
        bases.push(base)
      })
      expect(told).toEqual([])
    }
    await bench.stored()
    await bench.until(() => told.length === 30)
    expect(told).toEqual(Array.from({ length: 30 }, (_, i) => i))
    expect(bases).toEqual(told.map((i) => i * 2))
  })

  it('calls a barrier after everything appended before it is stored', async () => {
    const order: string[] = []
    bench.log.append(stream, batchOf('a=1'), () => order.push('stream'))
    bench.log.append(fleeting, batchOf('a=1'), () => order.push('fleeting'))
    bench.log.append(facts, batchOf('a=1'), () => order.push('facts'))
    bench.log.barrier(() => order.push('barrier'))
    expect(order).toEqual([])
    await bench.until(() => order.includes('barrier'))
    expect(order.slice(0, 3).sort()).toEqual(['facts', 'fleeting', 'stream'])
    expect(order[3]).toBe('barrier')
  })

  it('keeps partitions and topics apart', async () => {
    const seen = [
      bench.follow(stream, 0),
      bench.follow(other, 0),
      bench.follow(inbox, 0),
      bench.follow(fleeting, 0),
    ]
    for (let i = 0; i < 10; i++) {
      bench.log.append(stream, batchOf('s=1'))
      bench.log.append(other, batchOf('o=1', 'o=2'))
      bench.log.append(inbox, batchOf('i=1'))
      bench.log.append(fleeting, batchOf('f=1'))
    }
    await bench.stored()
    await bench.until(
      () =>
        seen[0]?.length === 10 && seen[1]?.length === 20 && seen[2]?.length === 10 && seen[3]?.length === 10,
    )
    expect(bench.log.endOffset(stream) - bench.log.startOffset(stream)).toBe(10)
    expect(bench.log.endOffset(other)).toBe(20)
    expect(seen[1]?.[19]).toBe('19 o=2')
  })
}

const digestOf = ({ baseOffset, bytes }: Batch): string => `${baseOffset} ${String(crc32c(bytes))}`

function describeReaders(makeHarness: () => LogHarness): void {
  let bench: LogBench
  beforeEach(async () => {
    bench = await LogBench.open(makeHarness())
  })
  afterEach(() => bench.dispose())

  for (const visibility of ['appended', 'stored'] as const) {
    it(`hands out records in order, with consecutive offsets, to a reader of ${visibility} records`, async () => {
      const seen = bench.follow(stream, 0, visibility)
      bench.appendNumbers(stream, 0, 200)
      await bench.until(() => seen.length >= 200)
      expect(seen).toEqual(numbered(0, 200))
    })

    it(`never calls a reader of ${visibility} records from inside an append`, async () => {
      let inside = false
      let calls = 0
      const handle = (): void => {
        expect(inside).toBe(false)
        calls++
        if (calls < 20) append()
      }
      const append = (): void => {
        inside = true
        bench.log.append(stream, batchOf('k=v'))
        inside = false
      }
      bench.log.read(stream, { from: 0, visibility, handle, failed: raise })
      append()
      await bench.until(() => calls === 20)
    })

    it(`lets a promise hold the next batch back, for ${visibility} records`, async () => {
      const seen: string[] = []
      let release: (() => void) | undefined
      const handle = (batch: Batch): Promise<void> => {
        seen.push(...recordsOf(batch))
        return new Promise((resolve) => (release = resolve))
      }
      bench.log.read(stream, { from: 0, visibility, handle, failed: raise })
      bench.log.append(stream, batchOf('a=1'))
      bench.log.append(stream, batchOf('b=2'))
      await bench.stored()
      await bench.until(() => release !== undefined)
      await bench.harness.progress()
      expect(seen).toEqual(['0 a=1'])
      release?.()
      await bench.until(() => seen.length === 2)
      expect(seen).toEqual(['0 a=1', '1 b=2'])
      release?.()
    })

    it(`ends a reader whose handler throws and tells it once, for ${visibility} records`, async () => {
      for (const how of ['throws', 'rejects'] as const) {
        const failures: unknown[] = []
        let calls = 0
        const handle = (): void | Promise<void> => {
          calls++
          if (how === 'rejects') return Promise.reject(new Error(how))
          throw new Error(how)
        }
        bench.log.read(stream, {
          from: bench.log.endOffset(stream),
          visibility,
          handle,
          failed: (error) => failures.push(error),
        })
        bench.log.append(stream, batchOf('a=1'))
        bench.log.append(stream, batchOf('b=2'))
        await bench.stored()
        await bench.until(() => failures.length > 0)
        for (let i = 0; i < 10; i++) await bench.harness.progress()
        expect(calls).toBe(1)
        expect(failures).toEqual([new Error(how)])
      }
    })

    it(`pauses, resumes and closes a reader of ${visibility} records`, async () => {
      const seen: string[] = []
      const handle = (batch: Batch): void => {
        seen.push(...recordsOf(batch))
        if (seen.length === 2) reader.pause()
        if (seen.length === 4) void reader.close()
      }
      const reader = bench.log.read(stream, { from: 0, visibility, handle, failed: raise })
      for (const record of ['a=0', 'b=1', 'c=2', 'd=3', 'e=4']) bench.log.append(stream, batchOf(record))
      await bench.stored()
      await bench.until(() => seen.length === 2)
      for (let i = 0; i < 10; i++) await bench.harness.progress()
      expect(seen.length).toBe(2)
      expect(reader.position).toBe(2)
      reader.resume()
      await bench.until(() => seen.length === 4)
      for (let i = 0; i < 10; i++) await bench.harness.progress()
      expect(seen).toEqual(['0 a=0', '1 b=1', '2 c=2', '3 d=3'])
    })
  }

  for (const target of [stream, facts, fleeting]) {
    it(`lends the bytes of a batch of ${target.topic} for as long as a reader is at it or keeps them`, async () => {
      let isAllAppended = false
      const seen: string[] = []
      const kept: Batch[] = []
      const handle = async (batch: Batch): Promise<void> => {
        const before = digestOf(batch)
        if (batch.baseOffset % 2 === 1) {
          batch.lease?.keep()
          kept.push(batch)
        }
        // Out of the step that brought it.
        await Promise.resolve()
        await bench.until(() => isAllAppended)
        expect(digestOf(batch)).toEqual(before)
        seen.push(before)
      }
      bench.log.read(target, { from: 0, visibility: 'appended', handle, failed: raise })
      for (let n = 0; n < 40; n++) {
        bench.log.append(target, batchOf(`${n}=${'x'.repeat(100_000)}`))
        await bench.stored()
      }
      isAllAppended = true
      await bench.until(() => seen.length === 40)
      expect(kept.map(digestOf)).toEqual(seen.filter((_, i) => i % 2 === 1))
      for (const batch of kept) batch.lease?.letGo()
    })
  }

  it('reads from the middle and from the end', async () => {
    bench.appendNumbers(stream, 0, 100)
    await bench.stored()
    const middle = bench.follow(stream, 50)
    const end = bench.follow(stream, 'end')
    bench.appendNumbers(stream, 100, 110)
    await bench.until(() => end.length === 10 && middle.includes('109 k=109'))
    expect(end).toEqual(numbered(100, 110))
    // The first batch may begin before the offset asked for, but not end before it.
    expect(middle.length - 60).toBeLessThan(3)
    expect(middle.slice(-60)).toEqual(numbered(50, 110))
  })
}

function describeTheRest(makeHarness: () => LogHarness): void {
  let bench: LogBench
  beforeEach(async () => {
    bench = await LogBench.open(makeHarness())
  })
  afterEach(() => bench.dispose())

  it('serves a slow reader what a fast one had long ago', async () => {
    bench.appendNumbers(stream, 0, 300)
    await bench.stored()
    const slow: string[] = []
    const handle = async (batch: Batch): Promise<void> => {
      await Promise.resolve()
      slow.push(...recordsOf(batch))
    }
    bench.log.read(stream, { from: 0, visibility: 'stored', handle, failed: raise })
    bench.appendNumbers(stream, 300, 330)
    await bench.until(() => slow.length >= 330)
    expect(slow).toEqual(numbered(0, 330))
  })

  it('keeps keys, tombstones and empty values as they are', async () => {
    const seen = bench.follow(facts, 0)
    const builder = new RecordBatchBuilder()
    builder.add(null, Buffer.from('v'))
    builder.add(Buffer.from('k'), null)
    builder.add(new Uint8Array(0), new Uint8Array(0))
    bench.log.append(facts, builder)
    await bench.until(() => seen.length === 3)
    expect(seen).toEqual(['0 null=v', '1 k=null', '2 ='])
  })

  it('creates topics that exist without a word, but not with another number of partitions', async () => {
    await bench.settled(bench.log.createTopics(wanted))
    const more = [{ topic: catalogue.messages, partitions: 3 }]
    await expect(bench.settled(bench.log.createTopics(more))).rejects.toThrow('has 2 partitions, not 3')
  })

  it('reads a state partition to its end, from where a reader follows without a gap', async () => {
    bench.appendNumbers(facts, 0, 100)
    await bench.stored()
    const seen: string[] = []
    const end = await bench.settled(bench.log.readState(facts, (batch) => seen.push(...recordsOf(batch))))
    expect(seen).toEqual(numbered(0, 100))
    const later = bench.follow(facts, end)
    bench.appendNumbers(facts, 100, 120)
    await bench.until(() => later.length >= 20)
    expect(later).toEqual(numbered(100, 120))
  })

  it('reads an empty state partition', async () => {
    expect(await bench.stateOf(facts)).toEqual([])
  })

  it('trims at most up to where it is allowed', async () => {
    bench.appendNumbers(inbox, 0, 90)
    bench.log.trim(inbox, 60)
    bench.log.trim(inbox, 30)
    await bench.stored()
    await bench.harness.progress()
    expect(bench.log.startOffset(inbox)).toBeLessThanOrEqual(60)
    const seen = bench.follow(inbox, 60)
    await bench.until(() => seen.includes('89 k=89'))
    expect(seen.slice(-30)).toEqual(numbered(60, 90))
  })

  it('answers an append after the close with `closed`', async () => {
    await bench.settled(bench.log.close())
    let failure: LogFailure | undefined
    bench.log.append(stream, batchOf('a=1'), (how) => (failure = how))
    await bench.until(() => failure !== undefined)
    expect(failure?.kind).toBe('closed')
  })

  it('has everything again after a restart, and goes on with the next offsets', async () => {
    bench.appendNumbers(stream, 0, 100)
    bench.appendNumbers(facts, 0, 100)
    bench.appendNumbers(fleeting, 0, 5)
    const fleetingEnd = bench.log.endOffset(fleeting)
    await bench.restart()
    expect(bench.log.endOffset(stream)).toBe(100)
    expect(bench.log.endOffset(fleeting)).toBeGreaterThanOrEqual(fleetingEnd)
    expect(await bench.stateOf(facts)).toEqual(numbered(0, 100))
    const seen = bench.follow(stream, 0)
    bench.appendNumbers(stream, 100, 110)
    await bench.until(() => seen.length >= 110)
    expect(seen).toEqual(numbered(0, 110))
    bench.appendNumbers(facts, 100, 110)
    await bench.restart()
    expect(await bench.stateOf(facts)).toEqual(numbered(0, 110))
  })

  it('stores before it closes', async () => {
    let told = false
    bench.log.append(stream, batchOf('a=1'), (failure) => (told = failure === undefined))
    await bench.settled(bench.log.close())
    expect(told).toBe(true)
  })
}
