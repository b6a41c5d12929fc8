// Fear: a message that came for the first time is taken for one that came again.
import { ByteWriter, EMPTY_BYTES, utf8Encode } from '#libs/base'
import { RecordBatchBuilder, RecordCursor, stamp } from '#libs/batch'
import { beginMessageRun, receiversItem, writeMessage, writeReceiver } from '#libs/topics'
import { describe, expect, it } from 'vitest'
import { Repeats } from './repeats.js'

const topic = utf8Encode('t')

/** A run of messages that stand at these offsets of a partition of tbmq.msg.all, for a connection of this life of the gateway. */
function runOf(incarnation: number, ...offsets: readonly number[]): RecordCursor {
  const run = new ByteWriter(64)
  beginMessageRun(run, incarnation, 0, 0)
  run.u8(receiversItem)
  run.varint(1)
  writeReceiver(run, 1, 0, [])
  for (const offset of offsets)
    writeMessage(run, 1, offset, 0, topic, 0, topic.length, 0, 0, EMPTY_BYTES, 0, 0)
  const batch = new RecordBatchBuilder(256)
  batch.add(null, run.view())
  const bytes = batch.bytes.slice()
  stamp(bytes, 0, 0, null)
  const cursor = new RecordCursor()
  cursor.open(bytes)
  cursor.next()
  return cursor
}

describe('what a matcher routes', () => {
  it('is known when it comes again, or something older does', () => {
    const repeats = new Repeats(2)
    expect([5, 6, 6, 5, 7].map((offset) => repeats.has(runOf(2, offset)))).toEqual([
      false,
      false,
      true,
      true,
      false,
    ])
    expect(repeats.dropped).toBe(2)
  })

  it('is partly known when the next matcher begins its runs at other messages', () => {
    const repeats = new Repeats(2)
    repeats.has(runOf(2, 5, 6))
    expect([repeats.has(runOf(2, 5, 6, 7)), repeats.newFrom]).toEqual([false, 7])
    expect([repeats.has(runOf(2, 7)), repeats.has(runOf(2, 8)), repeats.newFrom]).toEqual([true, false, 0])
  })

  it('is not known by what came for connections of an earlier life', () => {
    const repeats = new Repeats(2)
    repeats.has(runOf(1, 5))
    expect(repeats.has(runOf(2, 5))).toBe(false)
  })
})
