// Reads the records of a batch in place: a cursor that is made once and moved over batch after batch, without an object per record.
import { baseOffsetOf, batchHeaderSize, recordCountOf } from './record-batch.js'

/** A batch whose records do not fit its bytes: the crc was right, so whoever wrote it is at fault. */
export class MalformedBatch extends Error {
  override readonly name = 'MalformedBatch'
}

/**
 * ```
 * cursor.open(batch.bytes)
 * while (cursor.next()) use(cursor.offset, cursor.bytes, cursor.valueFrom, cursor.valueTo)
 * ```
 * Positions are indexes into `bytes`; ranges are `[from, to)`; a `from` and `to` of -1 mean null (for headers: none).
 */
export class RecordCursor {
  bytes: Uint8Array = new Uint8Array(0)
  /** Offset of the record in its partition. */
  offset = -1
  /** The whole record, its length included. */
  recordFrom = -1
  recordTo = -1
  keyFrom = -1
  keyTo = -1
  valueFrom = -1
  valueTo = -1
  headerCount = 0
  /** Key and value of the record's first header. */
  headerKeyFrom = -1
  headerKeyTo = -1
  headerFrom = -1
  headerTo = -1
  #base = 0
  #left = 0
  #at = 0
  #headersAt = 0

  /** Goes before the first record of a whole batch. */
  open(batch: Uint8Array): void {
    if (batch.length < batchHeaderSize) throw new MalformedBatch('a batch is shorter than its header')
    this.bytes = batch
    this.#base = baseOffsetOf(batch)
    this.#left = recordCountOf(batch)
    this.#at = batchHeaderSize
  }

  /** Goes on to the next record; false after the last one. Throws MalformedBatch. */
  next(): boolean {
    if (this.#left <= 0) return false
    this.#left--
    const bytes = this.bytes
    this.recordFrom = this.#at
    const length = this.#varint()
    const end = this.#at + length
    if (length < 0 || end > bytes.length) throw new MalformedBatch('a record is longer than its batch')
    this.#at++
    // A timestamp delta may be a long varint; its value is of no use, the batch has one append time.
    while (bytes[this.#at++]! > 127);
    this.offset = this.#base + this.#varint()
    let size = this.#varint()
    if (size < 0) this.keyFrom = this.keyTo = -1
    else this.keyTo = this.#at = (this.keyFrom = this.#at) + size
    size = this.#varint()
    if (size < 0) this.valueFrom = this.valueTo = -1
    else this.valueTo = this.#at = (this.valueFrom = this.#at) + size
    this.headerCount = this.#varint()
    this.#headersAt = this.#at
    if (this.headerCount > 0) this.#header()
    else this.headerKeyFrom = this.headerKeyTo = this.headerFrom = this.headerTo = -1
    if (this.#at > end) throw new MalformedBatch('the parts of a record are longer than the record')
    this.#at = this.recordTo = end
    return true
  }

  /** Looks for the first header with this key and puts `headerFrom`, `headerTo` on its value; false if there is none. */
  findHeader(key: Uint8Array): boolean {
    const after = this.#at
    this.#at = this.#headersAt
    let found = false
    for (let i = this.headerCount; i > 0 && !found; i--) {
      this.#header()
      if (this.#at > after) throw new MalformedBatch('the headers of a record are longer than the record')
      found = this.#sameKey(key)
    }
    this.#at = after
    if (!found) this.headerKeyFrom = this.headerKeyTo = this.headerFrom = this.headerTo = -1
    return found
  }

  #sameKey(key: Uint8Array): boolean {
    if (this.headerKeyTo - this.headerKeyFrom !== key.length) return false
    for (let i = 0; i < key.length; i++) if (this.bytes[this.headerKeyFrom + i] !== key[i]) return false
    return true
  }

  #header(): void {
    let size = this.#varint()
    this.headerKeyTo = this.#at = (this.headerKeyFrom = this.#at) + Math.max(0, size)
    size = this.#varint()
    if (size < 0) this.headerFrom = this.headerTo = -1
    else this.headerTo = this.#at = (this.headerFrom = this.#at) + size
  }

  #varint(): number {
    const bytes = this.bytes
    let byte = bytes[this.#at++]!
    if (byte < 128) return (byte >>> 1) ^ -(byte & 1)
    let value = byte & 127
    let shift = 7
    do {
      byte = bytes[this.#at++]!
      value |= (byte & 127) << shift
      shift += 7
    } while (byte > 127 && shift < 35)
    return (value >>> 1) ^ -(value & 1)
  }
}
