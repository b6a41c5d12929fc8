// What every adapter of the log port must do, as tests. Run by log.contract.spec.ts on each of them.
import { checkBatch, RecordBatchBuilder, RecordCursor, type Batch } from '#libs/batch'
import { catalogue, type Topic } from '#libs/topics'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { EventLog, LogFailure, TopicPartition, Visibility } from './event-log.js'

/** An adapter under test, on a place of its own that is empty at first. */
export interface LogHarness {
  open(): Promise<EventLog>
  /** Opens what the last log has left; that one was closed. */
  reopen(): Promise<EventLog>
  /** Lets the log go on a little. */
  progress(): Promise<void>
  dispose(): Promise<void>
}

const text = (bytes: Uint8Array, from: number, to: number): string =>
  from < 0 ? 'null' : Buffer.from(bytes.subarray(from, to)).toString()

/** The records of a batch as `offset key=value`. */
export function recordsOf(batch: Batch): string[] {
  const cursor = new RecordCursor()
  const records: string[] = []
  cursor.open(batch.bytes)
  while (cursor.next()) {
    const key = text(cursor.bytes, cursor.keyFrom, cursor.keyTo)
    records.push(`${cursor.offset} ${key}=${text(cursor.bytes, cursor.valueFrom, cursor.valueTo)}`)
  }
  return records
}

/** A builder with records given as `key=value`; the value `null` is a tombstone. */
export function batchOf(...records: string[]): RecordBatchBuilder {
  const builder = new RecordBatchBuilder()
  for (const record of records) {
    const [key = '', value = ''] = record.split('=')
    builder.add(Buffer.from(key), value === 'null' ? null : Buffer.from(value))
  }
  return builder
}

const numbered = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => `${from + i} k=${from + i}`)

const raise = (error: unknown): void => {
  throw error
}

export function describeLog(name: string, makeHarness: () => LogHarness): void {
  describe(name, () => {
    const state = catalogue.sessions
    const second = catalogue.retained
    const stream: TopicPartition = { topic: catalogue.messages.name, partition: 0 }
    const other: TopicPartition = { topic: catalogue.messages.name, partition: 1 }
    const inbox: TopicPartition = { topic: catalogue.sessionInbox.name, partition: 0 }
    const facts: TopicPartition = { topic: state.name, partition: 0 }
    const secondFacts: TopicPartition = { topic: second.name, partition: 0 }
    const fleeting: TopicPartition = { topic: catalogue.authInbox.name, partition: 0 }
    const topics: readonly Topic[] = [
      catalogue.messages,
      catalogue.sessionInbox,
      state,
      second,
      catalogue.authInbox,
    ]
    const wanted = topics.map((topic) => ({ topic, partitions: 2 }))
    let harness: LogHarness
    let log: EventLog

    beforeEach(async () => {
      harness = makeHarness()
      log = await harness.open()
      await settled(log.createTopics(wanted))
    })
    afterEach(async () => {
      await settled(log.close())
      await harness.dispose()
    })

    async function until(condition: () => boolean): Promise<void> {
      const deadline = Date.now() + 10_000
      while (!condition()) {
        if (Date.now() > deadline) throw new Error('what was waited for did not happen')
        await harness.progress()
      }
    }
    async function settled<T>(promise: Promise<T>): Promise<T> {
      let done = false
      promise.then(
        () => (done = true),
        () => (done = true),
      )
      await until(() => done)
      return promise
    }
    async function stored(): Promise<void> {
      let done = false
      log.barrier(() => (done = true))
      await until(() => done)
    }
    function follow(
      target: TopicPartition,
      from: number | 'end',
      visibility: Visibility = 'stored',
    ): string[] {
      const seen: string[] = []
      const handle = (batch: Batch): void => {
        seen.push(...recordsOf(batch))
      }
      log.read(target, { from, visibility, handle, failed: (error) => seen.push(String(error)) })
      return seen
    }
    async function stateOf(target: TopicPartition): Promise<string[]> {
      const seen: string[] = []
      await settled(log.readState(target, (batch) => seen.push(...recordsOf(batch))))
      return seen
    }
    /** Appends `k=from` to `k=to - 1`, three to a batch. */
    function appendNumbers(target: TopicPartition, from: number, to: number): void {
      const builder = new RecordBatchBuilder()
      for (let i = from; i < to;) {
        builder.reset()
        for (let n = 0; n < 3 && i < to; n++, i++) builder.add(Buffer.from('k'), Buffer.from(String(i)))
        log.append(target, builder)
      }
    }
    async function restart(): Promise<void> {
      await settled(log.close())
      log = await harness.reopen()
      await settled(log.createTopics(wanted))
    }

    for (const visibility of ['appended', 'stored'] as const) {
      it(`hands out records in order, with consecutive offsets, to a reader of ${visibility} records`, async () => {
        const seen = follow(stream, 0, visibility)
        appendNumbers(stream, 0, 200)
        await until(() => seen.length >= 200)
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
          log.append(stream, batchOf('k=v'))
          inside = false
        }
        log.read(stream, { from: 0, visibility, handle, failed: raise })
        append()
        await until(() => calls === 20)
      })

      it(`lets a promise hold the next batch back, for ${visibility} records`, async () => {
        const seen: string[] = []
        let release: (() => void) | undefined
        const handle = (batch: Batch): Promise<void> => {
          seen.push(...recordsOf(batch))
          return new Promise((resolve) => (release = resolve))
        }
        log.read(stream, { from: 0, visibility, handle, failed: raise })
        log.append(stream, batchOf('a=1'))
        log.append(stream, batchOf('b=2'))
        await stored()
        await until(() => release !== undefined)
        await harness.progress()
        expect(seen).toEqual(['0 a=1'])
        release?.()
        await until(() => seen.length === 2)
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
          log.read(stream, {
            from: log.endOffset(stream),
            visibility,
            handle,
            failed: (error) => failures.push(error),
          })
          log.append(stream, batchOf('a=1'))
          log.append(stream, batchOf('b=2'))
          await stored()
          await until(() => failures.length > 0)
          for (let i = 0; i < 10; i++) await harness.progress()
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
        const reader = log.read(stream, { from: 0, visibility, handle, failed: raise })
        for (const record of ['a=0', 'b=1', 'c=2', 'd=3', 'e=4']) log.append(stream, batchOf(record))
        await stored()
        await until(() => seen.length === 2)
        for (let i = 0; i < 10; i++) await harness.progress()
        expect(seen.length).toBe(2)
        expect(reader.position).toBe(2)
        reader.resume()
        await until(() => seen.length === 4)
        for (let i = 0; i < 10; i++) await harness.progress()
        expect(seen).toEqual(['0 a=0', '1 b=1', '2 c=2', '3 d=3'])
      })
    }

    it('lets a builder be used again at once', async () => {
      const seen = follow(stream, 0)
      const builder = new RecordBatchBuilder()
      for (let i = 0; i < 50; i++) {
        builder.reset()
        builder.add(Buffer.from('k'), Buffer.from(String(i)))
        log.append(stream, builder)
      }
      await until(() => seen.length === 50)
      expect(seen).toEqual(numbered(0, 50))
    })

    it('gives out whole batches, stamped with a time that does not go backwards', async () => {
      const batches: Batch[] = []
      const handle = (batch: Batch): void => {
        batches.push(batch)
      }
      log.read(stream, { from: 0, visibility: 'stored', handle, failed: raise })
      appendNumbers(stream, 0, 9)
      await until(() => batches.length === 3)
      let time = 0
      for (const batch of batches) {
        expect(checkBatch(batch.bytes, null)).toBe(undefined)
        expect([batch.topic, batch.partition]).toEqual([stream.topic, stream.partition])
        expect(batch.nextOffset - batch.baseOffset).toBe(3)
        expect(batch.appendTime).toBeGreaterThanOrEqual(time)
        time = batch.appendTime
      }
    })

    it('tells each append once that it is stored, in order, with its base offset', async () => {
      const told: number[] = []
      const bases: number[] = []
      for (let i = 0; i < 30; i++) {
        log.append(stream, batchOf('a=1', 'b=2'), (failure, base) => {
          expect(failure).toBe(undefined)
          told.push(i)
          bases.push(base)
        })
        expect(told).toEqual([])
      }
      await stored()
      await until(() => told.length === 30)
      expect(told).toEqual(Array.from({ length: 30 }, (_, i) => i))
      expect(bases).toEqual(told.map((i) => i * 2))
    })

    it('calls a barrier after everything appended before it is stored', async () => {
      const order: string[] = []
      log.append(stream, batchOf('a=1'), () => order.push('stream'))
      log.append(fleeting, batchOf('a=1'), () => order.push('fleeting'))
      log.append(facts, batchOf('a=1'), () => order.push('facts'))
      log.barrier(() => order.push('barrier'))
      expect(order).toEqual([])
      await until(() => order.includes('barrier'))
      expect(order.slice(0, 3).sort()).toEqual(['facts', 'fleeting', 'stream'])
      expect(order[3]).toBe('barrier')
    })

    it('keeps partitions and topics apart', async () => {
      const seen = [follow(stream, 0), follow(other, 0), follow(inbox, 0), follow(fleeting, 0)]
      for (let i = 0; i < 10; i++) {
        log.append(stream, batchOf('s=1'))
        log.append(other, batchOf('o=1', 'o=2'))
        log.append(inbox, batchOf('i=1'))
        log.append(fleeting, batchOf('f=1'))
      }
      await stored()
      await until(
        () =>
          seen[0]?.length === 10 &&
          seen[1]?.length === 20 &&
          seen[2]?.length === 10 &&
          seen[3]?.length === 10,
      )
      expect(log.endOffset(stream) - log.startOffset(stream)).toBe(10)
      expect(log.endOffset(other)).toBe(20)
      expect(seen[1]?.[19]).toBe('19 o=2')
    })

    it('reads from the middle and from the end', async () => {
      appendNumbers(stream, 0, 100)
      await stored()
      const middle = follow(stream, 50)
      const end = follow(stream, 'end')
      appendNumbers(stream, 100, 110)
      await until(() => end.length === 10 && middle.includes('109 k=109'))
      expect(end).toEqual(numbered(100, 110))
      // The first batch may begin before the offset asked for, but not end before it.
      expect(middle.length - 60).toBeLessThan(3)
      expect(middle.slice(-60)).toEqual(numbered(50, 110))
    })

    it('serves a slow reader what a fast one had long ago', async () => {
      appendNumbers(stream, 0, 300)
      await stored()
      const slow: string[] = []
      const handle = async (batch: Batch): Promise<void> => {
        await Promise.resolve()
        slow.push(...recordsOf(batch))
      }
      log.read(stream, { from: 0, visibility: 'stored', handle, failed: raise })
      appendNumbers(stream, 300, 330)
      await until(() => slow.length >= 330)
      expect(slow).toEqual(numbered(0, 330))
    })

    it('keeps keys, tombstones and empty values as they are', async () => {
      const seen = follow(facts, 0)
      const builder = new RecordBatchBuilder()
      builder.add(null, Buffer.from('v'))
      builder.add(Buffer.from('k'), null)
      builder.add(new Uint8Array(0), new Uint8Array(0))
      log.append(facts, builder)
      await until(() => seen.length === 3)
      expect(seen).toEqual(['0 null=v', '1 k=null', '2 ='])
    })

    it('creates topics that exist without a word, but not with another number of partitions', async () => {
      await settled(log.createTopics(wanted))
      const more = [{ topic: catalogue.messages, partitions: 3 }]
      await expect(settled(log.createTopics(more))).rejects.toThrow('has 2 partitions, not 3')
    })

    describe('a claim', () => {
      const states = [secondFacts, facts]

      it('commits facts and sends and tells the offset of the main fact', async () => {
        log.append(facts, batchOf('x=0'))
        const claim = await settled(log.claim('session', 0, states))
        const sends = follow(inbox, 0)
        let told: [LogFailure | undefined, number] | undefined
        const commit = [
          { target: secondFacts, batch: batchOf('r=1') },
          { target: facts, batch: batchOf('a=1', 'b=2') },
        ]
        claim.commit(commit, [{ target: inbox, batch: batchOf('s=1') }], (...how) => (told = how))
        expect(told).toBe(undefined)
        await until(() => told !== undefined && sends.length === 1)
        expect(told).toEqual([undefined, 1])
        expect(await stateOf(facts)).toEqual(['0 x=0', '1 a=1', '2 b=2'])
        expect(await stateOf(secondFacts)).toEqual(['0 r=1'])
      })

      it('commits in the order of its calls, and an empty commit as well', async () => {
        const claim = await settled(log.claim('session', 0, states))
        const order: number[] = []
        for (let i = 0; i < 20; i++) {
          const appends = [{ target: facts, batch: batchOf(`k=${i}`) }]
          if (i % 3 === 0) appends.unshift({ target: secondFacts, batch: batchOf(`k=${i}`) })
          const sends = [{ target: inbox, batch: batchOf(`s=${i}`) }]
          claim.commit(i === 10 ? [] : appends, i % 2 === 0 ? sends : [], () => order.push(i))
        }
        await until(() => order.length === 20)
        expect((await stateOf(facts)).map((record) => record.split('=')[1])).toEqual(
          order
            .toSorted((a, b) => a - b)
            .filter((i) => i !== 10)
            .map(String),
        )
        const sent = follow(inbox, 0)
        await until(() => sent.length === 10)
        expect(sent.map((record) => record.split('=')[1])).toEqual(
          [0, 2, 4, 6, 8, 10, 12, 14, 16, 18].map(String),
        )
      })

      it('is refused when another one has been made, and nothing of what it commits is kept', async () => {
        const first = await settled(log.claim('session', 0, states))
        const next = await settled(log.claim('session', 0, states))
        const told: string[] = []
        const sends = follow(inbox, 0)
        const sendOld = [{ target: inbox, batch: batchOf('old=1') }]
        first.commit([{ target: facts, batch: batchOf('old=1') }], sendOld, (failure) =>
          told.push(`old ${failure?.kind}`),
        )
        next.commit([{ target: facts, batch: batchOf('new=1') }], [], (failure) =>
          told.push(`new ${failure?.kind}`),
        )
        await until(() => told.length === 2)
        await stored()
        expect(told.toSorted()).toEqual(['new undefined', 'old refused'])
        expect(await stateOf(facts)).toEqual(['0 new=1'])
        expect(sends).toEqual([])
      })

      it('does not disturb the claims of other partitions and services', async () => {
        const one = await settled(log.claim('session', 0, [facts]))
        await settled(log.claim('session', 1, [{ ...facts, partition: 1 }]))
        await settled(log.claim('delivery', 0, []))
        let failure: LogFailure | undefined | null = null
        one.commit([{ target: facts, batch: batchOf('a=1') }], [], (how) => (failure = how))
        await until(() => failure !== null)
        expect(failure).toBe(undefined)
      })

      it('takes nothing after its release', async () => {
        const claim = await settled(log.claim('session', 0, states))
        await settled(claim.release())
        let failure: LogFailure | undefined
        claim.commit([{ target: facts, batch: batchOf('a=1') }], [], (how) => (failure = how))
        await until(() => failure !== undefined)
        expect(failure?.kind).toBe('refused')
      })
    })

    it('reads a state partition to its end, from where a reader follows without a gap', async () => {
      appendNumbers(facts, 0, 100)
      await stored()
      const seen: string[] = []
      const end = await settled(log.readState(facts, (batch) => seen.push(...recordsOf(batch))))
      expect(seen).toEqual(numbered(0, 100))
      const later = follow(facts, end)
      appendNumbers(facts, 100, 120)
      await until(() => later.length >= 20)
      expect(later).toEqual(numbered(100, 120))
    })

    it('reads an empty state partition', async () => {
      expect(await stateOf(facts)).toEqual([])
    })

    it('trims at most up to where it is allowed', async () => {
      appendNumbers(inbox, 0, 90)
      log.trim(inbox, 60)
      log.trim(inbox, 30)
      await stored()
      await harness.progress()
      expect(log.startOffset(inbox)).toBeLessThanOrEqual(60)
      const seen = follow(inbox, 60)
      await until(() => seen.includes('89 k=89'))
      expect(seen.slice(-30)).toEqual(numbered(60, 90))
    })

    it('answers an append after the close with `closed`', async () => {
      await settled(log.close())
      let failure: LogFailure | undefined
      log.append(stream, batchOf('a=1'), (how) => (failure = how))
      await until(() => failure !== undefined)
      expect(failure?.kind).toBe('closed')
    })

    it('has everything again after a restart, and goes on with the next offsets', async () => {
      appendNumbers(stream, 0, 100)
      appendNumbers(facts, 0, 100)
      appendNumbers(fleeting, 0, 5)
      const fleetingEnd = log.endOffset(fleeting)
      await restart()
      expect(log.endOffset(stream)).toBe(100)
      expect(log.endOffset(fleeting)).toBeGreaterThanOrEqual(fleetingEnd)
      expect(await stateOf(facts)).toEqual(numbered(0, 100))
      const seen = follow(stream, 0)
      appendNumbers(stream, 100, 110)
      await until(() => seen.length >= 110)
      expect(seen).toEqual(numbered(0, 110))
      appendNumbers(facts, 100, 110)
      await restart()
      expect(await stateOf(facts)).toEqual(numbered(0, 110))
    })

    it('stores before it closes', async () => {
      let told = false
      log.append(stream, batchOf('a=1'), (failure) => (told = failure === undefined))
      await settled(log.close())
      expect(told).toBe(true)
    })
  })
}
