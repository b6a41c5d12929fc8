// Kafka's record batch (format v2): the one form in which records are built, stored and carried. Here: its layout, the builder,
// the stamp that the log puts on it, and its check. Reading records in place is in record-cursor.ts. Pure: crc32c is an argument.
//
//   0 base offset int64 · 8 length int32 (of what follows it) · 12 leader epoch int32 · 16 magic int8 = 2 · 17 crc uint32 (from 21 on)
//   21 attributes int16 · 23 last offset delta int32 · 27 base timestamp int64 · 35 max timestamp int64 · 43 producer id int64
//   51 producer epoch int16 · 53 base sequence int32 · 57 count int32 · 61 records
//
// A record: length varint · attributes int8 · timestamp delta varint · offset delta varint · key length varint (-1: null) · key
//   · value length varint (-1: null) · value · header count varint · headers (key length, key, value length, value)

import { allocate, copy } from '#libs/base'

/** Bytes of a batch before its first record. */
export const batchHeaderSize = 61

/** The part of a batch that its crc covers begins here. */
export const crcFrom = 21

/** Attribute bit: the timestamps were set by the log, not by who appended. */
const logAppendTime = 0x08

/** Computes a crc32c (Castagnoli) of all of `bytes`. */
export type Crc32c = (bytes: Uint8Array) => number

/** What is wrong with a batch; undefined if nothing is. */
export type BatchFault = 'short' | 'length' | 'magic' | 'crc' | 'count' | undefined

/** Writes a signed 64-bit number below 2^53, big endian. */
function writeInt64(bytes: Uint8Array, at: number, value: number): void {
  writeInt32(bytes, at, Math.floor(value / 0x1_0000_0000))
  writeInt32(bytes, at + 4, value >>> 0)
}

function writeInt32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}

function readInt32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
}

function readInt64(bytes: Uint8Array, at: number): number {
  return readInt32(bytes, at) * 0x1_0000_0000 + (readInt32(bytes, at + 4) >>> 0)
}

/** Offset of the first record of a batch. */
export const baseOffsetOf = (batch: Uint8Array): number => readInt64(batch, 0)

/** Length in bytes of the batch that begins at `at`; 12 bytes of it must be there. */
export const batchLengthAt = (bytes: Uint8Array, at: number): number => 12 + readInt32(bytes, at + 8)

/** Offset after the last record of a batch, also when compaction has taken that record. */
export const nextOffsetOf = (batch: Uint8Array): number => readInt64(batch, 0) + readInt32(batch, 23) + 1

/** Milliseconds since 1970, as stamped by the log. */
export const appendTimeOf = (batch: Uint8Array): number => readInt64(batch, 35)

/** Number of records in a batch. */
export const recordCountOf = (batch: Uint8Array): number => readInt32(batch, 57)

/** Bytes of a non-negative number as a zigzag varint. */
function varintSize(value: number): number {
  return value < 64 ? 1 : value < 8192 ? 2 : value < 1_048_576 ? 3 : value < 134_217_728 ? 4 : 5
}

const headerTemplate = new Uint8Array(batchHeaderSize)
headerTemplate[16] = 2
headerTemplate.fill(0xff, 43, 57) // no producer, no sequence

/**
 * Collects records into one batch. Made once and used again and again: `reset()` keeps its memory. No object is made per record.
 * Ranges are `[from, to)` and are copied at once.
 */
export class RecordBatchBuilder {
  /** The batch under construction. It moves when it grows: read it again after each record. */
  scratch: Uint8Array
  #at = batchHeaderSize
  #count = 0
  readonly #kept: number

  /** `capacity`: bytes held from the start, and still held after `reset()` when a big batch made it grow. */
  constructor(capacity = 4096) {
    this.#kept = Math.max(capacity, batchHeaderSize)
    this.scratch = allocate(this.#kept)
    this.scratch.set(headerTemplate)
  }

  /** Records so far. */
  get count(): number {
    return this.#count
  }

  /** Bytes of the batch so far, its header included. */
  get size(): number {
    return this.#at
  }

  /** The finished batch, not stamped: a view that is valid until the next record or `reset()`. */
  get bytes(): Uint8Array {
    const bytes = this.scratch
    writeInt32(bytes, 8, this.#at - 12)
    writeInt32(bytes, 23, Math.max(0, this.#count - 1))
    writeInt32(bytes, 57, this.#count)
    return bytes.subarray(0, this.#at)
  }

  /** Forgets all records. */
  reset(): void {
    this.#at = batchHeaderSize
    this.#count = 0
    if (this.scratch.length > this.#kept * 16) {
      this.scratch = allocate(this.#kept)
      this.scratch.set(headerTemplate)
    }
  }

  /** Adds a record of whole arrays, with one header if `headerKey` is given. A null value is a tombstone. */
  add(
    key: Uint8Array | null,
    value: Uint8Array | null,
    headerKey?: Uint8Array,
    headerValue: Uint8Array | null = null,
  ): void {
    this.addRange(
      key,
      0,
      key === null ? 0 : key.length,
      value,
      0,
      value === null ? 0 : value.length,
      headerKey,
      headerValue,
    )
  }

  /** Takes over all records of a finished batch, in place of what was here. */
  load(batch: Uint8Array): void {
    this.reset()
    if (batch.length > this.scratch.length) this.#grow(batch.length)
    copy(batch, 0, batch.length, this.scratch, 0)
    this.#at = batch.length
    this.#count = recordCountOf(batch)
  }

  /** Adds a record of whole arrays with two headers. */
  addWithHeaders(
    key: Uint8Array | null,
    value: Uint8Array | null,
    first: readonly [Uint8Array, Uint8Array],
    second: readonly [Uint8Array, Uint8Array],
  ): void {
    let size = 1
    for (const part of [...first, ...second]) size += varintSize(part.length) + part.length
    this.#begin(key, 0, key?.length ?? 0, value, 0, value?.length ?? 0, size)
    this.#varint(2)
    for (const part of [...first, ...second]) this.#part(part, 0, part.length)
  }

  /** Adds a record of ranges, with one header if `headerKey` is given. */
  addRange(
    key: Uint8Array | null,
    keyFrom: number,
    keyTo: number,
    value: Uint8Array | null,
    valueFrom: number,
    valueTo: number,
    headerKey?: Uint8Array,
    headerValue: Uint8Array | null = null,
  ): void {
    let headersSize = 1
    if (headerKey !== undefined) {
      headersSize += varintSize(headerKey.length) + headerKey.length
      headersSize += headerValue === null ? 1 : varintSize(headerValue.length) + headerValue.length
    }
    this.#begin(key, keyFrom, keyTo, value, valueFrom, valueTo, headersSize)
    if (headerKey === undefined) {
      this.scratch[this.#at++] = 0
      return
    }
    this.scratch[this.#at++] = 2
    this.#part(headerKey, 0, headerKey.length)
    this.#part(headerValue, 0, headerValue === null ? 0 : headerValue.length)
  }

  /**
   * Adds a record with one header whose key is one ASCII byte and whose value the caller writes: returns where in `scratch` its
   * `headerLength` bytes belong. All of them must be written before the batch is used.
   */
  addMessage(
    key: Uint8Array,
    keyFrom: number,
    keyTo: number,
    value: Uint8Array,
    valueFrom: number,
    valueTo: number,
    headerKey: number,
    headerLength: number,
  ): number {
    const headersSize = 3 + varintSize(headerLength) + headerLength
    this.#begin(key, keyFrom, keyTo, value, valueFrom, valueTo, headersSize)
    const bytes = this.scratch
    let at = this.#at
    bytes[at] = 2
    bytes[at + 1] = 2
    bytes[at + 2] = headerKey
    this.#at = at + 3
    this.#varint(headerLength)
    at = this.#at
    this.#at = at + headerLength
    return at
  }

  #begin(
    key: Uint8Array | null,
    keyFrom: number,
    keyTo: number,
    value: Uint8Array | null,
    valueFrom: number,
    valueTo: number,
    headersSize: number,
  ): void {
    const delta = this.#count++
    const keySize = key === null ? 1 : varintSize(keyTo - keyFrom) + keyTo - keyFrom
    const valueSize = value === null ? 1 : varintSize(valueTo - valueFrom) + valueTo - valueFrom
    const size = 2 + varintSize(delta) + keySize + valueSize + headersSize
    if (this.#at + size + 5 > this.scratch.length) this.#grow(size + 5)
    this.#varint(size)
    const bytes = this.scratch
    bytes[this.#at] = 0
    bytes[this.#at + 1] = 0
    this.#at += 2
    this.#varint(delta)
    this.#part(key, keyFrom, keyTo)
    this.#part(value, valueFrom, valueTo)
  }

  /** A length and that many bytes. */
  #part(source: Uint8Array | null, from: number, to: number): void {
    if (source === null) {
      this.scratch[this.#at++] = 1
      return
    }
    this.#varint(to - from)
    copy(source, from, to, this.scratch, this.#at)
    this.#at += to - from
  }

  #varint(value: number): void {
    const bytes = this.scratch
    let at = this.#at
    let rest = (value << 1) >>> 0
    while (rest > 127) {
      bytes[at++] = (rest & 127) | 128
      rest >>>= 7
    }
    bytes[at++] = rest
    this.#at = at
  }

  #grow(size: number): void {
    const next = allocate(Math.max(this.scratch.length * 2, this.#at + size))
    next.set(this.scratch.subarray(0, this.#at))
    this.scratch = next
  }
}

/**
 * Stamps a finished batch in place as the log accepts it: base offset, `LogAppendTime` with both timestamps, and the crc.
 * `crc32c` null leaves the crc as it is: for a log in memory, which trusts its memory.
 */
export function stamp(
  batch: Uint8Array,
  baseOffset: number,
  appendTime: number,
  crc32c: Crc32c | null,
): void {
  writeInt64(batch, 0, baseOffset)
  batch[22]! |= logAppendTime
  writeInt64(batch, 27, appendTime)
  writeInt64(batch, 35, appendTime)
  stampCrc(batch, crc32c)
}

/** Sets the crc of a batch anew, for one whose bytes were changed; null leaves it as it is. */
export function stampCrc(batch: Uint8Array, crc32c: Crc32c | null): void {
  if (crc32c !== null) writeInt32(batch, 17, crc32c(batch.subarray(crcFrom)))
}

/** Checks that `bytes` are exactly one whole batch with a right crc (not looked at when `crc32c` is null). */
export function checkBatch(bytes: Uint8Array, crc32c: Crc32c | null): BatchFault {
  if (bytes.length < batchHeaderSize) return 'short'
  if (batchLengthAt(bytes, 0) !== bytes.length) return 'length'
  if (bytes[16] !== 2) return 'magic'
  if (crc32c !== null && crc32c(bytes.subarray(crcFrom)) >>> 0 !== readInt32(bytes, 17) >>> 0) return 'crc'
  const count = recordCountOf(bytes)
  if (count < 0 || readInt32(bytes, 23) < Math.max(0, count - 1)) return 'count'
  return undefined
}
