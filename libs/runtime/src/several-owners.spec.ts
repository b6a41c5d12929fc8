// A partition on a log of several processes: owners die between facts and sends, two believe to be the owner, and nothing is lost or done
// twice.
import { ByteReader, ByteWriter } from '#libs/base'
import { RecordBatchBuilder, RecordCursor } from '#libs/batch'
import { MemoryLog, type EventLog, type MemoryClient } from '#libs/log'
import type { Service } from '#libs/service'
import { catalogue } from '#libs/topics'
import { describe, expect, it } from 'vitest'
import type { Clock } from './clock.js'
import { Partition } from './partition.js'

const still: Clock = { now: () => 1_000_000, after: () => () => undefined }
const topics = [
  catalogue.sessionInbox,
  catalogue.sessions,
  catalogue.messages,
  catalogue.subscriptionInbox,
  catalogue.subscriptions,
  catalogue.deliveryInbox,
  catalogue.deliveries,
]
const deliveryInbox = { topic: catalogue.deliveryInbox.name, partition: 0 }
const placement = { partition: 0, clientPartitions: 1, topicPartitions: 1 }

/** Writes each number that comes down, and sends it on. */
const relay = (name: 'session' | 'delivery'): Service<number[], number> => ({
  name,
  states: [name === 'session' ? catalogue.sessions : catalogue.deliveries],
  inputs: [name === 'session' ? catalogue.sessionInbox : catalogue.deliveryInbox],
  facts: {
    topicOf: () => 0,
    writeKey: (writer, number) => {
      writer.u8(1)
      writer.varint(number)
    },
    writeValue: () => true,
    read: (_topic, key) => {
      key.u8()
      return key.varint()
    },
  },
  empty: () => [],
  apply: (state, number) => {
    state.push(number)
  },
  decide: (state, batch, _now, outcome) => {
    const cursor = new RecordCursor()
    cursor.open(batch.bytes)
    while (cursor.next()) {
      const number = new ByteReader(cursor.bytes, cursor.valueFrom, cursor.valueTo).varint()
      // Twice the same would be seen: the second stands for another number.
      outcome.fact(state.includes(number) ? number + 1000 : number)
      if (name !== 'session') continue
      outcome.value().varint(number)
      outcome.send(catalogue.deliveryInbox, 0, null)
    }
  },
  tick: () => undefined,
  nextWake: () => undefined,
})

/** Sends each number of a stream on, and writes nothing: as matchers do. */
const router: Service<number[], number> = {
  ...relay('session'),
  name: 'subscription',
  states: [catalogue.subscriptions],
  inputs: [catalogue.subscriptionInbox, catalogue.messages],
  decide: (_state, batch, _now, outcome) => {
    outcome.value().raw(batch.bytes)
    outcome.send(catalogue.deliveryInbox, 0, null)
  },
  targets: () => [deliveryInbox],
}

type Name = 'session' | 'subscription' | 'delivery'

class Rig {
  readonly log: MemoryLog
  readonly lost: string[] = []

  constructor(seed: number) {
    this.log = new MemoryLog({ seed, shape: 'cluster' })
  }

  async settled<T>(promise: Promise<T>): Promise<T> {
    await this.log.settle()
    return promise
  }

  async owner(name: Name): Promise<{ client: MemoryClient; partition: Partition<number[], number> }> {
    const client = this.log.connect()
    await this.settled(client.createTopics(topics.map((topic) => ({ topic, partitions: 1 }))))
    const log: EventLog = client
    const partition = new Partition({
      log,
      service: name === 'subscription' ? router : relay(name),
      placement,
      clock: still,
      failed: (sentence) => this.lost.push(sentence),
      lost: () => this.lost.push('lost'),
    })
    await this.settled(partition.start())
    return { client, partition }
  }

  say(from: MemoryClient, number: number, topic = catalogue.sessionInbox): void {
    const value = new ByteWriter(8)
    value.varint(number)
    const batch = new RecordBatchBuilder(128)
    batch.add(null, value.view())
    from.append({ topic: topic.name, partition: 0 }, batch)
  }
}

const sorted = (numbers: readonly number[] | undefined): number[] =>
  [...(numbers ?? [])].sort((a, b) => a - b)

describe('owners of a partition', () => {
  it('that die at any step leave nothing unsent, and nothing is taken twice', async () => {
    let again = 0
    let dropped = 0
    for (let seed = 0; seed < 150; seed++) {
      const rig = new Rig(seed)
      const outside = rig.log.connect()
      const receiver = await rig.owner('delivery')
      const first = await rig.owner('session')
      for (let number = 1; number <= 6; number++) rig.say(outside, number)
      for (let steps = rig.log.random.below(40); steps > 0; steps--) {
        rig.log.step()
        await undefined
      }
      first.client.crash()
      const second = await rig.owner('session')
      await rig.log.settle()
      expect([seed, sorted(second.partition.state)]).toEqual([seed, [1, 2, 3, 4, 5, 6]])
      expect([seed, sorted(receiver.partition.state)]).toEqual([seed, [1, 2, 3, 4, 5, 6]])
      again += second.partition.counters.outboxesSentAgain
      dropped += receiver.partition.counters.originsDropped
    }
    expect(again).toBeGreaterThan(0)
    expect(dropped).toBeGreaterThan(0)
  })

  it('are dropped when another one has claimed, and have done nothing since', async () => {
    for (let seed = 0; seed < 50; seed++) {
      const rig = new Rig(seed)
      const receiver = await rig.owner('delivery')
      const first = await rig.owner('session')
      const second = await rig.owner('session')
      for (let number = 1; number <= 4; number++) rig.say(receiver.client, number)
      await rig.log.settle()
      expect(rig.lost).toEqual(['lost'])
      expect(first.partition.state).toBeUndefined()
      expect(sorted(second.partition.state)).toEqual([1, 2, 3, 4])
      expect([seed, sorted(receiver.partition.state)]).toEqual([seed, [1, 2, 3, 4]])
    }
  })

  it('send nothing any more that no fact goes before, when another one is at work', async () => {
    const rig = new Rig(1)
    const outside = rig.log.connect()
    await rig.owner('subscription')
    const second = await rig.owner('subscription')
    second.client.paused = true
    const { endOffset } = rig.log.partition(deliveryInbox)
    rig.say(outside, 1, catalogue.messages)
    await rig.log.settle()
    expect(rig.lost).toEqual(['lost'])
    expect(rig.log.partition(deliveryInbox).endOffset).toBe(endOffset)
  })

  it('have the same state after another restore, also of what was dropped', async () => {
    for (let seed = 0; seed < 50; seed++) {
      const rig = new Rig(seed)
      const outside = rig.log.connect()
      const receiver = await rig.owner('delivery')
      const first = await rig.owner('session')
      for (let number = 1; number <= 4; number++) rig.say(outside, number)
      for (let steps = rig.log.random.below(30); steps > 0; steps--) {
        rig.log.step()
        await undefined
      }
      first.client.crash()
      receiver.client.crash()
      await rig.owner('session')
      const next = await rig.owner('delivery')
      await rig.log.settle()
      expect([seed, sorted(next.partition.state)]).toEqual([seed, [1, 2, 3, 4]])
    }
  })
})
