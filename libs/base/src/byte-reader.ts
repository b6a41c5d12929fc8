// Reading numbers, text and bytes one after the other from a part of a buffer, never past its end. Numbers are big-endian.
import { copyOf, utf8Decode } from './bytes.js'

const TWO_32 = 0x1_0000_0000

/** The bytes ended before the value did, or a length was impossible. */
export class ShortRead extends RangeError {
  override readonly name = 'ShortRead'
}

/** Reads `buffer[position..end)`. Every read throws `ShortRead` rather than pass the end; a subclass may throw its own error. */
export class ByteReader {
  buffer: Uint8Array
  position: number
  end: number

  constructor(buffer: Uint8Array, from = 0, to = buffer.length) {
    this.buffer = buffer
    this.position = from
    this.end = to
  }

  /** Starts again, on the same or on other bytes. */
  reset(buffer: Uint8Array, from = 0, to = buffer.length): this {
    this.buffer = buffer
    this.position = from
    this.end = to
    return this
  }

  get remaining(): number {
    return this.end - this.position
  }

  /** Passes `length` bytes and returns where they began. */
  skip(length: number): number {
    const at = this.position
    if (length > this.end - at || length < 0) this.short()
    this.position = at + length
    return at
  }

  u8(): number {
    return this.buffer[this.skip(1)] ?? 0
  }

  u16(): number {
    const at = this.skip(2)
    return ((this.buffer[at] ?? 0) << 8) | (this.buffer[at + 1] ?? 0)
  }

  u32(): number {
    const { buffer } = this
    const at = this.skip(4)
    return (
      (((buffer[at] ?? 0) << 24) |
        ((buffer[at + 1] ?? 0) << 16) |
        ((buffer[at + 2] ?? 0) << 8) |
        (buffer[at + 3] ?? 0)) >>>
      0
    )
  }

  u64(): number {
    const high = this.u32()
    return high * TWO_32 + this.u32()
  }

  /** Seven bits a byte, the low ones first; at most 2^53 - 1. */
  varint(): number {
    let value = 0
    let factor = 1
    for (;;) {
      const byte = this.u8()
      value += (byte & 127) * factor
      if (byte < 128) return value <= Number.MAX_SAFE_INTEGER ? value : this.short()
      factor *= 128
      if (factor > Number.MAX_SAFE_INTEGER) this.short()
    }
  }

  /** A view of the next `length` bytes: copy it if it is to live longer than the buffer's content. */
  raw(length: number): Uint8Array {
    const at = this.skip(length)
    return this.buffer.subarray(at, at + length)
  }

  /** A view of bytes that have their length before them as `varint`. */
  bytes(): Uint8Array {
    return this.raw(this.varint())
  }

  /** A copy of bytes that have their length before them in two bytes. */
  bytes16(): Uint8Array {
    const length = this.u16()
    const at = this.skip(length)
    return copyOf(this.buffer, at, at + length)
  }

  /** The next `length` bytes as UTF-8. */
  rawText(length: number): string {
    const at = this.skip(length)
    return utf8Decode(this.buffer, at, at + length)
  }

  /** UTF-8 with its length before it as `varint`. */
  text(): string {
    return this.rawText(this.varint())
  }

  /** UTF-8 with its length before it in two bytes. */
  text16(): string {
    return this.rawText(this.u16())
  }

  /** What happens when the bytes end too early. */
  protected short(): never {
    throw new ShortRead(
      `The bytes end at ${String(this.end)}; more was expected at ${String(this.position)}.`,
    )
  }
}
