// Writing numbers, text and bytes one after the other into memory that grows. Numbers are big-endian.
import { allocateUnsafeSlow, copy, utf8Length, utf8Write } from './bytes.js'

const TWO_32 = 0x1_0000_0000

/** `buffer[0..position)` is what has been written. Growing replaces `buffer`, so look at it only when all is written. */
export class ByteWriter {
  buffer: Uint8Array
  position = 0

  constructor(capacity = 256) {
    this.buffer = allocateUnsafeSlow(capacity)
  }

  /** Starts again in the same memory, or in the given one. */
  reset(buffer: Uint8Array = this.buffer, position = 0): this {
    this.buffer = buffer
    this.position = position
    return this
  }

  /** Makes sure that `length` more bytes can be written to `buffer` without growing. */
  reserve(length: number): void {
    if (this.position + length > this.buffer.length) this.#grow(length)
  }

  /** What was written since `from`: a view that the next `reset` makes worthless. */
  view(from = 0): Uint8Array {
    return this.buffer.subarray(from, this.position)
  }

  /** What was written since `from`, in memory of its own. */
  copyOf(from = 0): Uint8Array {
    const bytes = allocateUnsafeSlow(this.position - from)
    copy(this.buffer, from, this.position, bytes, 0)
    return bytes
  }

  /** The low 8 bits; also for -128 to -1. */
  u8(value: number): void {
    this.reserve(1)
    this.buffer[this.position++] = value
  }

  /** The low 16 bits; also for negative numbers. */
  u16(value: number): void {
    this.reserve(2)
    const at = this.position
    this.buffer[at] = value >> 8
    this.buffer[at + 1] = value
    this.position = at + 2
  }

  /** The low 32 bits; also for negative numbers. */
  u32(value: number): void {
    this.reserve(4)
    this.u32At(this.position, value)
    this.position += 4
  }

  /** 64 bits of a whole number from -2^53 to 2^53. */
  u64(value: number): void {
    this.reserve(8)
    this.u32At(this.position, Math.floor(value / TWO_32))
    this.u32At(this.position + 4, value)
    this.position += 8
  }

  /** Overwrites four bytes that were written before: for a length or a checksum known only later. */
  u32At(at: number, value: number): void {
    const { buffer } = this
    buffer[at] = value >> 24
    buffer[at + 1] = value >> 16
    buffer[at + 2] = value >> 8
    buffer[at + 3] = value
  }

  /** A whole number from 0 to 2^53 - 1, seven bits a byte, the low ones first (LEB128; MQTT's variable byte integer). */
  varint(value: number): void {
    this.reserve(8)
    let rest = value
    // Beyond 31 bits the bit operators would cut the number.
    while (rest >= 0x8000_0000) {
      this.buffer[this.position++] = (rest % 128) | 128
      rest = Math.floor(rest / 128)
    }
    while (rest > 127) {
      this.buffer[this.position++] = (rest & 127) | 128
      rest >>>= 7
    }
    this.buffer[this.position++] = rest
  }

  /** Bytes without a length. */
  raw(source: Uint8Array, from = 0, to = source.length): void {
    this.reserve(to - from)
    copy(source, from, to, this.buffer, this.position)
    this.position += to - from
  }

  /** Bytes with their length before them as `varint`. */
  bytes(source: Uint8Array, from = 0, to = source.length): void {
    this.varint(to - from)
    this.raw(source, from, to)
  }

  /** Bytes, at most 65,535, with their length before them in two bytes. */
  bytes16(source: Uint8Array, from = 0, to = source.length): void {
    this.u16(to - from)
    this.raw(source, from, to)
  }

  /** UTF-8 without a length. */
  rawText(text: string): void {
    // Three bytes for each UTF-16 unit are always enough; counting first would read the text twice.
    this.reserve(text.length * 3)
    this.position += utf8Write(text, this.buffer, this.position)
  }

  /** UTF-8 with its length in bytes before it as `varint`. */
  text(text: string): void {
    this.varint(utf8Length(text))
    this.rawText(text)
  }

  /** UTF-8, at most 65,535 bytes, with its length before it in two bytes. */
  text16(text: string): void {
    const at = this.position
    this.u16(0)
    this.rawText(text)
    const length = this.position - at - 2
    this.buffer[at] = length >> 8
    this.buffer[at + 1] = length
  }

  /** Puts the length of all that was written since `at` before it, as `varint`. For structures whose length is known only at their end. */
  insertLength(at: number): void {
    const to = this.position
    // Written behind first, only to learn how many bytes it takes.
    this.varint(to - at)
    const width = this.position - to
    this.buffer.copyWithin(at + width, at, to)
    this.position = at
    this.varint(to - at)
    this.position = to + width
  }

  #grow(length: number): void {
    const bytes = allocateUnsafeSlow(Math.max(this.buffer.length * 2, this.position + length))
    copy(this.buffer, 0, this.position, bytes, 0)
    this.buffer = bytes
  }
}
