// Feared: a state after a restore that is not the one before, a batch that is decided twice or never, a deadline out
// of order.
import { ByteReader, ByteWriter, SECOND, type Millis } from '#libs/base'
import { RecordBatchBuilder, RecordCursor, type Batch } from '#libs/batch'
import { MemoryLog, type EventLog } from '#libs/log'
import type { Outcome, Placement, Service } from '#libs/service'
import { catalogue, UnknownRecord } from '#libs/topics'
import { beforeEach, describe, expect, it } from 'vitest'
import { ownKind } from './own-records.js'
import { Partition } from './partition.js'
import { StillClock } from './testing/still-clock.js'

/** Counts words: the smallest service there is. A word that begins with `!` makes it throw; `later` sets a deadline. */
interface Tally {
  readonly counts: Map<string, number>
  due: Millis | undefined
}
interface Counted {
  readonly word: string
  readonly count: number
}

const inbox = catalogue.sessionInbox
const throwing = new Set<string>()
/** Words of a newer version. */
const unknown = new Set<string>()

const tally: Service<Tally, Counted> = {
  name: 'session',
  states: [catalogue.sessions],
  inputs: [inbox],
  facts: {
    topicOf: () => 0,
    writeKey: (writer: ByteWriter, { word }) => {
      writer.u8(1)
      writer.text(word)
    },
    writeValue: (writer: ByteWriter, { count }) => {
      writer.varint(count)
      return true
    },
    read(_topic, key, value) {
      key.u8()
      const word = key.text()
      if (unknown.has(word)) throw new UnknownRecord(`${word} is a fact that this version does not know`)
      return { word, count: value?.varint() ?? 0 }
    },
  },
  empty: (): Tally => ({ counts: new Map(), due: undefined }),
  apply(state, { word, count }) {
    state.counts.set(word, count)
  },
  decide(state, batch: Batch, now, outcome: Outcome<Counted>) {
    const cursor = new RecordCursor()
    cursor.open(batch.bytes)
    while (cursor.next()) {
      const word = new ByteReader(cursor.bytes, cursor.valueFrom, cursor.valueTo).text()
      if (unknown.has(word)) throw new UnknownRecord(`${word} is a word that this version does not know`)
      if (throwing.has(word)) throw new Error(`cannot count ${word}`)
      if (word === 'later') state.due = now + SECOND
      if (word === 'quiet') continue
      outcome.fact({ word, count: (state.counts.get(word) ?? 0) + 1 })
    }
  },
  tick(state, now, outcome) {
    if (state.due !== undefined && state.due <= now) {
      state.due = undefined
      outcome.fact({ word: 'tick', count: (state.counts.get('tick') ?? 0) + 1 })
    }
    return state.due
  },
  nextWake: (state) => state.due,
}

const placement: Placement = { partition: 0, clientPartitions: 1, topicPartitions: 1 }

describe('a partition', () => {
  let memory: MemoryLog
  let log: EventLog
  let clock: StillClock
  const failures: string[] = []

  beforeEach(async () => {
    throwing.clear()
    unknown.clear()
    failures.length = 0
    clock = new StillClock()
    memory = new MemoryLog({ now: () => clock.now() })
    log = memory.connect()
    const created = log.createTopics([inbox, catalogue.sessions].map((topic) => ({ topic, partitions: 1 })))
    await memory.settle()
    await created
  })

  const run = (given: { readonly partBytesMax?: number }): Partition<Tally, Counted> => {
    const failed = (sentence: string): unknown => failures.push(sentence)
    return new Partition({ log, service: tally, placement, clock, failed, ...given })
  }

  const settle = (): Promise<void> => memory.settle()

  async function started(given: Parameters<typeof run>[0] = {}): Promise<Partition<Tally, Counted>> {
    const partition = run(given)
    const start = partition.start()
    await settle()
    await start
    return partition
  }

  function say(...words: readonly string[]): void {
    const builder = new RecordBatchBuilder()
    const value = new ByteWriter(64)
    for (const word of words) {
      value.reset().text(word)
      builder.addRange(null, 0, 0, value.buffer, 0, value.position)
    }
    log.append({ topic: inbox.name, partition: 0 }, builder)
  }

  it('has the same state after a restore as it had live', async () => {
    const first = await started()
    say('a', 'b', 'a')
    say('c')
    await settle()
    const live = new Map(first.state?.counts)
    expect(live).toEqual(
      new Map([
        ['a', 2],
        ['b', 1],
        ['c', 1],
      ]),
    )
    const second = await started()
    expect(second.state?.counts).toEqual(live)
  })

  it('does not decide about a batch again that it has already stored', async () => {
    await started()
    say('a')
    await settle()
    const second = await started()
    say('a')
    await settle()
    expect(second.state?.counts.get('a')).toBe(2)
  })

  it('saves positions that moved without a fact, so that an inbox of nothing can be trimmed', async () => {
    const partition = await started()
    say('quiet')
    await settle()
    expect(partition.savedPosition).toBe(0)
    clock.advance(2 * SECOND)
    await settle()
    expect(partition.savedPosition).toBe(1)
  })

  it('fires a deadline once, by the clock, when the inbox has been read', async () => {
    const partition = await started()
    say('later')
    await settle()
    expect(partition.state?.counts.has('tick')).toBe(false)
    clock.advance(SECOND)
    await settle()
    clock.advance(SECOND)
    await settle()
    expect(partition.state?.counts.get('tick')).toBe(1)
  })

  it('lets a deadline wait for what was said before it, though the clock is past both', async () => {
    const partition = await started()
    say('later')
    await settle()
    for (const word of ['a', 'b']) {
      clock.time += 400
      say(word)
    }
    // The alarm rings before either has been read.
    clock.advance(SECOND)
    await settle()
    expect([...(partition.state?.counts.keys() ?? [])]).toEqual(['later', 'a', 'b'])
    clock.advance(SECOND)
    await settle()
    expect(partition.state?.counts.get('tick')).toBe(1)
  })

  it('fires a deadline before what was said after it', async () => {
    const partition = await started()
    say('later')
    await settle()
    clock.time += 2 * SECOND
    say('a')
    await settle()
    expect([...(partition.state?.counts.keys() ?? [])]).toEqual(['later', 'tick', 'a'])
  })

  it('drops its state and restores it when the service throws, and loses no word', async () => {
    const partition = await started()
    say('a')
    throwing.add('b')
    say('b')
    await settle()
    expect(failures).toHaveLength(1)
    expect(partition.state).toBeUndefined()
    throwing.clear()
    clock.advance(SECOND)
    await settle()
    expect(partition.state?.counts).toEqual(
      new Map([
        ['a', 1],
        ['b', 1],
      ]),
    )
  })

  describe('that gets a batch of a thousand words at once', () => {
    const words = Array.from({ length: 1_000 }, (_, i) => `${String(i)} `.padEnd(100, 'x'))
    const partBytesMax = 10_000

    /** Bytes of each commit: they end with the position. */
    async function commitBytes(): Promise<number[]> {
      const sizes: number[] = []
      const cursor = new RecordCursor()
      let size = 0
      const read = log.readState({ topic: catalogue.sessions.name, partition: 0 }, ({ bytes }) => {
        cursor.open(bytes)
        while (cursor.next()) {
          size += cursor.recordTo - cursor.recordFrom
          if (cursor.bytes[cursor.keyFrom] !== ownKind) continue
          sizes.push(size)
          size = 0
        }
      })
      await settle()
      await read
      return sizes
    }

    it('makes commits of bounded size of it', async () => {
      const partition = await started({ partBytesMax })
      say(...words)
      await settle()
      const sizes = await commitBytes()
      expect(Math.max(...sizes)).toBeLessThan(1.2 * partBytesMax)
      expect(sizes.length).toBeGreaterThan(9)
      expect(partition.savedPosition).toBe(1_000)
      expect([...(partition.state?.counts ?? [])]).toEqual(words.map((word) => [word, 1]))
    })

    it('goes on in the middle of it after a failure, and counts no word twice', async () => {
      const partition = await started({ partBytesMax })
      throwing.add(words[500] ?? '')
      say(...words)
      await settle()
      expect(partition.state).toBeUndefined()
      throwing.clear()
      const second = await started({ partBytesMax: 3_000 })
      expect(second.state?.counts.size).toBeGreaterThan(400)
      await settle()
      expect([...(second.state?.counts ?? [])]).toEqual(words.map((word) => [word, 1]))
    })

    it('passes over no more of it than the part that always makes the service throw', async () => {
      const partition = await started({ partBytesMax })
      throwing.add(words[500] ?? '')
      say(...words)
      for (let attempt = 0; attempt < 5; attempt++) {
        await settle()
        clock.advance(SECOND)
      }
      await settle()
      expect(partition.state?.counts.size).toBeGreaterThan(900)
      expect(partition.state?.counts.get(words[999] ?? '')).toBe(1)
    })
  })

  it('passes over a batch that always makes the service throw, loudly, and goes on', async () => {
    const partition = await started()
    throwing.add('poison')
    say('poison')
    say('a')
    for (let attempt = 0; attempt < 5; attempt++) {
      await settle()
      clock.advance(SECOND)
    }
    await settle()
    expect(failures.some((sentence) => sentence.includes('passed over'))).toBe(true)
    expect(partition.state?.counts).toEqual(new Map([['a', 1]]))
  })
  describe('that meets a record of a newer version', () => {
    const minute = async (): Promise<void> => {
      for (let second = 0; second < 60; second++) {
        await settle()
        clock.advance(SECOND)
      }
    }

    it('stands still, says so once, and leaves it to a version that knows it', async () => {
      const partition = await started()
      unknown.add('hello')
      say('a', 'hello', 'b')
      say('c')
      await minute()
      expect(failures).toEqual([
        'session stands still at tbmq.session.inbox partition 0 offset 0: hello is a word that this version does not ' +
          'know. A newer version has written it: start that one again',
      ])
      expect([partition.ready, partition.failures.count, partition.state]).toEqual([false, 1, undefined])
      const stop = partition.stop()
      await settle()
      await stop
      unknown.clear()
      const newer = await started()
      await settle()
      expect([...(newer.state?.counts.keys() ?? [])]).toEqual(['a', 'hello', 'b', 'c'])
    })

    it('among its facts, does not start without it', async () => {
      const partition = await started()
      say('a', 'hello')
      await settle()
      unknown.add('hello')
      const next = run({})
      const start = next.start()
      start.catch(() => undefined)
      await settle()
      const sentence =
        'tbmq.client.session partition 0: hello is a fact that this version does not know. A newer version'
      await expect(start).rejects.toThrow(sentence)
      // Not so much as a try, when it had been well before.
      throwing.add('poison')
      say('poison')
      await minute()
      expect(failures.filter((line) => line.includes('stands still'))).toHaveLength(1)
      expect([partition.ready, partition.failures.count]).toEqual([false, 2])
    })
  })

  it('tries again soon, and seldom when that does not help: each attempt is a line in the log', async () => {
    const partition = await started()
    const words = Array.from({ length: 50 }, (_, i) => `poison ${String(i)}`)
    for (const word of words) {
      throwing.add(word)
      say(word)
    }
    for (let tenths = 0; tenths < 600; tenths++) {
      await settle()
      clock.advance(100)
    }
    expect(partition.failures.count).toBeGreaterThan(20)
    expect(partition.failures.count).toBeLessThan(40)
    throwing.clear()
    clock.advance(2 * SECOND)
    await settle()
    expect(partition.state?.counts.has('poison 49')).toBe(true)
  })

  it('says when it fails again and again, though who asks finds it ready, and when it is well again', async () => {
    const partition = await started()
    const seen: [boolean, boolean][] = []
    for (const [word, looks] of [
      ['poison', 4],
      ['poison as well', 16],
    ] as const) {
      throwing.add(word)
      say(word)
      for (let look = 0; look < looks; look++) {
        await settle()
        seen.push([partition.ready, partition.failures.areMany])
        clock.advance(SECOND / 2)
      }
    }
    // A batch is tried three times, and the partition restored once more.
    expect(seen.findIndex(([, flapping]) => flapping)).toBeGreaterThanOrEqual(3)
    expect(seen).toContainEqual([true, true])
    expect(partition.failures.count).toBe(6)
    clock.advance(10 * SECOND)
    await settle()
    expect([partition.ready, partition.failures.areMany]).toEqual([true, false])
  })
})
