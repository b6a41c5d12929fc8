// One run of segment files: writes what was appended to it, rolls to a new segment, starts over in a new one after a failure.
import { ShortWrite, writeAndSync, type Files } from './files.js'
import { frameHeaderSize, segmentHeaderSize } from './frame.js'
import type { Frame } from './partition.js'
import { createSegment, newHeader, type RunName, type Segment } from './segment.js'
import { SlabChain } from './slab-chain.js'

export interface RunSettings {
  readonly files: Files
  readonly directory: string
  /** A segment is closed when it has reached this many bytes. */
  readonly segmentBytes: number
  /** Zeros written behind small writes in advance. */
  readonly aheadBytes: number
  /** Pause before a failed write is tried again, in milliseconds. */
  readonly retryMillis: number
}

/** What the run tells its log. */
export interface RunEvents {
  /** A write or a sync failed; it will be tried again. */
  failed(error: unknown): void
  /** Something closed and cheap to do in the background failed: said, not repeated. */
  notice(sentence: string): void
  /** A segment was closed: others may now look at it. */
  rolled(run: SegmentRun): void
  /** The open segment of the other run. */
  other(run: SegmentRun): Segment | undefined
}

/** Writes below this many bytes get zeros put behind them. */
const smallWrite = 32 * 1024

/** What is under way to the disk. */
interface Part {
  readonly frames: readonly Frame[]
  readonly buffers: Buffer[]
  readonly bytes: number
  /** Every frame up to here was synced when the part was taken. */
  readonly synced: number
  readonly done: () => void
}

export class SegmentRun {
  readonly name: RunName
  /** In order; the last one is open when `open` is true. */
  readonly segments: Segment[] = []
  readonly chain = new SlabChain()
  #pending: Frame[] = []
  #open: Segment | undefined
  #nextId = 1
  #part: Part | undefined
  /** The segment whose last write or sync failed: cut back to what it had before, then left. */
  #broken: Segment | undefined
  /** Bytes of the open segment's file: what lies behind its frames are zeros. */
  #allocated = 0
  readonly #zeros: Buffer
  /** Small writes since the last big one. */
  #smallWrites = 0
  #retry: NodeJS.Timeout | undefined
  #stopped = false
  /** True while the part is on its way to the disk, false while a failed one waits. */
  #writing = false
  #whenWritten: () => void = () => {}
  /** Closes full segments, in the background. */
  #closing = Promise.resolve()
  readonly #settings: RunSettings
  readonly #events: RunEvents

  constructor(name: RunName, settings: RunSettings, events: RunEvents) {
    this.name = name
    this.#settings = settings
    this.#zeros = Buffer.alloc(settings.aheadBytes)
    this.#events = events
  }

  /** Takes over what recovery found: all segments, the last of which goes on if `open`. */
  adopt(segments: readonly Segment[], nextId: number, open: boolean): void {
    this.segments.push(...segments)
    this.#nextId = nextId
    this.#open = open ? segments[segments.length - 1] : undefined
  }

  /** Segments that are never written again. */
  get closed(): readonly Segment[] {
    return this.#open === undefined ? this.segments : this.segments.slice(0, -1)
  }

  /** The segment that is being written. */
  get open(): Segment | undefined {
    return this.#open
  }

  /** Bytes on disk. */
  get bytes(): number {
    let bytes = 0
    for (const segment of this.segments) bytes += segment.index.length
    return bytes
  }

  /** Puts `segment` (undefined: nothing) in the place of closed ones that stand in a row; their files are closed when unused. */
  async replace(closed: readonly Segment[], segment: Segment | undefined): Promise<void> {
    const [first] = closed
    if (first === undefined) return
    const at = this.segments.indexOf(first)
    this.segments.splice(at, closed.length, ...(segment === undefined ? [] : [segment]))
    for (const left of closed) await left.retire()
  }

  get hasPending(): boolean {
    return this.#pending.length > 0
  }

  /** The frame's bytes already stand in `chain`. */
  add(frame: Frame): void {
    this.#pending.push(frame)
  }

  /** Writes and syncs all that was added since the last call; `done` follows only when it is on disk, however long that takes. */
  write(synced: number, done: () => void): void {
    if (this.#stopped) return
    const frames = this.#pending
    this.#pending = []
    const buffers = this.chain.take()
    let bytes = 0
    for (const buffer of buffers) bytes += buffer.length
    const part = { frames, buffers, bytes, synced, done }
    this.#part = part
    this.#writing = true
    this.#smallWrites = bytes < smallWrite ? this.#smallWrites + 1 : 0
    const segment = this.#open
    if (segment === undefined || segment.index.length >= this.#settings.segmentBytes) {
      this.#slowly(part)
      return
    }
    const end = segment.index.length + bytes
    const zeros = this.#zerosBehind(end)
    if (zeros !== undefined) buffers.push(zeros)
    const size = bytes + (zeros?.length ?? 0)
    const written = (error: Error | null, count: number): void => {
      if (zeros !== undefined) buffers.pop()
      if (error !== null || count !== size) return this.#fail(segment, error ?? new ShortWrite(count, size))
      segment.file.sync((failed) => {
        if (failed !== null) return this.#fail(segment, failed)
        this.#allocated = Math.max(this.#allocated, segment.index.length + size)
        this.#finish(segment, part)
      })
    }
    segment.file.writev(buffers, segment.index.length, written, zeros !== undefined)
  }

  /**
   * A sync that also has to record a longer file takes twice as long as one that does not. So small writes that come to the end of
   * the file make it longer in advance, with zeros, within the same write.
   */
  #zerosBehind(end: number): Buffer | undefined {
    if (end <= this.#allocated || this.#smallWrites < 4) return undefined
    const left = this.#settings.segmentBytes - end
    return left > 0 && this.#zeros.length > 0 ? this.#zeros.subarray(0, left) : undefined
  }

  /** Writes nothing more: what failed is not repeated, its `done` is never called. Resolves when no file is at work any more. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#retry)
    if (this.#writing) await new Promise<void>((resolve) => (this.#whenWritten = resolve))
    await this.#closing
  }

  /** Takes back the zeros behind the frames: nothing is written any more. */
  async cutZeros(): Promise<void> {
    const segment = this.#open
    if (segment !== undefined) await segment.file.truncate(segment.index.length)
  }

  #finish(segment: Segment, part: Part): void {
    for (const frame of part.frames) {
      segment.index.add(
        frame.owner.topicId,
        frame.owner.number,
        frameHeaderSize + frame.bytes.length,
        frame.baseOffset,
        frame.nextOffset,
        frame.appendTime,
      )
    }
    this.#part = undefined
    this.#written()
    // May bring the next part at once.
    part.done()
  }

  #written(): void {
    this.#writing = false
    this.#whenWritten()
  }

  #fail(segment: Segment | undefined, error: unknown): void {
    this.#broken ??= segment
    this.#events.failed(error)
    this.#written()
    if (this.#stopped) return
    this.#retry = setTimeout(() => {
      if (this.#part !== undefined) this.#slowly(this.#part)
    }, this.#settings.retryMillis)
  }

  /** The way through a new segment: at the start, when the old one is full, and after a failure. */
  #slowly(part: Part): void {
    this.#writing = true
    let created: Segment | undefined
    const write = async (): Promise<void> => {
      const { files, directory } = this.#settings
      if (this.#broken !== undefined) await this.#abandon(this.#broken)
      const left = this.#open
      const header = newHeader(this.#nextId++, part.synced, left, this.#events.other(this))
      const made = await createSegment(files, directory, this.name, header)
      created = made.segment
      await writeAndSync(created.file, [made.headerBytes, ...part.buffers], 0)
      await files.syncDirectory(directory)
      this.#open = created
      this.#allocated = segmentHeaderSize + part.bytes
      this.segments.push(created)
      if (left !== undefined) this.#close(left)
      this.#finish(created, part)
    }
    write().catch((error: unknown) => this.#fail(created, error))
  }

  /**
   * What a failed sync has left in a file is not known, so nothing more is written to it: it is cut back to what was synced before,
   * through a new descriptor, or removed if that is nothing. Its index says the same in case the cut itself is not kept.
   */
  async #abandon(segment: Segment): Promise<void> {
    const { files, directory } = this.#settings
    const wasOpen = segment === this.#open
    if (wasOpen) {
      const again = await files.open(segment.path, 'write')
      try {
        await again.truncate(segment.index.length)
        await segment.saveIndex(files)
      } finally {
        await again.close()
      }
    } else {
      await files.remove(segment.path)
      await segment.retire()
    }
    await files.syncDirectory(directory)
    // Only now: what fails above is done again, and must find the segment as what it was.
    if (wasOpen) this.#open = undefined
    this.#broken = undefined
  }

  #close(segment: Segment): void {
    const close = async (): Promise<void> => {
      await segment.file.truncate(segment.index.length)
      await segment.saveIndex(this.#settings.files)
    }
    this.#closing = this.#closing.then(close).catch((error: unknown) => {
      this.#events.notice(
        `The index of ${segment.path} could not be written and will be made again: ${String(error)}`,
      )
    })
    this.#events.rolled(this)
  }
}
