// Bytes and text. The one file of the pure rooms that may use Node's Buffer, because nothing else copies and decodes as fast;
// outwards everything is a Uint8Array.

export const EMPTY_BYTES: Uint8Array = Buffer.allocUnsafeSlow(0)

/** Up to this many bytes a plain loop (1.2 ns a byte) beats the call into the engine (44 ns). */
const LOOP_MAX = 32

/** Up to this many bytes a plain loop copies faster than anything that must be set up first. */
const COPY_LOOP_MAX = 12

/** Zeroed memory of its own (not a slice of a pool). */
export function allocate(length: number): Uint8Array {
  const bytes = Buffer.allocUnsafeSlow(length)
  bytes.fill(0)
  return bytes
}

/** Memory of its own with whatever stood there before: write before you read. */
export function allocateUnsafeSlow(length: number): Uint8Array {
  return Buffer.allocUnsafeSlow(length)
}

/** Copies `source[from..to)` to `target` at `at`; the target must have room. The ranges may overlap only if `from >= at` or they are long. */
export function copy(source: Uint8Array, from: number, to: number, target: Uint8Array, at: number): void {
  const length = to - from
  if (length <= COPY_LOOP_MAX) {
    for (let i = from, j = at; i < to; i++, j++) target[j] = source[i] ?? 0
  } else if (length <= VIEW_MAX) copyByViews(source, from, to, target, at)
  else asBuffer(source).copy(target, at, from, to)
}

/**
 * Up to this many bytes, reading and writing four at a time beats the call into the engine (100 bytes: 32 ns instead of 44), which
 * also makes a typed array for each call: at some hundred thousand messages a second that was most of the garbage.
 */
const VIEW_MAX = 160

/** The arrays that were copied from or to last, and their views: hot loops go between two or three arrays. */
class RecentViews {
  #bytes1: Uint8Array = EMPTY_BYTES
  #bytes2: Uint8Array = EMPTY_BYTES
  #view1 = viewOf(EMPTY_BYTES)
  #view2 = viewOf(EMPTY_BYTES)

  of(bytes: Uint8Array): DataView {
    if (bytes === this.#bytes1) return this.#view1
    const view = bytes === this.#bytes2 ? this.#view2 : viewOf(bytes)
    this.#bytes2 = this.#bytes1
    this.#view2 = this.#view1
    this.#bytes1 = bytes
    this.#view1 = view
    return view
  }
}

const sources = new RecentViews()
const targets = new RecentViews()

function copyByViews(source: Uint8Array, from: number, to: number, target: Uint8Array, at: number): void {
  const read = sources.of(source)
  const write = targets.of(target)
  let i = from
  let j = at
  for (const end = to - 16; i <= end; i += 16, j += 16) {
    write.setInt32(j, read.getInt32(i, true), true)
    write.setInt32(j + 4, read.getInt32(i + 4, true), true)
    write.setInt32(j + 8, read.getInt32(i + 8, true), true)
    write.setInt32(j + 12, read.getInt32(i + 12, true), true)
  }
  for (const end = to - 4; i <= end; i += 4, j += 4) write.setInt32(j, read.getInt32(i, true), true)
  for (; i < to; i++, j++) target[j] = source[i] ?? 0
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}

/** A copy with memory of its own: for what is kept while the buffer it lies in is used again. */
export function copyOf(source: Uint8Array, from = 0, to = source.length): Uint8Array {
  const bytes = Buffer.allocUnsafeSlow(to - from)
  copy(source, from, to, bytes, 0)
  return bytes
}

/** True when `length` bytes from `aFrom` and from `bFrom` are the same. Both ranges must exist. */
export function equalBytes(
  a: Uint8Array,
  aFrom: number,
  b: Uint8Array,
  bFrom: number,
  length: number,
): boolean {
  if (length > LOOP_MAX) return asBuffer(a).compare(b, bFrom, bFrom + length, aFrom, aFrom + length) === 0
  // From the end: names that differ mostly differ there.
  for (let i = length - 1; i >= 0; i--) if (a[aFrom + i] !== b[bFrom + i]) return false
  return true
}

/** The text's bytes in memory of its own. Lone surrogates become U+FFFD. */
export function utf8Encode(text: string): Uint8Array {
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text))
  bytes.write(text)
  return bytes
}

/** The text in `bytes[from..to)`. Ill-formed sequences become U+FFFD; a byte order mark stays. */
export function utf8Decode(bytes: Uint8Array, from = 0, to = bytes.length): string {
  return asBuffer(bytes).toString('utf8', from, to)
}

/** How many bytes `utf8Encode` and `utf8Write` produce. */
export function utf8Length(text: string): number {
  return Buffer.byteLength(text)
}

/** Writes the text at `at` and returns how many bytes it took; the target must have room. */
export function utf8Write(text: string, target: Uint8Array, at: number): number {
  return asBuffer(target).write(text, at)
}

/** Lower-case hexadecimal digits: for messages to people and for tests. */
export function toHex(bytes: Uint8Array, from = 0, to = bytes.length): string {
  return asBuffer(bytes).toString('hex', from, to)
}

/** The bytes that hexadecimal digits stand for; blanks between bytes are allowed. */
export function fromHex(digits: string): Uint8Array {
  return copyOf(Buffer.from(digits.replaceAll(/\s+/g, ''), 'hex'))
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
