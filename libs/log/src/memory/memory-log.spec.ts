// The faults of the memory log: what the simulation relies on.
import { describe, expect, it } from 'vitest'
import { catalogue } from '#libs/topics'
import type { Batch, Claim, LogFailure, TopicPartition } from '../event-log.js'
import { batchOf, recordsOf } from '../testing/log-bench.js'
import type { MemoryClient } from './memory-client.js'
import { MemoryLog, type MemoryLogOptions } from './memory-log.js'

const facts: TopicPartition = { topic: catalogue.sessions.name, partition: 0 }
const inbox: TopicPartition = { topic: catalogue.deliveryInbox.name, partition: 0 }
const stream: TopicPartition = { topic: catalogue.messages.name, partition: 0 }
const fleeting: TopicPartition = { topic: catalogue.authInbox.name, partition: 0 }
const topics = [catalogue.sessions, catalogue.deliveryInbox, catalogue.messages, catalogue.authInbox]
const seeds = Array.from({ length: 60 }, (_, seed) => seed)

async function settled<T>(log: MemoryLog, promise: Promise<T>): Promise<T> {
  await log.settle()
  return promise
}
async function join(log: MemoryLog): Promise<MemoryClient> {
  const client = log.connect()
  await settled(log, client.createTopics(topics.map((topic) => ({ topic, partitions: 1 }))))
  return client
}
async function make(
  options: MemoryLogOptions,
): Promise<{ readonly log: MemoryLog; readonly client: MemoryClient }> {
  const log = new MemoryLog(options)
  return { log, client: await join(log) }
}
async function all(log: MemoryLog, target: TopicPartition): Promise<string[]> {
  const records: string[] = []
  const visit = (batch: Batch): void => void records.push(...recordsOf(batch))
  await settled(log, log.connect().readState(target, visit))
  return records
}
const claimOf = (log: MemoryLog, client: MemoryClient): Promise<Claim> =>
  settled(log, client.claim('session', 0, [facts]))
function stepTimes(log: MemoryLog, times: number): void {
  for (let i = 0; i < times; i++) log.step()
}

describe('of one process', () => {
  it.each(seeds)(
    'loses a suffix in a power cut, never a part of a commit or what was acknowledged, seed %i',
    async (seed) => {
      const { log, client } = await make({ seed })
      const claim = await claimOf(log, client)
      const acknowledged: number[] = []
      for (let i = 0; i < 20; i++) {
        const sends = [{ target: inbox, batch: batchOf(`s=${i}`) }]
        claim.commit([{ target: facts, batch: batchOf(`f=${i}`) }], sends, () => acknowledged.push(i))
        client.append(fleeting, batchOf('x=1'))
        stepTimes(log, log.random.below(2))
      }
      log.powerCut()
      const heard = [...acknowledged]
      await log.settle()
      expect(acknowledged).toEqual(heard)
      const kept = await all(log, facts)
      expect(kept.length).toBeGreaterThanOrEqual(acknowledged.length)
      expect(kept).toEqual(Array.from({ length: kept.length }, (_, i) => `${i} f=${i}`))
      expect(await all(log, inbox)).toEqual(kept.map((record) => record.replace('f', 's')))
      expect(await all(log, fleeting)).toEqual([])
      const again = await join(log)
      expect(again.startOffset(fleeting)).toBeGreaterThan(20)
    },
  )

  it('stores nothing while the log cannot be reached', async () => {
    const { log, client } = await make({})
    log.reachable = false
    let told = false
    client.append(stream, batchOf('a=1'), () => (told = true))
    await log.settle()
    expect([told, client.writable]).toEqual([false, false])
    log.reachable = true
    await log.settle()
    expect(told).toBe(true)
  })
})

describe('of a cluster', () => {
  it.each(seeds)(
    'refuses an owner whose partition was claimed, also what it has on the wire, seed %i',
    async (seed) => {
      const { log, client: first } = await make({ seed, shape: 'cluster' })
      const second = await join(log)
      const old = await claimOf(log, first)
      const told: string[] = []
      const tell = (name: string) => (failure: LogFailure | undefined) =>
        void told.push(`${name} ${failure?.kind ?? 'stored'}`)
      for (let i = 0; i < 6; i++) old.commit([{ target: facts, batch: batchOf(`old=${i}`) }], [], tell('old'))
      const claiming = second.claim('session', 0, [facts])
      stepTimes(log, log.random.below(12))
      const claim = await settled(log, claiming)
      claim.commit([{ target: facts, batch: batchOf('new=1') }], [], tell('new'))
      old.commit([{ target: facts, batch: batchOf('old=9') }], [], tell('late'))
      await log.settle()
      const records = (await all(log, facts)).map((record) => record.split(' ')[1])
      expect(records.at(-1)).toBe('new=1')
      expect(told.filter((line) => line === 'old stored')).toHaveLength(records.length - 1)
      expect(told).toContain('late refused')
      expect(log.counts.refusedWriters).toBeGreaterThan(0)
    },
  )

  it('cuts commits short when their process dies, at every place', async () => {
    const seen = new Set<string>()
    for (const seed of seeds) {
      const { log, client } = await make({ seed, shape: 'cluster' })
      const claim = await claimOf(log, client)
      let told = false
      const sends = [
        { target: inbox, batch: batchOf('s=1') },
        { target: stream, batch: batchOf('s=1') },
      ]
      claim.commit([{ target: facts, batch: batchOf('f=1') }], sends, () => (told = true))
      stepTimes(log, log.random.below(8))
      const before = told
      client.crash()
      await log.settle()
      expect(told).toBe(before)
      const counts = [await all(log, facts), await all(log, inbox), await all(log, stream)].map(
        (list) => list.length,
      )
      expect(counts[0]).toBeGreaterThanOrEqual(Math.max(counts[1] ?? 0, counts[2] ?? 0))
      if (told) expect(counts).toEqual([1, 1, 1])
      seen.add(counts.join(''))
    }
    expect([...seen].toSorted()).toEqual(['000', '100', '101', '110', '111'])
  })

  it('lets what a paused process has sent land, and tells it later', async () => {
    const { log, client } = await make({ shape: 'cluster' })
    const told: string[] = []
    client.append(stream, batchOf('a=1'), () => told.push('a'))
    client.paused = true
    await log.settle()
    expect(told).toEqual([])
    expect(client.endOffset(stream)).toBe(1)
    client.paused = false
    await log.settle()
    expect(told).toEqual(['a'])
  })

  it('keeps a process from what it has lost the way to, and nobody else', async () => {
    const { log, client } = await make({ shape: 'cluster' })
    const other = await join(log)
    const seen: string[] = []
    const handle = (batch: Batch): void => void seen.push(...recordsOf(batch))
    client.read(stream, { from: 0, visibility: 'appended', handle, failed: () => undefined })
    const mend = client.losePaths(stream)
    let read = false
    void client.readState(stream, () => undefined).then(() => (read = true))
    client.append(stream, batchOf('mine=1'))
    client.append(inbox, batchOf('mine=1'))
    other.append(stream, batchOf('other=1'))
    await log.settle()
    expect(await all(log, inbox)).toEqual(['0 mine=1'])
    expect(await all(log, stream)).toEqual(['0 other=1'])
    expect([seen, read]).toEqual([[], false])
    mend()
    await log.settle()
    expect(seen).toEqual(['0 other=1', '1 mine=1'])
    expect(read).toBe(true)
  })

  it('holds what a dead process had sent on a broken way until that is mended', async () => {
    const landed = new Set<number>()
    for (const seed of seeds) {
      const { log, client } = await make({ seed, shape: 'cluster' })
      const mend = client.losePaths(stream)
      client.append(stream, batchOf('late=1'))
      client.crash()
      await log.settle()
      expect(client.endOffset(stream)).toBe(0)
      mend()
      await log.settle()
      landed.add(client.endOffset(stream))
    }
    expect(landed).toEqual(new Set([0, 1]))
  })

  it('keeps a process that is cut off from everything', async () => {
    const { log, client } = await make({ shape: 'cluster' })
    const seen: string[] = []
    const handle = (batch: Batch): void => void seen.push(...recordsOf(batch))
    client.read(stream, {
      from: 0,
      visibility: 'stored',
      handle,
      failed: (error) => void seen.push(String(error)),
    })
    client.connected = false
    client.append(stream, batchOf('a=1'))
    const other = await join(log)
    other.append(stream, batchOf('b=1'))
    await log.settle()
    expect(seen).toEqual([])
    expect(await all(log, stream)).toEqual(['0 b=1'])
    client.connected = true
    await log.settle()
    expect(seen).toEqual(['0 b=1', '1 a=1'])
  })

  it('holds up one partition without a leader, and no other', async () => {
    const { log, client } = await make({ shape: 'cluster' })
    const elect = log.loseLeader(stream)
    const told: string[] = []
    client.append(stream, batchOf('a=1'), () => told.push('stream'))
    client.append(inbox, batchOf('a=1'), () => told.push('inbox'))
    await log.settle()
    expect([told, client.endOffset(stream)]).toEqual([['inbox'], 0])
    elect()
    await log.settle()
    expect(told).toEqual(['inbox', 'stream'])
  })

  it('lands appends to different partitions in any order', async () => {
    const orders = new Set<string>()
    for (const seed of seeds) {
      const { log, client } = await make({ seed, shape: 'cluster' })
      const order: string[] = []
      client.append(stream, batchOf('a=1'), () => order.push('stream'))
      client.append(inbox, batchOf('a=1'), () => order.push('inbox'))
      await log.settle()
      orders.add(order.join())
    }
    expect(orders.size).toBe(2)
  })
})

describe('of any shape', () => {
  it('compacts: the last value of each key stays, with its offset', async () => {
    let now = 0
    const { log, client } = await make({ now: () => now, compactionLagMillis: 100 })
    client.append(facts, batchOf('a=1', 'b=1', 'c=1'))
    client.append(facts, batchOf('a=2', 'c=null'))
    await log.settle()
    client.append(facts, batchOf('b=2'))
    log.compact(facts)
    expect(await all(log, facts)).toEqual(['1 b=1', '3 a=2', '4 c=null', '5 b=2'])
    await log.settle()
    now = 1000
    log.compact()
    expect(await all(log, facts)).toEqual(['3 a=2', '5 b=2'])
    expect(client.endOffset(facts)).toBe(6)
    expect(log.counts).toMatchObject({ compactions: 2, compactedRecords: 4 })
  })

  it('does the same again with the same seed', async () => {
    const run = async (seed: number): Promise<string> => {
      const { log, client } = await make({ seed, shape: 'cluster' })
      const order: string[] = []
      for (let i = 0; i < 30; i++) {
        for (const target of [stream, inbox, facts])
          client.append(target, batchOf(`k=${i}`), () => order.push(target.topic))
        stepTimes(log, 2)
      }
      await log.settle()
      return order.join()
    }
    expect(await run(7)).toBe(await run(7))
    expect(await run(7)).not.toBe(await run(8))
  })
})
