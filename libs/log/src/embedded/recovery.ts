// Opening the directory again: which frames are there, which of them count, and where each file is cut.
import { crc32c } from '@node-rs/crc32'
import { checkBatch } from '#libs/batch'
import { isMissing, isZero, syncAll, type Files, type OpenFile } from './files.js'
import { formatVersion, frameMarkBytes, segmentHeaderSize, type SegmentHeader } from './frame.js'
import { NewerFormat, type Manifest } from './manifest.js'
import {
  indexFrame,
  lengthWithoutIndex,
  parseSegmentName,
  readHeader,
  scanFrames,
  Segment,
  segmentPath,
  type RunName,
} from './segment.js'
import { decodeLength, SegmentIndex } from './segment-index.js'

/** What was found of one run. */
export interface FoundRun {
  readonly segments: Segment[]
  readonly nextId: number
  /** True when the last segment can be written on. */
  readonly open: boolean
}

export interface Found {
  readonly runs: Readonly<Record<RunName, FoundRun>>
  /** The number of the last frame that counts. */
  readonly last: number
}

/** The log refuses to start: frames that were stored cannot be read any more. */
export class DamagedLog extends Error {
  override readonly name = 'DamagedLog'
  /** The place of the damage: the message begins with it. */
  readonly place: string
  constructor(path: string, position: number) {
    const place = `${path} is damaged at byte ${position}`
    super(
      `${place}: what was stored there cannot be read. ` +
        'Put the directory back from a copy, or start once with TBMQ_LOG_DAMAGE=cut to give up everything from there on.',
    )
    this.place = place
  }
}

/** A frame in an open segment. */
interface Scanned {
  readonly number: number
  readonly goesOn: boolean
  readonly position: number
  readonly size: number
}

/** A closed segment in which something cannot be read: it is given up behind the last frame before. */
interface ClosedSegment {
  readonly segment: Segment
  readonly size: number
}

/** An open segment after its scan. */
interface OpenSegment {
  readonly segment: Segment
  readonly frames: Scanned[]
  readonly size: number
  /** Where the first bytes are that are no frame; `size` if there are none. */
  bad: number
  /** True when what lies behind the frames is nothing. */
  silent: boolean
}

export interface RecoverySettings {
  readonly files: Files
  readonly directory: string
  readonly manifest: Manifest
  /** What to do when stored frames are missing. */
  readonly damage: 'refuse' | 'cut'
  readonly notice: (sentence: string) => void
  readonly progress: (done: number, total: number) => void
}

/** Reads all files, cuts a torn tail. Throws DamagedLog (unless damage is to be cut) and NewerFormat. */
export async function recover(settings: RecoverySettings): Promise<Found> {
  return new Recovery(settings).run()
}

class Recovery {
  readonly #settings: RecoverySettings
  /** All frames up to here were synced: they must be there, unless compaction or retention took them from closed segments. */
  #synced: number
  /** All frames up to here were synced when some segment was made: only beyond are numbers without a gap. */
  #floor = 0
  #checked = 0
  readonly #open: OpenSegment[] = []
  readonly #closed: ClosedSegment[] = []
  /** True when damage was found and is to be cut. */
  #isDamaged = false
  /** Segments whose header cannot be read, with the bytes in them: new ones that were never synced, or damaged ones. */
  readonly #torn: { readonly path: string; readonly size: number }[] = []
  /** Bytes that were synced of an open segment, by its path, as the headers of the other run say. */
  readonly #syncedLengths = new Map<string, number>()

  constructor(settings: RecoverySettings) {
    this.#settings = settings
    this.#synced = settings.manifest.synced
  }

  async run(): Promise<Found> {
    const { files, directory } = this.#settings
    const names = await files.list(directory)
    for (const name of names) if (/\.(tmp|compacting)$/.test(name)) await files.remove(`${directory}/${name}`)
    const runs = {
      messages: await this.#openRun('messages', names),
      state: await this.#openRun('state', names),
    }
    this.#checkSyncedLengths()
    const last = this.#lastFrame()
    await this.#cut(last, runs)
    return { runs, last }
  }

  async #openRun(
    run: RunName,
    names: readonly string[],
  ): Promise<{ segments: Segment[]; nextId: number; open: boolean }> {
    const { files, directory } = this.#settings
    const ids: number[] = []
    for (const name of names) {
      const parsed = parseSegmentName(name)
      if (parsed?.run === run) ids.push(parsed.id)
    }
    ids.sort((a, b) => a - b)
    const nextId = (ids[ids.length - 1] ?? 0) + 1
    if (await this.#isTorn(run, ids[ids.length - 1])) ids.pop()
    const segments: Segment[] = []
    const lengths: (number | undefined)[] = []
    let merged = -1
    for (const id of ids) {
      const path = segmentPath(directory, run, id)
      if (id <= merged) {
        // Compaction had put these frames into an earlier segment and did not come to removing this one.
        await files.remove(path)
        await files.remove(path.replace(/log$/, 'index'))
        continue
      }
      const file = await files.open(path, 'write')
      const header = await readHeader(file)
      if (header === undefined) {
        this.#damaged(new DamagedLog(path, 0))
        this.#torn.push({ path, size: await file.size() })
        await file.close()
        continue
      }
      if (header.format > formatVersion) throw new NewerFormat(directory, header.format)
      merged = header.merged
      this.#floor = Math.max(this.#floor, header.synced)
      const other = segmentPath(directory, run === 'state' ? 'messages' : 'state', header.otherId)
      this.#syncedLengths.set(other, Math.max(this.#syncedLengths.get(other) ?? 0, header.otherLength))
      lengths.push(await this.#countingLength(path, header.generation))
      segments.push(new Segment(directory, run, header, file, new SegmentIndex(segmentHeaderSize)))
    }
    const all = names.filter((name) => parseSegmentName(name) !== undefined).length
    let open = false
    for (const [i, segment] of segments.entries()) {
      this.#settings.progress(this.#checked++, all)
      const length = lengths[i]
      if (segment.id === ids[ids.length - 1]) {
        // The last one has an index only if a failure made the log leave it: then what lies beyond does not count.
        this.#open.push(await this.#scanOpen(segment, length ?? (await segment.file.size())))
        open = length === undefined
      } else await this.#scanClosed(segment, length, segments[i + 1]?.header)
    }
    return { segments, nextId, open }
  }

  /** The newest segment may have been made just before the power failed: then the one before it is the last. */
  async #isTorn(run: RunName, id: number | undefined): Promise<boolean> {
    if (id === undefined) return false
    const path = segmentPath(this.#settings.directory, run, id)
    const file = await this.#settings.files.open(path, 'read')
    try {
      if ((await readHeader(file)) !== undefined) return false
      this.#torn.push({ path, size: await file.size() })
      return true
    } finally {
      await file.close()
    }
  }

  /** Bytes of the segment that count, as its index file says. */
  async #countingLength(path: string, generation: number): Promise<number | undefined> {
    const { files } = this.#settings
    const indexPath = path.replace(/log$/, 'index')
    let file: OpenFile
    try {
      file = await files.open(indexPath, 'read')
    } catch (error) {
      if (isMissing(error)) return undefined // It is made again.
      throw error
    }
    try {
      const bytes = Buffer.alloc(await file.size())
      await file.read(bytes, 0)
      return decodeLength(bytes, generation)
    } finally {
      await file.close()
    }
  }

  /**
   * A closed segment: everything in it was synced before the next one was made. All of it is read, for a bit may have turned while
   * nobody looked. `length`: bytes that count, if its index says so. `next`: the header of the segment behind it.
   */
  async #scanClosed(
    segment: Segment,
    length: number | undefined,
    next: SegmentHeader | undefined,
  ): Promise<void> {
    const whole = await segment.file.size()
    const known = length ?? lengthWithoutIndex(segment.header, next, whole)
    const size = known ?? whole
    const end = await this.#scan(segment, size, () => {})
    // With an index, what lies beyond does not count.
    const isWhole = end === size || known === undefined
    if (!isWhole || (length === undefined && !(await isZero(segment.file, end, whole)))) {
      this.#damaged(new DamagedLog(segment.path, end))
      this.#closed.push({ segment, size })
    } else if (length === undefined) await segment.saveIndex(this.#settings.files)
  }

  async #scan(segment: Segment, size: number, visit: (frame: Scanned) => void): Promise<number> {
    const range = { from: segment.index.length, to: size }
    const { end } = await scanFrames(
      segment,
      range,
      this.#settings.manifest.salt,
      (header, batch, position) => {
        if (checkBatch(batch, crc32c) !== undefined) return false
        this.#synced = Math.max(this.#synced, header.synced)
        indexFrame(segment.index, header, batch)
        visit({ number: header.number, goesOn: header.goesOn, position, size: header.size })
        return true
      },
    )
    return end
  }

  async #scanOpen(segment: Segment, size: number): Promise<OpenSegment> {
    const found: OpenSegment = { segment, frames: [], size, bad: 0, silent: false }
    found.bad = await this.#scan(segment, found.size, (frame) => found.frames.push(frame))
    // Zeros are what the log itself puts behind its frames in advance; they are cut without a word.
    if (found.bad < found.size && (await isZero(segment.file, found.bad, found.size))) found.silent = true
    else if (found.bad < found.size) await this.#lookBeyond(segment, found.bad + 1, found.size)
    return found
  }

  /** Looks for whole frames behind a bad place: they tell what was synced when they were written. */
  async #lookBeyond(segment: Segment, from: number, size: number): Promise<void> {
    const { salt } = this.#settings.manifest
    const chunk = 1024 * 1024
    for (let start = from; start < size; start += chunk) {
      const bytes = Buffer.allocUnsafe(Math.min(chunk + frameMarkBytes.length, size - start))
      const window = bytes.subarray(0, await segment.file.read(bytes, start))
      for (let at = window.indexOf(frameMarkBytes); at >= 0; at = window.indexOf(frameMarkBytes, at + 1)) {
        const range = { from: start + at, to: size, chunk: 4096 }
        await scanFrames(segment, range, salt, (header, batch) => {
          if (checkBatch(batch, crc32c) === undefined) this.#synced = Math.max(this.#synced, header.synced)
          return false
        })
      }
    }
  }

  /** Frames below the floor are not counted; that none of them is missing is seen by the length of their file. */
  #checkSyncedLengths(): void {
    for (const { path } of this.#torn)
      if ((this.#syncedLengths.get(path) ?? 0) > 0) this.#damaged(new DamagedLog(path, 0))
    for (const open of this.#open) {
      const { path } = open.segment
      if (open.bad < (this.#syncedLengths.get(path) ?? 0)) this.#damaged(new DamagedLog(path, open.bad))
    }
  }

  #damaged(damage: DamagedLog): void {
    if (this.#settings.damage === 'refuse') throw damage
    this.#isDamaged = true
    this.#settings.notice(`${damage.place}; everything from there on is given up, as asked for`)
  }

  /** The last frame before the first missing number, and before a commit that is not whole. */
  #lastFrame(): number {
    const frames = this.#open.flatMap((open) => open.frames).filter((frame) => frame.number > this.#floor)
    frames.sort((a, b) => a.number - b.number)
    let last = this.#floor
    let kept = 0
    for (const frame of frames) {
      if (frame.number > last + 1) break
      last = frame.number
      kept++
    }
    if (last < this.#synced) {
      const place = this.#placeOf(last + 1)
      this.#damaged(new DamagedLog(place.path, place.position))
    }
    while (kept > 0 && frames[kept - 1]?.goesOn === true) kept--
    return frames[kept - 1]?.number ?? this.#floor
  }

  /** Where a missing frame should have been: the first bad place of the file that has one, else the end of a file. */
  #placeOf(number: number): { readonly path: string; readonly position: number } {
    for (const open of this.#open) {
      const before = open.frames.findLast((frame) => frame.number < number)
      const after = open.frames.find((frame) => frame.number > number)
      if (open.bad < open.size && after === undefined) return { path: open.segment.path, position: open.bad }
      if (before !== undefined && after !== undefined && after.position !== before.position + before.size)
        return { path: open.segment.path, position: before.position + before.size }
    }
    const torn = this.#torn[0]
    if (torn !== undefined) return { path: torn.path, position: 0 }
    const shortest = this.#open[0]
    return { path: shortest?.segment.path ?? this.#settings.directory, position: shortest?.bad ?? 0 }
  }

  /** Cuts every file behind `last`, syncs it, and says so once. */
  async #cut(last: number, runs: Record<RunName, { segments: Segment[]; open: boolean }>): Promise<void> {
    const { files, directory, notice } = this.#settings
    const cuts: string[] = []
    if (this.#isDamaged) await this.#skipOffsets(runs)
    for (const { segment } of this.#closed) {
      await segment.file.truncate(segment.index.length)
      await syncAll(segment.file)
      await segment.saveIndex(files)
    }
    for (const open of this.#open) {
      const first = open.frames.find((frame) => frame.number > last)
      const length = first?.position ?? open.bad
      if (length < open.size) {
        if (!open.silent || length < open.bad)
          cuts.push(`${open.size - length} bytes of ${open.segment.path}`)
        await open.segment.file.truncate(length)
      }
      // What is read now may still be in the kernel's hands only: a process that was killed had not synced it.
      await syncAll(open.segment.file)
      if (first !== undefined) await this.#indexAgain(open.segment, runs, length)
    }
    for (const { path, size } of this.#torn) {
      cuts.push(`${size} bytes of ${path}`)
      await files.remove(path)
    }
    await files.syncDirectory(directory)
    if (cuts.length > 0)
      notice(
        `The log ends at frame ${last}; cut off behind it, as never completely stored: ${cuts.join(', ')}`,
      )
  }

  /**
   * Positions that were saved may lie behind what is given up: no offset is given out a second time, or a reader would take what is
   * new for read. A file has fewer records than bytes.
   */
  async #skipOffsets(runs: Record<RunName, { readonly segments: readonly Segment[] }>): Promise<void> {
    const { manifest } = this.#settings
    let lost = 0
    for (const { size } of [...this.#closed, ...this.#open, ...this.#torn]) lost += size
    for (const { segments } of [runs.messages, runs.state])
      for (const { index } of segments) manifest.noteEnds(index.parts.values())
    for (const { id, partitions } of manifest.topics)
      for (let number = 0; number < partitions; number++) {
        const key = `${id}:${number}`
        manifest.ends.set(key, (manifest.ends.get(key) ?? 0) + lost)
      }
    await manifest.save()
  }

  /** The segment was indexed beyond the cut: once more up to it. */
  async #indexAgain(
    segment: Segment,
    runs: Record<RunName, { segments: Segment[] }>,
    length: number,
  ): Promise<void> {
    const { directory } = this.#settings
    const index = new SegmentIndex(segmentHeaderSize)
    const again = new Segment(directory, segment.run, segment.header, segment.file, index)
    await this.#scan(again, length, () => {})
    const { segments } = runs[segment.run]
    segments[segments.indexOf(segment)] = again
  }
}
