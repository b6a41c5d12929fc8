// Memory for outgoing bytes, used again, in few sizes: a thousand receivers of some messages each must find a thousand buffers, and what
// is not found here is made and thrown away in every turn.

/** Buffers of one size; so many are kept, 8 MiB of each size. */
class Shelf {
  readonly #buffers: Buffer[] = []
  constructor(
    readonly bytes: number,
    readonly kept: number,
  ) {}

  take(): Buffer {
    return this.#buffers.pop() ?? Buffer.allocUnsafeSlow(this.bytes)
  }

  give(buffer: Buffer): void {
    if (this.#buffers.length < this.kept) this.#buffers.push(buffer)
  }
}

/** Answers, a few messages, many messages. */
const small = new Shelf(2_048, 4_096)
const medium = new Shelf(8_192, 1_024)
const large = new Shelf(65_536, 128)

/** A buffer of at least `length` bytes, used before if one fits. */
export function takeBuffer(length: number): Buffer {
  if (length <= small.bytes) return small.take()
  if (length <= medium.bytes) return medium.take()
  return length <= large.bytes ? large.take() : Buffer.allocUnsafeSlow(length)
}

/** Gives back a buffer that nobody reads any more. */
export function giveBuffer(buffer: Uint8Array): void {
  if (!Buffer.isBuffer(buffer)) return
  if (buffer.length === small.bytes) small.give(buffer)
  else if (buffer.length === medium.bytes) medium.give(buffer)
  else if (buffer.length === large.bytes) large.give(buffer)
}

/** The size that a growing way out takes before it is sent in parts. */
export const outBytesMax = large.bytes
