// Compaction of the state run: its closed segments are written again with only the last value of each key. In the background, a
// chunk per turn; a crash at any moment leaves either the old segment or the new one.
import { setImmediate as turn } from 'node:timers/promises'
import { crc32c } from '@node-rs/crc32'
import type { Millis } from '#libs/base'
import { appendTimeOf, baseOffsetOf, checkBatch, nextOffsetOf, RecordCursor } from '#libs/batch'
import { filterBatch } from '../filter-batch.js'
import { writeAndSync, type Files, type OpenFile } from './files.js'
import {
  encodeSegmentHeader,
  frameHeaderSize,
  segmentHeaderSize,
  writeFrame,
  type SegmentHeader,
} from './frame.js'
import type { Manifest } from './manifest.js'
import type { SegmentRun } from './segment-run.js'
import { DamagedSegment, newGeneration, scanFrames, Segment } from './segment.js'
import { partitionKey, SegmentIndex } from './segment-index.js'

/** Work between two turns of the event loop. */
const chunk = 64 * 1024
/** Bytes written between two syncs: small, so that a group commit does not wait long behind one. */
const syncEvery = 1024 * 1024

export interface CompactionHome {
  readonly files: Files
  readonly directory: string
  readonly manifest: Manifest
  readonly run: SegmentRun
  readonly segmentBytes: number
  readonly now: () => Millis
  /** Tombstones are kept this long. */
  readonly lagMillis: Millis
  /** True when the log is being closed: stop between two chunks. */
  readonly stopped: () => boolean
}

/** The offsets that stay, per partition, in order; and how far the filter has come in them. */
interface Living {
  readonly offsets: Float64Array
  next: number
}

/** A new segment before it has its name, and the segments that it stands for. */
interface Draft {
  readonly used: readonly Segment[]
  readonly header: SegmentHeader
  readonly index: SegmentIndex
}

export class Compaction {
  readonly #home: CompactionHome
  readonly #cursor = new RecordCursor()
  #tombstonesUntil = 0
  #living = new Map<number, Living>()

  constructor(home: CompactionHome) {
    this.#home = home
  }

  /** True when there is at least as much that was not compacted as there is that was. */
  get due(): boolean {
    let clean = 0
    let dirty = 0
    for (const { header, index } of this.#home.run.closed) {
      if (header.compacted) clean += index.length
      else dirty += index.length
    }
    return dirty > 0 && dirty >= clean
  }

  /** Compacts all segments that are closed now. Resolves with the bytes gained. */
  async pass(): Promise<number> {
    const inputs = [...this.#home.run.closed]
    const before = this.#home.run.bytes
    this.#tombstonesUntil = this.#home.now() - this.#home.lagMillis
    this.#living = new Map()
    const partitions = new Map<number, { readonly topic: number; readonly partition: number }>()
    for (const input of inputs) for (const [key, part] of input.index.parts) partitions.set(key, part)
    for (const [key, { topic, partition }] of partitions) {
      this.#living.set(key, { offsets: await this.#findLiving(inputs, topic, partition), next: 0 })
    }
    for (let from = 0; from < inputs.length && !this.#home.stopped();) {
      from += await this.#rewrite(inputs.slice(from))
    }
    this.#living = new Map()
    return before - this.#home.run.bytes
  }

  /** The offset of the last record of each key of one partition. */
  async #findLiving(inputs: readonly Segment[], topic: number, partition: number): Promise<Float64Array> {
    // A key that comes again is entered anew, so that the map stays in the order of offsets.
    const last = new Map<string, number>()
    const cursor = this.#cursor
    for (const input of inputs) {
      const part = input.index.parts.get(partitionKey(topic, partition))
      for (let position = part?.positions[0]; part !== undefined && position !== undefined;) {
        position = await this.#scan(input, position, (header, batch) => {
          if (header.topic !== topic || header.partition !== partition) return
          cursor.open(batch)
          while (cursor.next()) {
            const key = batch.toString('latin1', Math.max(0, cursor.keyFrom), Math.max(0, cursor.keyTo))
            last.delete(key)
            last.set(key, cursor.offset)
          }
        })
        position = position < input.index.length ? part.skipFrom(position) : undefined
      }
    }
    const offsets = new Float64Array(last.size)
    let at = 0
    for (const offset of last.values()) {
      offsets[at++] = offset
      if (at % 20_000 === 0) await turn()
    }
    return offsets
  }

  /** Writes the first inputs into one new segment, as many as fit, and puts it in their place. Resolves with their number. */
  async #rewrite(inputs: readonly Segment[]): Promise<number> {
    const { files, directory, manifest, run } = this.#home
    const [first] = inputs
    if (first === undefined) return 0
    const draft = `${first.path}.compacting`
    const { used, header, index } = await this.#write(draft, first, inputs)
    if (this.#home.stopped()) {
      await files.remove(draft)
      return used.length
    }
    for (const input of used) manifest.noteEnds(input.index.parts.values())
    await manifest.save()
    // From here on the new file is the segment; the others that went into it are removed at the next start if not now.
    await files.rename(draft, first.path)
    await files.syncDirectory(directory)
    const file = await files.open(first.path, 'write')
    const segment = new Segment(directory, run.name, header, file, index)
    await run.replace(used, segment)
    await segment.saveIndex(files)
    for (const input of used.slice(1)) {
      await files.remove(input.path)
      await files.remove(input.indexPath)
    }
    await files.syncDirectory(directory)
    return used.length
  }

  /** Writes what lives in the first inputs into `draft`. A draft that fails is taken back: the disk may need its room. */
  async #write(draft: string, first: Segment, inputs: readonly Segment[]): Promise<Draft> {
    const { files, manifest, segmentBytes } = this.#home
    await files.remove(draft)
    const writer = new SegmentWriter(await files.open(draft, 'create'), manifest.salt)
    try {
      const used: Segment[] = []
      for (const input of inputs) {
        if (used.length > 0 && writer.index.length >= segmentBytes / 2) break
        await this.#copyLiving(input, writer)
        used.push(input)
        if (this.#home.stopped()) break
      }
      const { merged } = (used.at(-1) ?? first).header
      const header = { ...first.header, generation: newGeneration(), merged, compacted: true }
      await writer.finish(encodeSegmentHeader(header))
      await writer.file.close()
      return { used, header, index: writer.index }
    } catch (error) {
      await writer.file.close()
      await files.remove(draft)
      throw error
    }
  }

  async #copyLiving(input: Segment, writer: SegmentWriter): Promise<void> {
    for (let position = segmentHeaderSize; position < input.index.length && !this.#home.stopped();) {
      position = await this.#scan(input, position, (header, batch) => {
        const living = this.#living.get(partitionKey(header.topic, header.partition))
        const old = appendTimeOf(batch) <= this.#tombstonesUntil
        const kept = filterBatch(batch, (record) => lives(living, record, old), crc32c)
        if (kept !== null) writer.add(header, kept)
      })
      await writer.flush(syncEvery)
    }
  }

  /** One chunk; resolves with where it ended. */
  async #scan(
    input: Segment,
    position: number,
    visit: (header: FrameFields, batch: Buffer) => void,
  ): Promise<number> {
    await turn()
    const range = { from: position, to: input.index.length, chunk, once: true }
    const { end, bad } = await scanFrames(input, range, this.#home.manifest.salt, (header, batch) => {
      if (checkBatch(batch, crc32c) !== undefined) return false
      visit(header, batch)
      return true
    })
    if (bad) throw new DamagedSegment(input.path, end)
    return end
  }
}

/** The offsets of the records asked for only rise within a partition. */
function lives(living: Living | undefined, record: RecordCursor, old: boolean): boolean {
  if (living === undefined) return true
  while ((living.offsets[living.next] ?? Infinity) < record.offset) living.next++
  return living.offsets[living.next] === record.offset && (record.valueFrom >= 0 || !old)
}

interface FrameFields {
  readonly number: number
  readonly synced: number
  readonly topic: number
  readonly partition: number
}

/** Writes frames one after the other into a new file. */
class SegmentWriter {
  readonly file: OpenFile
  readonly index = new SegmentIndex(segmentHeaderSize)
  readonly #salt: number
  #waiting: Buffer[] = []
  #waitingBytes = 0
  #written = segmentHeaderSize

  constructor(file: OpenFile, salt: number) {
    this.file = file
    this.#salt = salt
  }

  add(header: FrameFields, batch: Uint8Array): void {
    const { number, synced, topic, partition } = header
    const frame = Buffer.allocUnsafe(frameHeaderSize + batch.length)
    frame.set(batch, frameHeaderSize)
    writeFrame(frame, 0, this.#salt, number, synced, topic, partition, batch.length, false)
    const time = appendTimeOf(batch)
    this.index.add(topic, partition, frame.length, baseOffsetOf(batch), nextOffsetOf(batch), time)
    this.#waiting.push(frame)
    this.#waitingBytes += frame.length
  }

  /** Writes and syncs what waits if it is at least so many bytes. */
  async flush(bytes: number): Promise<void> {
    if (this.#waitingBytes < bytes || this.#waitingBytes === 0) return
    const buffers = this.#waiting
    this.#waiting = []
    const from = this.#written
    this.#written += this.#waitingBytes
    this.#waitingBytes = 0
    await writeAndSync(this.file, buffers, from)
  }

  /** The header goes last. The length is that of the frames, for without an index it alone says how many there are. */
  async finish(header: Buffer): Promise<void> {
    await this.flush(1)
    await this.file.truncate(this.#written)
    await writeAndSync(this.file, [header], 0)
  }
}
