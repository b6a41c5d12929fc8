// What every adapter of the kept-session store must do.
import { fromHex, toHex } from '#libs/base'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { KeptSessionStore, SessionPartition, StoreChange } from './kept-session-store.js'

/** A place for a store that can be opened again and again. */
export interface StorePlace {
  open(): KeptSessionStore
  remove(): void
}

const hostileIds = [
  'a',
  'a}',
  '{a',
  '%7B',
  '{}',
  '',
  '__proto__',
  'x/y:#+',
  'é😀',
  '}'.repeat(1_024),
  'z'.repeat(65_535),
]

export function keptSessionStoreContract(name: string, newPlace: () => StorePlace): void {
  describe(`kept-session store: ${name}`, () => {
    let place: StorePlace
    let store: KeptSessionStore
    let partition: SessionPartition

    beforeEach(() => {
      place = newPlace()
      store = place.open()
      partition = store.partition(0)
    })

    afterEach(async () => {
      await store.close()
      place.remove()
    })

    const put = (clientId: string, birth: number, first: number, digits = '01'): StoreChange => ({
      kind: 'putPage',
      clientId,
      birth,
      first,
      bytes: fromHex(digits),
    })

    const firsts = async (clientId: string, birth: number, from = 0, count = 100): Promise<number[]> =>
      (await partition.pages({ clientId, birth }, from, count)).map(({ first }) => first)

    it('has no position before the first checkpoint and the last one afterwards', async () => {
      expect(await partition.applied()).toBeUndefined()
      await partition.checkpoint(5, [])
      await partition.checkpoint(2 ** 40, [])
      expect(await partition.applied()).toBe(2 ** 40)
    })

    it('gives the pages of a session in the order of their numbers, from a number on, so many at most', async () => {
      const numbers = [300, 2, 1, 70_000, 256, 5_000_000_000]
      await partition.checkpoint(
        1,
        numbers.map((first) => put('c', 7, first)),
      )
      expect(await firsts('c', 7)).toEqual([1, 2, 256, 300, 70_000, 5_000_000_000])
      expect(await firsts('c', 7, 3, 2)).toEqual([256, 300])
      expect(await firsts('c', 8)).toEqual([])
    })

    it('carries out the changes of a checkpoint in order', async () => {
      await partition.checkpoint(1, [put('c', 1, 1, 'aa'), put('c', 1, 1, 'bb'), put('c', 1, 2, 'cc')])
      await partition.checkpoint(2, [
        { kind: 'removePage', clientId: 'c', birth: 1, first: 2 },
        { kind: 'removePage', clientId: 'c', birth: 1, first: 99 },
      ])
      const pages = await partition.pages({ clientId: 'c', birth: 1 }, 0, 10)
      expect(pages.map(({ first, bytes }) => [first, toHex(bytes)])).toEqual([[1, 'bb']])
    })

    it('ends a session and every older one of the client, and nothing else', async () => {
      await partition.checkpoint(1, [
        { kind: 'putSession', clientId: 'c', birth: 2, row: fromHex('02') },
        { kind: 'putSession', clientId: 'cc', birth: 1, row: fromHex('03') },
        put('c', 1, 1),
        put('c', 2, 1),
        put('c', 3, 1),
        put('cc', 1, 1),
      ])
      await partition.checkpoint(2, [{ kind: 'removeSession', clientId: 'c', birth: 2 }])
      expect(await partition.session('c')).toBeUndefined()
      expect(await firsts('c', 1)).toEqual([])
      expect(await firsts('c', 2)).toEqual([])
      expect(await firsts('c', 3)).toEqual([1])
      expect(await firsts('cc', 1)).toEqual([1])
    })

    it('leaves the row of a younger session when an older one ends', async () => {
      await partition.checkpoint(1, [
        { kind: 'putSession', clientId: 'c', birth: 5, row: fromHex('05') },
        { kind: 'removeSession', clientId: 'c', birth: 4 },
      ])
      expect(toHex((await partition.session('c')) ?? fromHex(''))).toBe('05')
    })

    it('keeps clients apart, whatever their ids are', async () => {
      const changes = hostileIds.flatMap((clientId, i): StoreChange[] => [
        { kind: 'putSession', clientId, birth: 1, row: new Uint8Array([i]) },
        put(clientId, 1, i + 1),
        { kind: 'putSubscription', clientId, filter: `f/${String(i)}` },
      ])
      await partition.checkpoint(1, changes)
      for (const [i, clientId] of hostileIds.entries()) {
        expect(await partition.session(clientId)).toEqual(expect.objectContaining({ 0: i, length: 1 }))
        expect(await firsts(clientId, 1)).toEqual([i + 1])
        expect(await partition.subscriptions(clientId)).toEqual([`f/${String(i)}`])
      }
    })

    it('holds the subscriptions of a client as a set', async () => {
      const long = '+/'.repeat(30_000)
      await partition.checkpoint(1, [
        { kind: 'putSubscription', clientId: 'c', filter: 'a/#' },
        { kind: 'putSubscription', clientId: 'c', filter: 'a/#' },
        { kind: 'putSubscription', clientId: 'c', filter: long },
        { kind: 'putSubscription', clientId: 'c', filter: 'b' },
        { kind: 'removeSubscription', clientId: 'c', filter: 'b' },
      ])
      expect(await partition.subscriptions('c')).toEqual([long, 'a/#'].sort())
    })

    it('keeps partitions apart, and wipes one alone', async () => {
      const other = store.partition(1)
      await partition.checkpoint(1, [put('c', 1, 1)])
      await other.checkpoint(2, [put('c', 1, 1)])
      await partition.wipe()
      expect(await partition.applied()).toBeUndefined()
      expect(await firsts('c', 1)).toEqual([])
      expect(await other.applied()).toBe(2)
      expect(await other.pages({ clientId: 'c', birth: 1 }, 0, 1)).toHaveLength(1)
    })

    it('does not hold on to the bytes it is given', async () => {
      const bytes = fromHex('0102')
      await partition.checkpoint(1, [{ kind: 'putPage', clientId: 'c', birth: 1, first: 1, bytes }])
      bytes.fill(9)
      const pages = await partition.pages({ clientId: 'c', birth: 1 }, 1, 1)
      expect(toHex(pages[0]?.bytes ?? fromHex(''))).toBe('0102')
    })

    it('has what a checkpoint stored when it is opened again', async () => {
      await partition.checkpoint(3, [put('c', 1, 1, 'ab')])
      await store.close()
      store = place.open()
      partition = store.partition(0)
      expect(await partition.applied()).toBe(3)
      expect(await firsts('c', 1)).toEqual([1])
    })
  })
}
