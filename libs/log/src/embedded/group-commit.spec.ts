// Fear: somebody waits for the disk longer than the disk takes; or the disk works for what nobody waits for.
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Batch } from '#libs/batch'
import type { EmbeddedLog } from '../index.js'
import { all, EmbeddedPlace, facts, fleeting, messages, stored, until } from '../testing/embedded-place.js'
import { batchOf, raise, recordsOf } from '../testing/log-bench.js'

describe('what nobody waits for', () => {
  let place: EmbeddedPlace
  let log: EmbeddedLog
  const told: string[] = []
  const append = (name: string, awaited: boolean): void =>
    log.append(messages, batchOf(`${name}=1`), () => told.push(name), awaited)
  const turns = async (): Promise<void> => {
    for (let turn = 0; turn < 100; turn++) await setImmediate()
  }

  beforeEach(async () => {
    place = await EmbeddedPlace.make()
    log = await place.open()
    await stored(log)
    told.length = 0
    // The moment that the log takes does not end by itself.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  })
  afterEach(async () => {
    vi.useRealTimers()
    await place.dispose()
  })

  it('is stored together, after a moment', async () => {
    const groups = log.metrics.groups
    for (const name of ['a', 'b', 'c']) {
      append(name, false)
      await turns()
    }
    expect(told).toEqual([])
    vi.advanceTimersByTime(10)
    await until(() => told.length === 3)
    expect(log.metrics.groups).toBe(groups + 1)
  })

  it('is stored at once when it is much', async () => {
    append('x'.repeat(70_000), false)
    await until(() => told.length === 1)
  })

  const whoWaits: Record<string, () => void> = {
    'an append that is awaited': () => {
      append('later', true)
    },
    'an append to memory that is awaited': () => {
      log.append(fleeting, batchOf('a=1'), () => told.push('later'))
    },
    'a barrier': () => {
      log.barrier(() => told.push('later'))
    },
    'a commit': () => {
      void log.claim('session', 0, [facts]).then((claim) => {
        claim.commit([{ target: facts, batch: batchOf('a=1') }], [], () => told.push('later'))
      })
    },
    'a reader of stored records in memory': () => {
      const handle = (batch: Batch): void => void told.push(...recordsOf(batch).map(() => 'later'))
      log.append(fleeting, batchOf('a=1'), undefined, false)
      log.read(fleeting, { from: 0, visibility: 'stored', handle, failed: raise })
    },
  }
  for (const [name, wait] of Object.entries(whoWaits)) {
    it(`goes to the disk at once before ${name}`, async () => {
      append('before', false)
      await turns()
      expect(told).toEqual([])
      wait()
      await until(() => told.length === 2)
      expect(told).toEqual(['before', 'later'])
    })
  }

  it('does not keep a reader from what it may have before it is stored', async () => {
    const seen: string[] = []
    const handle = (batch: Batch): void => void seen.push(...recordsOf(batch))
    log.read(fleeting, { from: 0, visibility: 'stored', isPassing: () => true, handle, failed: raise })
    append('before', false)
    log.append(fleeting, batchOf('a=1'), undefined, false)
    await until(() => seen.length === 1)
    await turns()
    expect(told).toEqual([])
  })

  it('is stored by a close', async () => {
    append('last', false)
    await log.close()
    expect(told).toEqual(['last'])
    vi.useRealTimers()
    expect(await all(await place.open(), messages)).toEqual(['0 last=1'])
  })
})
