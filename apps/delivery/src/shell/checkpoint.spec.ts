// Fear: the store changes what clients get. Messages leave memory and come back; what is acknowledged quickly never touches the store;
// a store that forgets everything costs nothing but a restore.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SeededRandom } from '#libs/base'
import { MemoryStore, openEmbeddedStore, type KeptSessionStore, type StoreChange } from '#libs/store'
import { pubackStep } from '#libs/topics'
import { describe, expect, it } from 'vitest'
import { residentBytes } from '../core/projection.js'
import { answers, at, end, offline, online, run } from '../testing/appends.js'
import { DeliveryRig, type Delivered } from '../testing/delivery-rig.js'
import { StoreKeeper } from './checkpoint.js'

class Broker {
  readonly rig: DeliveryRig
  readonly keeper: StoreKeeper
  readonly changes: StoreChange[] = []
  readonly failures: string[] = []
  #alarms: (() => void)[] = []
  offset = 1

  constructor(store: KeptSessionStore, memoryBytes = 1_000, inboxBytesMax = 64 * 1024 * 1024) {
    this.rig = new DeliveryRig({
      inboxBytesMax,
      limits: { windowMax: 5, queueLengthMax: 0 },
      afterBatch: (state) => {
        this.keeper.afterBatch(state)
      },
    })
    const partition = store.partition(0)
    this.keeper = new StoreKeeper({
      store: {
        applied: () => partition.applied(),
        session: (clientId) => partition.session(clientId),
        subscriptions: (clientId) => partition.subscriptions(clientId),
        pages: (session, from, count) => partition.pages(session, from, count),
        wipe: () => partition.wipe(),
        checkpoint: (applied, changes) => {
          this.changes.push(...changes)
          return partition.checkpoint(applied, changes)
        },
      },
      after: (_millis, callback) => {
        this.#alarms.push(callback)
        return () => {
          this.#alarms = this.#alarms.filter((one) => one !== callback)
        }
      },
      run: (decide) => {
        this.rig.run(decide)
      },
      failed: (sentence) => {
        this.failures.push(sentence)
      },
      settings: this.rig.settings,
      everyMillis: 1_000,
      keptInMemory: 100,
      everyBytes: 1_000_000_000,
      memoryBytes,
    })
    this.keeper.restored(this.rig.state)
  }

  /** Resolves when the store has done all that was asked of it. */
  async settled(): Promise<void> {
    const deadline = Date.now() + 30_000
    for (let calm = 0; calm < 3;) {
      if (Date.now() > deadline) throw new Error('the store never comes to rest')
      await new Promise((resolve) => setImmediate(resolve))
      calm = this.keeper.idle ? calm + 1 : 0
    }
  }

  /** A second passes. */
  async second(): Promise<void> {
    await this.settled()
    const alarms = this.#alarms
    this.#alarms = []
    for (const alarm of alarms) alarm()
    await this.settled()
  }

  publish(count: number, ...births: readonly number[]): void {
    this.publishTo(
      count,
      births.map((id) => ({ id, qos: 1 })),
    )
  }

  publishTo(count: number, to: readonly { readonly id: number; readonly qos: number }[]): void {
    this.rig.take(
      run(
        Array.from({ length: count }, () => ({
          offset: this.offset++,
          to,
          payload: `m${String(this.offset)}`,
        })),
      ),
    )
  }

  kinds(kind: StoreChange['kind']): number {
    return this.changes.filter((change) => change.kind === kind).length
  }

  /** Acknowledges everything until nothing comes any more; gives the payloads in the order in which they came. */
  async drain(birth: number, connection: number): Promise<string[]> {
    const from = this.rig.sent.length
    this.rig.take(online(birth, at(connection)))
    const got: string[] = []
    for (let seen = from; ;) {
      await this.settled()
      const fresh = this.rig.sent.slice(seen).filter((one): one is Delivered => one.kind === 'message')
      seen = this.rig.sent.length
      if (fresh.length === 0) return got
      got.push(...fresh.map(({ payload }) => payload))
      this.rig.take(answers(fresh.map(({ number }) => ({ step: pubackStep, id: birth, number }))))
    }
  }

  restart(): void {
    this.keeper.restored(undefined)
    this.rig.restart()
    this.keeper.restored(this.rig.state)
  }
}

const wanted = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `m${String(from + i + 1)}`)

describe.each([
  { name: 'memory', make: () => ({ store: new MemoryStore(), remove: () => undefined }) },
  {
    name: 'embedded',
    make: () => {
      const directory = mkdtempSync(join(tmpdir(), 'keeper-'))
      return {
        store: openEmbeddedStore(directory),
        remove: () => {
          rmSync(directory, { recursive: true })
        },
      }
    },
  },
])('the store keeper on the $name store', ({ make }) => {
  const withBroker = async (
    test: (broker: Broker, store: KeptSessionStore) => Promise<void>,
    options: { memoryBytes?: number; inboxBytesMax?: number } = {},
  ): Promise<void> => {
    const { store, remove } = make()
    const broker = new Broker(store, options.memoryBytes, options.inboxBytesMax)
    await broker.settled()
    await test(broker, store)
    expect(broker.failures).toEqual([])
    await store.close()
    remove()
  }

  it('frees memory of what waits for an absent client, and gives all of it back in order', () =>
    withBroker(async (broker) => {
      broker.rig.take(online(1, at(1)), offline(1, at(1)))
      for (let i = 0; i < 20; i++) broker.publish(100, 1)
      await broker.second()
      await broker.second()
      const { state } = broker.rig
      const total = state.queues.get(1)?.line.bytes ?? 0
      expect(residentBytes(state)).toBeLessThan(total / 4)
      expect(await broker.drain(1, 2)).toEqual(wanted(1, 2_000))
      await broker.second()
      expect(broker.kinds('removePage')).toBe(broker.kinds('putPage'))
    }))

  it('keeps in memory what is of QoS 0 for one session and was in a page of another', () =>
    withBroker(async (broker) => {
      broker.rig.take(online(1, at(1)), online(2, at(2)), offline(2, at(2)))
      // Its window is full, and one more waits: so does what follows.
      broker.publish(6, 1)
      broker.publishTo(1_000, [
        { id: 1, qos: 0 },
        { id: 2, qos: 1 },
      ])
      await broker.second()
      await broker.second()
      expect(await broker.drain(2, 3)).toEqual(wanted(7, 1_000))
      broker.publish(1, 2)
      await broker.second()
      await broker.second()
      expect(await broker.drain(1, 4)).toEqual(wanted(1, 1_006))
    }))

  it('never writes what is acknowledged between two checkpoints', () =>
    withBroker(async (broker) => {
      broker.rig.take(online(1, at(1)))
      for (let i = 0; i < 5; i++) {
        broker.publish(3, 1)
        const numbers = [1, 2, 3].map((n) => n + i * 3)
        broker.rig.take(answers(numbers.map((number) => ({ step: pubackStep, id: 1, number }))))
        await broker.second()
      }
      expect(broker.kinds('putPage')).toBe(0)
    }))

  it('removes the pages of a session that ends, also while they are asked for', () =>
    withBroker(async (broker, store) => {
      broker.rig.take(online(1, at(1)), offline(1, at(1)))
      broker.publish(1_000, 1)
      await broker.second()
      await broker.second()
      broker.rig.take(online(1, at(2)))
      broker.rig.take(answers([1, 2, 3, 4, 5].map((number) => ({ step: pubackStep, id: 1, number }))))
      broker.rig.take(end(1))
      await broker.second()
      await broker.second()
      expect(await store.partition(0).pages({ clientId: 'c1', birth: 1 }, 0, 10)).toEqual([])
      expect(broker.rig.state.lost).toBe(false)
    }))

  it('gives the same answers after a restore, whatever the store held', () =>
    withBroker(async (broker) => {
      broker.rig.take(online(1, at(1)), offline(1, at(1)))
      broker.publish(600, 1)
      await broker.second()
      await broker.second()
      broker.restart()
      await broker.second()
      broker.publish(600, 1)
      await broker.second()
      await broker.second()
      expect(await broker.drain(1, 3)).toEqual(wanted(1, 1_200))
    }))

  it('brings messages back to memory when they have to become facts', () =>
    withBroker(
      async (broker) => {
        broker.rig.take(online(1, at(1)), offline(1, at(1)), online(2, at(2)), offline(2, at(2)))
        broker.publish(1_500, 1)
        await broker.second()
        await broker.second()
        for (let i = 0; i < 300; i++) {
          broker.publish(20, 2)
          if (i % 10 === 0) await broker.second()
        }
        expect(broker.rig.state.base.offset).toBeGreaterThan(1)
        broker.rig.trim()
        broker.restart()
        await broker.second()
        expect(await broker.drain(1, 3)).toEqual(wanted(1, 1_500))
      },
      { inboxBytesMax: 60_000 },
    ))

  it('asks for a restore when the store has lost what memory does not hold', async () => {
    const { store, remove } = make()
    const broker = new Broker(store)
    await broker.settled()
    broker.rig.take(online(1, at(1)), offline(1, at(1)))
    broker.publish(1_000, 1)
    await broker.second()
    await broker.second()
    await store.partition(0).wipe()
    broker.rig.take(online(1, at(2), 1_000))
    const numbers = Array.from({ length: 200 }, (_, i) => i + 1)
    for (const number of numbers) broker.rig.take(answers([{ step: pubackStep, id: 1, number }]))
    await broker.settled()
    expect(broker.rig.state.lost).toBe(true)
    expect(broker.failures).toHaveLength(1)
    expect(() => broker.rig.take(online(1, at(3)))).toThrow('come back from the log')
    broker.restart()
    await broker.second()
    const left = broker.rig.state.queues.get(1)?.line.length ?? 0
    expect(left).toBeGreaterThan(700)
    expect(await broker.drain(1, 4)).toEqual(wanted(1, 1_000).slice(-left))
    await store.close()
    remove()
  })

  it('survives random comings and goings of three clients', () =>
    withBroker(
      async (broker) => {
        const random = new SeededRandom(7)
        const expected = new Map<number, string[]>([1, 2, 3].map((birth) => [birth, []]))
        const got = new Map<number, string[]>([1, 2, 3].map((birth) => [birth, []]))
        broker.rig.take(online(1, at(1)), online(2, at(2)), online(3, at(3)))
        broker.rig.take(offline(1, at(1)), offline(2, at(2)), offline(3, at(3)))
        let connection = 10
        for (let i = 0; i < 120; i++) {
          const births = random.shuffle([1, 2, 3]).slice(0, 1 + random.below(3))
          const dice = random.below(10)
          if (dice < 5) {
            const count = 1 + random.below(200)
            for (const birth of births) expected.get(birth)?.push(...wanted(broker.offset, count))
            broker.publish(count, ...births)
          } else if (dice < 8) await broker.second()
          else if (dice === 8) {
            const birth = births[0] ?? 1
            got.get(birth)?.push(...(await broker.drain(birth, ++connection)))
            broker.rig.take(offline(birth, at(connection)))
          } else broker.restart()
        }
        for (const birth of [1, 2, 3]) got.get(birth)?.push(...(await broker.drain(birth, ++connection)))
        expect(got).toEqual(expected)
      },
      { memoryBytes: 3_000, inboxBytesMax: 100_000 },
    ))
})
