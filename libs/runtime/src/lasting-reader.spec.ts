// Feared: a reader that ends for good, reads a batch twice or none at all, or fails again and again and looks well in between.
import { RecordBatchBuilder, type Batch } from '#libs/batch'
import { MemoryLog } from '#libs/log'
import { catalogue } from '#libs/topics'
import { expect, it, vi } from 'vitest'
import { LastingReader } from './lasting-reader.js'

const target = { topic: catalogue.authInbox.name, partition: 0 }

async function begin(isBad: (offset: number) => boolean) {
  const memory = new MemoryLog()
  const log = memory.connect()
  const created = log.createTopics([{ topic: catalogue.authInbox, partitions: 1 }])
  await memory.settle()
  await created
  const read: number[] = []
  const failed = vi.fn()
  const handle = ({ baseOffset }: Batch): void => {
    if (isBad(baseOffset)) throw new Error(`cannot take ${String(baseOffset)}`)
    read.push(baseOffset)
  }
  const reader = new LastingReader(log, target, { from: 0, visibility: 'appended', handle, failed })
  const batch = new RecordBatchBuilder(64)
  const append = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      batch.add(null, null)
      log.append(target, batch)
      batch.reset()
    }
    await memory.settle()
  }
  /** Waits until the log has nothing more to hand out. */
  const until = (condition: () => boolean): Promise<unknown> =>
    vi.waitUntil(
      async () => {
        await memory.settle()
        return condition()
      },
      { timeout: 15_000, interval: 5 },
    )
  return { reader, read, failed, append, until }
}

it('reads on behind a batch that could not be taken, and each other one once', async () => {
  const { reader, read, failed, append, until } = await begin((offset) => offset === 1)
  await append(4)
  expect([read, reader.reading]).toEqual([[0], false])
  await until(() => reader.reading)
  await until(() => read.length === 3)
  expect(read).toEqual([0, 2, 3])
  expect(failed).toHaveBeenCalledTimes(1)
  await reader.close()
  await append(1)
  expect([read.length, reader.reading]).toEqual([3, false])
})

it('is not well while it fails again and again, though it reads in between', async () => {
  const { reader, read, failed, append, until } = await begin((offset) => offset < 4)
  await append(5)
  await until(() => read.length === 1)
  expect(failed).toHaveBeenCalledTimes(4)
  expect(reader.reading).toBe(false)
  await reader.close()
})

it('does not begin again once it is closed', async () => {
  const { reader, read, failed, append, until } = await begin((offset) => offset === 0)
  await append(1)
  await reader.close()
  await append(1)
  await until(() => failed.mock.calls.length === 1)
  expect([read, reader.reading]).toEqual([[], false])
})
