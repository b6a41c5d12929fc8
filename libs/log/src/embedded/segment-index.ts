// What is where in one segment: per partition its offsets and, every 64 KiB, a place to begin reading at. Made anew at each start; its
// file only says how many bytes of the segment count.
import { crc32c } from '@node-rs/crc32'

/** Two places of one partition are at least this many bytes apart. */
const stride = 64 * 1024

/** One partition's part of a segment. */
export class IndexPart {
  readonly topic: number
  readonly partition: number
  /** Offset of the first record, and the one after the last. */
  first: number
  next: number
  /** Bytes of its batches, and their number. */
  bytes = 0
  batches = 0
  /** The newest append time. */
  time = 0
  readonly offsets: number[] = []
  readonly positions: number[] = []

  constructor(topic: number, partition: number, first: number) {
    this.topic = topic
    this.partition = partition
    this.first = first
    this.next = first
  }

  /** Where to begin reading for the batch that ends after `offset`. */
  positionOf(offset: number): number {
    return this.positions[Math.max(0, lastNotAbove(this.offsets, offset))] ?? 0
  }

  /** The first position at or after `position` where a batch of this partition may be; undefined if there is none. */
  skipFrom(position: number): number | undefined {
    const index = lastNotAbove(this.positions, position)
    const place = this.positions[index]
    if (place !== undefined && position - place < stride) return position
    return this.positions[index + 1]
  }
}

/** Index of the last number that is not above `limit` in a rising row; -1 if all are. */
function lastNotAbove(row: readonly number[], limit: number): number {
  let low = 0
  let high = row.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((row[middle] ?? Infinity) <= limit) low = middle + 1
    else high = middle
  }
  return low - 1
}

export const partitionKey = (topic: number, partition: number): number => topic * 0x10_0000 + partition

export class SegmentIndex {
  /** Bytes of the segment that are whole frames (and its header); what lies beyond does not count. */
  length: number
  readonly parts = new Map<number, IndexPart>()

  constructor(length: number) {
    this.length = length
  }

  /** Enters the frame that begins at `length`. `size` is that of the whole frame. */
  add(topic: number, partition: number, size: number, base: number, next: number, time: number): void {
    const key = partitionKey(topic, partition)
    let part = this.parts.get(key)
    if (part === undefined) this.parts.set(key, (part = new IndexPart(topic, partition, base)))
    const position = this.length
    const last = part.positions[part.positions.length - 1]
    if (last === undefined || position - last >= stride) {
      part.offsets.push(base)
      part.positions.push(position)
    }
    part.next = next
    part.bytes += size
    part.batches++
    part.time = Math.max(part.time, time)
    this.length = position + size
  }

  /** The newest append time in the segment. */
  get time(): number {
    let newest = 0
    for (const part of this.parts.values()) newest = Math.max(newest, part.time)
    return newest
  }
}

/** The bytes of an index file: how many bytes of a segment count. `generation` ties them to the segment's contents. */
export function encodeLength(generation: number, length: number): Buffer {
  const bytes = Buffer.from(new Float64Array([generation, length]).buffer)
  const seal = Buffer.alloc(8)
  seal.writeUInt32LE(crc32c(bytes))
  return Buffer.concat([seal, bytes])
}

/** Undefined when these bytes are not a whole index file of that generation. */
export function decodeLength(bytes: Buffer, generation: number): number | undefined {
  if (bytes.length < 24 || crc32c(bytes.subarray(8)) !== bytes.readUInt32LE(0)) return undefined
  return bytes.readDoubleLE(8) === generation ? bytes.readDoubleLE(16) : undefined
}
