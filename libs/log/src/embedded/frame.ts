// The frame: a small header before each batch in a segment file, and the header of the segment itself. Bytes only.
//
// Frame: 0 mark u32 · 4 crc u32 (from 8 to the end of the batch's first 21 bytes, begun with the log's salt) · 8 number u64
//   16 distance u32 · 20 topic u32 · 24 partition u32 · 28 length of the batch u32 · 32 flags u32 · 36 the Kafka batch, unchanged
// Segment: 0 mark u32 · 4 crc u32 (from 8) · 8 format u32 · 12 generation u32 · 16 id u64 · 24 synced u64 · 32 merged u64
//   40 other id u64 · 48 other length u64 · 56 compacted u32 · 60 previous length u32
//
// `number` runs over all files. `number - distance` and `synced` name a frame up to which everything was synced when this was
// written: what is missing up to there is damage, what is missing beyond is a torn tail.

export const frameHeaderSize = 36
export const segmentHeaderSize = 64
export const formatVersion = 1

const frameMark = 0x54424631
const segmentMark = 0x54425331
const commitGoesOn = 1

/** The four bytes that every frame begins with. */
export const frameMarkBytes = Buffer.from([0x54, 0x42, 0x46, 0x31])

const table = new Int32Array(256)
for (let i = 0; i < 256; i++) {
  let value = i
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1
  table[i] = value
}

/** crc32c of a short range, begun with a salt: nobody who does not know it can put a frame into a payload. */
function saltedCrc(bytes: Uint8Array, from: number, to: number, salt: number): number {
  let crc = ~salt
  for (let i = from; i < to; i++) crc = table[(crc ^ bytes[i]!) & 255]! ^ (crc >>> 8)
  return ~crc >>> 0
}

const readUint64 = (bytes: Buffer, at: number): number =>
  bytes.readUInt32BE(at) * 0x1_0000_0000 + bytes.readUInt32BE(at + 4)

function writeUint64(bytes: Buffer, at: number, value: number): void {
  bytes.writeUInt32BE(Math.floor(value / 0x1_0000_0000), at)
  bytes.writeUInt32BE(value >>> 0, at + 4)
}

function put32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}

/** What a frame's header says besides the length of its batch. */
export interface FrameFields {
  readonly number: number
  readonly synced: number
  readonly topic: number
  readonly partition: number
  readonly goesOn: boolean
}

/** Writes the header of a frame whose stamped batch already stands at `at + frameHeaderSize`. */
export function writeFrame(
  bytes: Uint8Array,
  at: number,
  salt: number,
  number: number,
  synced: number,
  topic: number,
  partition: number,
  length: number,
  goesOn: boolean,
): void {
  put32(bytes, at, frameMark)
  put32(bytes, at + 8, Math.floor(number / 0x1_0000_0000))
  put32(bytes, at + 12, number >>> 0)
  put32(bytes, at + 16, number - synced)
  put32(bytes, at + 20, topic)
  put32(bytes, at + 24, partition)
  put32(bytes, at + 28, length)
  put32(bytes, at + 32, goesOn ? commitGoesOn : 0)
  put32(bytes, at + 4, saltedCrc(bytes, at + 8, at + frameHeaderSize + 21, salt))
}

/** A reused view of one frame's header in a buffer. */
export class FrameHeader {
  number = 0
  synced = 0
  topic = 0
  partition = 0
  /** Bytes of the batch. */
  length = 0
  goesOn = false

  /** Bytes of the frame with its header. */
  get size(): number {
    return frameHeaderSize + this.length
  }

  /**
   * Reads a header at `at`: `short` when `bytes` end too early to tell, `bad` when there is no frame of this log.
   * The batch itself is not looked at beyond its first 21 bytes.
   */
  read(bytes: Buffer, at: number, salt: number): 'good' | 'short' | 'bad' {
    if (bytes.length - at < frameHeaderSize + 21) return 'short'
    if (bytes.readUInt32BE(at) !== frameMark) return 'bad'
    if (saltedCrc(bytes, at + 8, at + frameHeaderSize + 21, salt) !== bytes.readUInt32BE(at + 4)) return 'bad'
    this.number = readUint64(bytes, at + 8)
    this.synced = this.number - bytes.readUInt32BE(at + 16)
    this.topic = bytes.readUInt32BE(at + 20)
    this.partition = bytes.readUInt32BE(at + 24)
    this.length = bytes.readUInt32BE(at + 28)
    this.goesOn = (bytes.readUInt32BE(at + 32) & commitGoesOn) !== 0
    return 'good'
  }
}

/** What the header of a segment says. */
export interface SegmentHeader {
  readonly format: number
  /** A random number that ties a segment's index to these very contents. */
  readonly generation: number
  readonly id: number
  /** Every frame up to this number was synced when the segment was made. */
  readonly synced: number
  /** The highest segment id whose frames were merged into this one by compaction; its own id if none. */
  readonly merged: number
  /** The open segment of the other run at that time (0: none), and how many bytes of it were synced. */
  readonly otherId: number
  readonly otherLength: number
  /** True when compaction wrote it. */
  readonly compacted: boolean
  /** Bytes of the segment before it in its run, all of them synced; 0 if that one was not written on by then. */
  readonly previousLength: number
}

export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const bytes = Buffer.alloc(segmentHeaderSize)
  bytes.writeUInt32BE(segmentMark, 0)
  bytes.writeUInt32BE(header.format, 8)
  bytes.writeUInt32BE(header.generation, 12)
  writeUint64(bytes, 16, header.id)
  writeUint64(bytes, 24, header.synced)
  writeUint64(bytes, 32, header.merged)
  writeUint64(bytes, 40, header.otherId)
  writeUint64(bytes, 48, header.otherLength)
  bytes.writeUInt32BE(header.compacted ? 1 : 0, 56)
  bytes.writeUInt32BE(header.previousLength, 60)
  bytes.writeUInt32BE(saltedCrc(bytes, 8, segmentHeaderSize, 0), 4)
  return bytes
}

/** Undefined when these are not the bytes of a segment's header. */
export function decodeSegmentHeader(bytes: Buffer): SegmentHeader | undefined {
  if (bytes.length < segmentHeaderSize || bytes.readUInt32BE(0) !== segmentMark) return undefined
  if (saltedCrc(bytes, 8, segmentHeaderSize, 0) !== bytes.readUInt32BE(4)) return undefined
  return {
    format: bytes.readUInt32BE(8),
    generation: bytes.readUInt32BE(12),
    id: readUint64(bytes, 16),
    synced: readUint64(bytes, 24),
    merged: readUint64(bytes, 32),
    otherId: readUint64(bytes, 40),
    otherLength: readUint64(bytes, 48),
    compacted: bytes.readUInt32BE(56) === 1,
    previousLength: bytes.readUInt32BE(60),
  }
}
