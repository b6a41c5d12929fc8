// Feared: a message that comes to another receiver than it was for.
import { ByteWriter, utf8Decode, utf8Encode } from '#libs/base'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  beginKeptRun,
  beginMessageRun,
  directRun,
  groupOption,
  messageRunKind,
  originOption,
  receiversItem,
  RunReader,
  writeHandedReceiver,
  writeKeptReceiver,
  writeMessage,
  writeReceiver,
} from './message-run.js'

interface Message {
  readonly topic: string
  readonly payload: Uint8Array
  readonly properties: Uint8Array
  readonly qos: number
  readonly retain: boolean
  readonly deadline: number
  readonly delta: number
}

const message: fc.Arbitrary<Message> = fc.record({
  topic: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
  payload: fc.uint8Array({ maxLength: 300 }),
  properties: fc.uint8Array({ maxLength: 40 }),
  qos: fc.nat(2),
  retain: fc.boolean(),
  deadline: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 2 ** 45 })),
  delta: fc.nat(100_000),
})

const receiver = fc.record({
  id: fc.nat(2 ** 31 - 1),
  options: fc.constantFrom(0, 1, 2, 5, groupOption | 1),
  ids: fc.array(fc.integer({ min: 1, max: 268_435_455 }), { maxLength: 3 }),
})

function write(
  writer: ByteWriter,
  { topic, payload, properties, qos, retain, deadline, delta }: Message,
): void {
  const bytes = utf8Encode(topic)
  const source = new Uint8Array([...bytes, ...properties])
  writeMessage(
    writer,
    qos | (retain ? 4 : 0),
    delta,
    deadline,
    source,
    0,
    bytes.length,
    bytes.length,
    source.length,
    payload,
    0,
    payload.length,
  )
}

function read(reader: RunReader): Omit<Message, 'delta'> & { readonly offset: number } {
  const { buffer } = reader
  return {
    topic: utf8Decode(buffer, reader.topicFrom, reader.topicTo),
    payload: Uint8Array.from(buffer.subarray(reader.payloadFrom, reader.payloadTo)),
    properties: Uint8Array.from(buffer.subarray(reader.propertiesFrom, reader.propertiesTo)),
    qos: reader.qos,
    retain: reader.retain,
    deadline: reader.deadline,
    offset: reader.offset,
  }
}

describe('a run of messages', () => {
  it('loses nothing between a matcher and its targets, whatever the mix of receivers and messages', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.array(receiver, { maxLength: 4 }), fc.array(message, { maxLength: 4 })), {
          maxLength: 5,
        }),
        (runs) => {
          const writer = new ByteWriter()
          beginMessageRun(writer, 7, 3, 1_000_000)
          for (const [receivers, messages] of runs) {
            writer.u8(receiversItem)
            writer.varint(receivers.length)
            for (const { id, options, ids } of receivers) writeReceiver(writer, id, options, ids)
            for (const item of messages) write(writer, item)
          }
          const reader = new RunReader()
          reader.open(writer.buffer, 0, writer.position)
          expect([reader.kind, reader.incarnation, reader.partition]).toEqual([messageRunKind, 7, 3])
          for (const [receivers, messages] of runs) {
            expect(reader.next()).toBe('receivers')
            expect(reader.count).toBe(receivers.length)
            for (const { id, ids } of receivers) {
              expect(reader.receiver()).toBe(true)
              expect([reader.id, reader.idsCount]).toEqual([id, ids.length])
            }
            for (const { delta, ...item } of messages) {
              expect(reader.next()).toBe('message')
              expect(read(reader)).toEqual({ ...item, offset: 1_000_000 + delta })
            }
          }
          expect(reader.next()).toBe('end')
        },
      ),
    )
  })

  it('names the group that gives a message to a kept member, and its number there', () => {
    const writer = new ByteWriter()
    beginMessageRun(writer, directRun, 0, 0)
    writer.u8(receiversItem)
    writer.varint(2)
    writeHandedReceiver(writer, 5, 1, [9], 300, 3, 5 * 2 ** 32 + 7)
    writeReceiver(writer, 6, 2, [])
    const reader = new RunReader()
    reader.open(writer.buffer, 0, writer.position)
    expect([reader.next(), reader.receiver()]).toEqual(['receivers', true])
    const { id, options, idsCount, groupBirth, groupPartition, number } = reader
    expect([id, options & originOption, idsCount]).toEqual([5, originOption, 1])
    expect([groupBirth, groupPartition, number]).toEqual([300, 3, 5 * 2 ** 32 + 7])
    expect([reader.receiver(), reader.id, reader.options & originOption]).toEqual([true, 6, 0])
    expect([reader.receiver(), reader.next()]).toEqual([false, 'end'])
  })

  it('passes over receivers that nobody read', () => {
    const writer = new ByteWriter()
    beginMessageRun(writer, 1, 0, 0)
    writer.u8(receiversItem)
    writer.varint(2)
    writeReceiver(writer, 5, 1, [9])
    writeReceiver(writer, 6, 2, [])
    write(writer, {
      topic: 't',
      payload: new Uint8Array(3),
      properties: new Uint8Array(0),
      qos: 1,
      retain: false,
      deadline: 0,
      delta: 4,
    })
    const reader = new RunReader()
    reader.open(writer.buffer, 0, writer.position)
    expect([reader.next(), reader.next(), reader.next()]).toEqual(['receivers', 'message', 'end'])
  })

  it('names number and packet id of each message that delivery sends', () => {
    const writer = new ByteWriter()
    beginKeptRun(writer, 2)
    writeKeptReceiver(writer, 11, 70_000, 4465, 0x21, [3])
    write(writer, {
      topic: 'a/b',
      payload: new Uint8Array([1]),
      properties: new Uint8Array([2]),
      qos: 1,
      retain: true,
      deadline: 5,
      delta: 0,
    })
    const reader = new RunReader()
    reader.open(writer.buffer, 0, writer.position)
    expect(reader.next()).toBe('receivers')
    expect([reader.id, reader.number, reader.packetId, reader.idsCount]).toEqual([11, 70_000, 4465, 1])
    expect(reader.next()).toBe('message')
    expect(read(reader)).toMatchObject({ topic: 'a/b', deadline: 5, retain: true })
  })
})
