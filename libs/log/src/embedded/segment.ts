// One segment file: its header, its frames, its index file.
import { randomInt } from 'node:crypto'
import { appendTimeOf, baseOffsetOf, nextOffsetOf } from '#libs/batch'
import { writeAndSync, type Files, type OpenFile } from './files.js'
import {
  decodeSegmentHeader,
  encodeSegmentHeader,
  formatVersion,
  FrameHeader,
  frameHeaderSize,
  segmentHeaderSize,
  type SegmentHeader,
} from './frame.js'
import { encodeLength, SegmentIndex } from './segment-index.js'

/** `messages` holds streams and inboxes, `state` the state topics. */
export type RunName = 'messages' | 'state'

const nameOf = (run: RunName, id: number): string => `${run}.${String(id).padStart(12, '0')}`

/** The run and id that a file name means; undefined for other files. */
export function parseSegmentName(name: string): { readonly run: RunName; readonly id: number } | undefined {
  const found = /^(messages|state)\.(\d{12})\.log$/.exec(name)
  if (found === null) return undefined
  return { run: found[1] === 'state' ? 'state' : 'messages', id: Number(found[2]) }
}

export class Segment {
  readonly run: RunName
  readonly header: SegmentHeader
  readonly path: string
  readonly indexPath: string
  readonly file: OpenFile
  readonly index: SegmentIndex
  /** Reads under way; the file is closed when the last one ends after `retire`. */
  #users = 0
  #retired = false

  constructor(directory: string, run: RunName, header: SegmentHeader, file: OpenFile, index: SegmentIndex) {
    this.run = run
    this.header = header
    this.path = segmentPath(directory, run, header.id)
    this.indexPath = this.path.replace(/log$/, 'index')
    this.file = file
    this.index = index
  }

  get id(): number {
    return this.header.id
  }

  hold(): void {
    this.#users++
  }

  async letGo(): Promise<void> {
    this.#users--
    if (this.#retired && this.#users === 0) await this.file.close()
  }

  /** Closes the file as soon as nobody reads it any more. */
  async retire(): Promise<void> {
    if (this.#retired) return
    this.#retired = true
    if (this.#users === 0) await this.file.close()
  }

  /** Writes the index file: from now on a byte less is damage, and what lies beyond does not count. */
  async saveIndex(files: Files): Promise<void> {
    await files.remove(this.indexPath)
    const file = await files.open(this.indexPath, 'create')
    try {
      await writeAndSync(file, [encodeLength(this.header.generation, this.index.length)], 0)
    } finally {
      await file.close()
    }
  }
}

export const segmentPath = (directory: string, run: RunName, id: number): string =>
  `${directory}/${nameOf(run, id)}.log`

/** The header of a new segment. `previous`, `other`: the open segments of its own run and of the other one. */
export function newHeader(
  id: number,
  synced: number,
  previous: Segment | undefined,
  other: Segment | undefined,
): SegmentHeader {
  return {
    format: formatVersion,
    generation: newGeneration(),
    id,
    synced,
    merged: id,
    otherId: other?.id ?? 0,
    otherLength: other?.index.length ?? 0,
    compacted: false,
    previousLength: previous?.index.length ?? 0,
  }
}

/** Ties an index file to the contents it was made of. */
export const newGeneration = (): number => randomInt(0x1_0000_0000)

/** Creates the file of a new segment; its header is written together with its first frames. */
export async function createSegment(
  files: Files,
  directory: string,
  run: RunName,
  header: SegmentHeader,
): Promise<{ readonly segment: Segment; readonly headerBytes: Buffer }> {
  const file = await files.open(segmentPath(directory, run, header.id), 'create')
  const segment = new Segment(directory, run, header, file, new SegmentIndex(segmentHeaderSize))
  return { segment, headerBytes: encodeSegmentHeader(header) }
}

/** Undefined when the file does not begin with the header of a segment. */
export async function readHeader(file: OpenFile): Promise<SegmentHeader | undefined> {
  const bytes = Buffer.alloc(segmentHeaderSize)
  return decodeSegmentHeader(bytes.subarray(0, await file.read(bytes, 0)))
}

/** A frame that cannot be read where one was written. */
export class DamagedSegment extends Error {
  override readonly name = 'DamagedSegment'
  readonly path: string
  readonly position: number
  constructor(path: string, position: number) {
    super(`${path} is damaged at byte ${position}`)
    this.path = path
    this.position = position
  }
}

const scanChunk = 1024 * 1024

/** Which bytes to scan. `once`: only as far as one read of `chunk` bytes goes, but at least one frame. */
export interface ScanRange {
  readonly from: number
  readonly to: number
  readonly chunk?: number
  readonly once?: boolean
}

/**
 * Reads the frames of a range in order; `visit` gets the header and the batch (a view into a buffer that is not used again) and
 * returns false for a frame that it takes for bad, which ends the scan. `end` is where the scan ended; `bad` when it did because
 * no whole frame follows there.
 */
export async function scanFrames(
  segment: { readonly file: OpenFile },
  range: ScanRange,
  salt: number,
  visit: (header: FrameHeader, batch: Buffer, position: number) => boolean,
): Promise<{ readonly end: number; readonly bad: boolean }> {
  const header = new FrameHeader()
  const usual = range.chunk ?? scanChunk
  let size = usual
  let position = range.from
  while (position < range.to) {
    const buffer = Buffer.allocUnsafeSlow(Math.min(size, range.to - position))
    const filled = await segment.file.read(buffer, position)
    const bytes = filled === buffer.length ? buffer : buffer.subarray(0, filled)
    size = usual
    let at = 0
    for (;;) {
      const found = header.read(bytes, at, salt)
      if (found === 'bad') return { end: position + at, bad: true }
      if (found === 'short') break
      if (at + header.size > bytes.length) {
        size = Math.max(size, header.size)
        break
      }
      const batch = bytes.subarray(at + frameHeaderSize, at + header.size)
      if (!visit(header, batch, position + at)) return { end: position + at, bad: true }
      at += header.size
    }
    const atEnd = filled < buffer.length || position + filled >= range.to
    position += at
    if (position < range.to && atEnd) return { end: position, bad: true }
    if (range.once === true && at > 0) break
  }
  return { end: position, bad: false }
}

/** Enters a frame that was read into the index of its segment. */
export function indexFrame(index: SegmentIndex, header: FrameHeader, batch: Uint8Array): void {
  const base = baseOffsetOf(batch)
  index.add(header.topic, header.partition, header.size, base, nextOffsetOf(batch), appendTimeOf(batch))
}

/**
 * Bytes that count of a closed segment whose index is not there, for the process ended before it was written. The frames may be followed
 * by zeros, which were to be cut then: where they begin, the next segment says, whatever its number (making others may have failed).
 * Undefined if no next one can be read.
 */
export function lengthWithoutIndex(
  header: SegmentHeader,
  next: SegmentHeader | undefined,
  whole: number,
): number | undefined {
  // Compaction writes nothing in advance.
  if (header.compacted) return whole
  if (next === undefined) return undefined
  // It was closed when the next one was made: no zeros were behind its frames.
  return next.previousLength === 0 ? whole : next.previousLength
}
