// The record batch: bytes equal to those of a known Kafka client, and read back as they were written.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { copyOf, fromHex, toHex, utf8Encode } from '#libs/base'
import {
  appendTimeOf,
  baseOffsetOf,
  batchHeaderSize,
  batchLengthAt,
  checkBatch,
  nextOffsetOf,
  RecordBatchBuilder,
  recordCountOf,
  stamp,
} from './record-batch.js'
import { MalformedBatch, RecordCursor } from './record-cursor.js'

const table = Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  return crc
})

function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) crc = (table[(crc ^ byte) & 255] ?? 0) ^ (crc >>> 8)
  return ~crc >>> 0
}

/** What kafkajs 2.2.4 encodes for the same records, with `LogAppendTime` set and the crc made again for that. */
const golden = {
  oneMessage:
    '0000000000000000000000460000000002e68c02960008000000000000018bcfe568000000018bcfe56800ffffffffffffffffffffffffffff' +
    '000000012800000006612f620a68656c6c6f02026d06010203',
  nullsAndHeaders:
    '000000012a05f20000000056000000000228d4d1400008000000020000018bcfe5687b0000018bcfe5687bffffffffffffffffffffffffffff' +
    '000000030e000000010276000e000002026b010028000004000004086e616d6502780a6f7468657200',
}

const bytesOf = (text: string): Uint8Array => utf8Encode(text)

/** A record as plain data. */
interface Plain {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly header: Uint8Array | null | undefined
}

const headerKey = bytesOf('m')

function build(builder: RecordBatchBuilder, records: readonly Plain[]): Uint8Array {
  builder.reset()
  for (const { key, value, header } of records)
    if (header === undefined) builder.add(key, value)
    else builder.add(key, value, headerKey, header)
  return copyOf(builder.bytes)
}

const part = (bytes: Uint8Array, from: number, to: number): string | null =>
  from < 0 ? null : toHex(bytes, from, to)
const hexOf = (bytes: Uint8Array | null): string | null => (bytes === null ? null : toHex(bytes))

/** The records of a batch, bytes as hexadecimal digits. */
function readAll(batch: Uint8Array) {
  const cursor = new RecordCursor()
  const records: {
    offset: number
    key: string | null
    value: string | null
    header: string | null | undefined
  }[] = []
  cursor.open(batch)
  while (cursor.next()) {
    records.push({
      offset: cursor.offset,
      key: part(batch, cursor.keyFrom, cursor.keyTo),
      value: part(batch, cursor.valueFrom, cursor.valueTo),
      header: cursor.headerCount === 0 ? undefined : part(batch, cursor.headerFrom, cursor.headerTo),
    })
  }
  return records
}

const anyBytes = fc.oneof(fc.uint8Array({ maxLength: 100 }), fc.uint8Array({ minLength: 60, maxLength: 70 }))
const anyRecords = fc.array(
  fc.record({
    key: fc.option(anyBytes),
    value: fc.option(anyBytes),
    header: fc.oneof(fc.constant(undefined), fc.option(anyBytes)),
  }),
  { minLength: 1, maxLength: 90 },
)

describe('the builder', () => {
  it('makes the bytes of a known client: one message', () => {
    const builder = new RecordBatchBuilder()
    const packet = bytesOf('..a/b...hello..')
    const at = builder.addMessage(packet, 2, 5, packet, 8, 13, 0x6d, 3)
    builder.scratch.set([1, 2, 3], at)
    const batch = copyOf(builder.bytes)
    stamp(batch, 0, 1_700_000_000_000, crc32c)
    expect(toHex(batch)).toBe(golden.oneMessage)
  })

  it('makes the bytes of a known client: nulls and big offsets', () => {
    const builder = new RecordBatchBuilder()
    builder.add(null, bytesOf('v'))
    builder.add(bytesOf('k'), null)
    const batch = copyOf(builder.bytes)
    stamp(batch, 5_000_000_000, 1_700_000_000_123, crc32c)
    const expected = fromHex(golden.nullsAndHeaders)
    expect(toHex(batch, batchHeaderSize)).toBe(toHex(expected, batchHeaderSize, batch.length))
    expect(toHex(batch, 0, 8)).toBe(toHex(expected, 0, 8))
    expect(toHex(batch, 27, 57)).toBe(toHex(expected, 27, 57))
  })

  it('is read back as it was written, whatever was in it before', () => {
    const builder = new RecordBatchBuilder(100)
    fc.assert(
      fc.property(anyRecords, fc.nat(), (records, baseOffset) => {
        const batch = build(builder, records)
        stamp(batch, baseOffset, 1_700_000_000_000, crc32c)
        expect(checkBatch(batch, crc32c)).toBe(undefined)
        expect(batch.length).toBe(builder.size)
        expect(batchLengthAt(batch, 0)).toBe(batch.length)
        expect([baseOffsetOf(batch), nextOffsetOf(batch)]).toEqual([baseOffset, baseOffset + records.length])
        expect([recordCountOf(batch), builder.count]).toEqual([records.length, records.length])
        expect(appendTimeOf(batch)).toBe(1_700_000_000_000)
        const plain = records.map(({ key, value, header }, i) => {
          const headerHex = header === undefined ? undefined : hexOf(header)
          return { offset: baseOffset + i, key: hexOf(key), value: hexOf(value), header: headerHex }
        })
        expect(readAll(batch)).toEqual(plain)
      }),
    )
  })

  it('adds ranges as it adds whole arrays', () => {
    const whole = new RecordBatchBuilder()
    const ranges = new RecordBatchBuilder(10)
    const source = bytesOf('x'.repeat(50) + 'key' + 'v'.repeat(300))
    whole.add(source.slice(50, 53), source.slice(53, 353), headerKey, source.slice(0, 70))
    ranges.addRange(source, 50, 53, source, 53, 353, headerKey, source.slice(0, 70))
    const at = ranges.addMessage(source, 50, 53, source, 53, 353, 0x6d, 70)
    ranges.scratch.set(source.subarray(0, 70), at)
    whole.add(source.slice(50, 53), source.slice(53, 353), headerKey, source.slice(0, 70))
    expect(toHex(ranges.bytes)).toBe(toHex(whole.bytes))
  })

  it('takes a value of many megabytes and gives the memory back', () => {
    const builder = new RecordBatchBuilder(1000)
    const big = new Uint8Array(5_000_000).fill(7)
    builder.add(bytesOf('k'), big)
    expect(readAll(builder.bytes)[0]?.value?.length).toBe(big.length * 2)
    builder.reset()
    expect(builder.scratch.length).toBe(1000)
    builder.add(bytesOf('k'), bytesOf('v'))
    expect(readAll(builder.bytes)).toHaveLength(1)
  })
})

describe('the cursor', () => {
  it('finds headers by name', () => {
    const cursor = new RecordCursor()
    cursor.open(fromHex(golden.nullsAndHeaders))
    expect([cursor.next(), cursor.next(), cursor.findHeader(bytesOf('name'))]).toEqual([true, true, false])
    expect(cursor.next()).toBe(true)
    expect(cursor.offset).toBe(5_000_000_002)
    expect(cursor.headerCount).toBe(2)
    expect(cursor.findHeader(bytesOf('name'))).toBe(true)
    expect(toHex(cursor.bytes, cursor.headerFrom, cursor.headerTo)).toBe('78')
    expect(cursor.findHeader(bytesOf('other'))).toBe(true)
    expect(cursor.headerTo).toBe(cursor.headerFrom)
    expect(cursor.findHeader(bytesOf('none'))).toBe(false)
    expect(cursor.next()).toBe(false)
  })

  it('reads batches whose first bytes lie in the middle of a buffer', () => {
    const batch = fromHex(golden.oneMessage)
    const buffer = new Uint8Array(batch.length + 20)
    buffer.set(batch, 10)
    expect(readAll(buffer.subarray(10, 10 + batch.length))).toEqual(readAll(batch))
  })

  it('ends or throws MalformedBatch on any bytes, and never reads beyond them', () => {
    const batch = fromHex(golden.nullsAndHeaders)
    fc.assert(
      fc.property(fc.nat(batch.length - 1), fc.nat(255), fc.nat(batch.length), (position, byte, length) => {
        const spoiled = copyOf(batch, 0, length)
        if (position < length) spoiled[position] = byte
        const cursor = new RecordCursor()
        let records = 0
        try {
          cursor.open(spoiled)
          while (cursor.next()) {
            records++
            expect(Math.max(cursor.keyTo, cursor.valueTo, cursor.recordTo)).toBeLessThanOrEqual(length)
            cursor.findHeader(bytesOf('other'))
          }
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedBatch)
        }
        expect(records).toBeLessThan(20)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('the check', () => {
  it('sees a batch that is cut at any byte, and any byte that was changed', () => {
    const batch = fromHex(golden.nullsAndHeaders)
    expect(checkBatch(batch, crc32c)).toBe(undefined)
    for (let length = 0; length < batch.length; length++)
      expect(checkBatch(batch.subarray(0, length), crc32c)).toBe(
        length < batchHeaderSize ? 'short' : 'length',
      )
    for (let position = 8; position < batch.length; position++) {
      if (position >= 12 && position < 16) continue // The leader epoch: the broker's own, outside the crc.
      const changed = copyOf(batch)
      changed[position] = (changed[position] ?? 0) ^ 1
      expect(checkBatch(changed, crc32c)).not.toBe(undefined)
    }
  })
})
