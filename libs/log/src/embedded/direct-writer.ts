// Writes past the kernel's page cache (O_DIRECT): a log is written once and hardly ever read back from disk, so a copy of it in the cache only
// costs: a fresh page for every 4 KiB, and a write that begins when the sync asks for it. The kernel wants whole blocks in memory that begins
// at one; so what is to be written is copied into such memory first, behind what the first block already holds, and zeros fill the last.
import fs from 'node:fs'

/** What memory, length and place in the file are multiples of; enough for every file system in use. */
export const blockBytes = 4096
/** Bytes written at a time. */
const roomBytes = 1024 * 1024

/** Called with how many bytes of the buffers have been written; `unsupported` when the file system cannot do it, and nothing was written. */
export type DirectDone = (error: Error | null | 'unsupported', written: number) => void

declare const ArrayBuffer: new (size: number, options: { maxByteLength: number }) => ArrayBuffer

/** Memory that begins at a page, as every buffer does that might grow; of one write at a time. */
const idleRooms: Buffer[] = []
const takeRoom = (): Buffer =>
  idleRooms.pop() ?? Buffer.from(new ArrayBuffer(roomBytes, { maxByteLength: roomBytes }), 0, roomBytes)

/** The second descriptor of one file. */
export class DirectWriter {
  readonly #plain: number
  /** Undefined until the first write. */
  #fd: number | undefined
  /** What was written last ends here, and `#tail` holds the beginning of the block in which that is. */
  #end = -1
  readonly #tail = Buffer.alloc(blockBytes)

  /** `plain`: the file's descriptor for everything else. */
  constructor(plain: number) {
    this.#plain = plain
  }

  /** Writes the buffers one behind the other from `position` on. Up to a block of zeros follows them. Nothing may be written meanwhile. */
  write(buffers: readonly Uint8Array[], position: number, done: DirectDone): void {
    if (this.#fd !== undefined) return this.#begin(this.#fd, buffers, position, done)
    const { O_WRONLY, O_DIRECT } = fs.constants
    // Whatever the file is called by now.
    fs.open(`/proc/self/fd/${String(this.#plain)}`, O_WRONLY | O_DIRECT, (error, fd) => {
      if (error !== null) return done('unsupported', 0)
      this.#fd = fd
      this.#begin(fd, buffers, position, done)
    })
  }

  /** What stands before `position` in its block, if it was written here last: the page cache would have to read it from the disk. */
  headOf(position: number): Buffer | undefined {
    const length = position % blockBytes
    return this.#end === position && length > 0 ? this.#tail.subarray(0, length) : undefined
  }

  /** Gives the descriptor back; the next write opens one again. */
  close(done: (error: Error | null | undefined) => void): void {
    const fd = this.#fd
    this.#fd = undefined
    this.#end = -1
    if (fd === undefined) done(null)
    else fs.close(fd, done)
  }

  #begin(fd: number, buffers: readonly Uint8Array[], position: number, done: DirectDone): void {
    const head = position % blockBytes
    let room: Buffer | undefined
    try {
      room = takeRoom()
      this.#readHead(room, position, head)
    } catch {
      if (room !== undefined) idleRooms.push(room)
      // No memory, or the file cannot be read: whoever writes it the usual way will see.
      return done('unsupported', 0)
    }
    this.#copyOut(fd, room, new Source(buffers), position, done)
  }

  /** Through `room`, which holds what stands before `position` in its block, and is given back. */
  #copyOut(fd: number, room: Buffer, source: Source, position: number, done: DirectDone): void {
    const head = position % blockBytes
    let at = position - head
    let filled = head + source.take(room, head)
    const next = (): void => {
      const length = Math.ceil(filled / blockBytes) * blockBytes
      room.fill(0, filled, length)
      fs.write(fd, room, 0, length, at, (error, count) => {
        if (error === null && count === length && source.left > 0) {
          at += length
          filled = source.take(room, 0)
          return next()
        }
        const written = Math.max(0, at + Math.min(count, filled) - position)
        if (error === null && count === length) this.#remember(room, filled, at + filled)
        else this.#end = -1
        idleRooms.push(room)
        const isUnsupported = error !== null && at <= position && isRefusal(error)
        done(isUnsupported ? 'unsupported' : error, error === null ? written : 0)
      })
    }
    next()
  }

  /**
   * What stands in the block before `position`; zeros where nothing does yet, as in a segment whose header goes last. Small writes left it
   * in the page cache, so it costs no look at the disk.
   */
  #readHead(room: Buffer, position: number, head: number): void {
    if (head === 0) return
    if (this.#end === position) this.#tail.copy(room, 0, 0, head)
    else room.fill(0, fs.readSync(this.#plain, room, 0, head, position - head), head)
  }

  #remember(room: Buffer, filled: number, end: number): void {
    this.#end = end
    room.copy(this.#tail, 0, filled - (filled % blockBytes), filled)
  }
}

/** False where no file can be opened so. */
export const canWriteDirectly = process.platform === 'linux'

/** The file system has taken the flag but not the write. */
const isRefusal = (error: NodeJS.ErrnoException): boolean =>
  error.code === 'EINVAL' || error.code === 'ENOTSUP' || error.code === 'EOPNOTSUPP'

/** Buffers that are copied out of one behind the other. */
class Source {
  readonly #buffers: readonly Uint8Array[]
  #index = 0
  #from = 0
  left = 0

  constructor(buffers: readonly Uint8Array[]) {
    this.#buffers = buffers
    for (const { length } of buffers) this.left += length
  }

  /** Fills `target` from `at` on, as far as there is something; gives the number of bytes. */
  take(target: Buffer, at: number): number {
    let to = at
    while (to < target.length) {
      const buffer = this.#buffers[this.#index]
      if (buffer === undefined) break
      const length = Math.min(buffer.length - this.#from, target.length - to)
      target.set(buffer.subarray(this.#from, this.#from + length), to)
      to += length
      this.#from += length
      if (this.#from < buffer.length) continue
      this.#index++
      this.#from = 0
    }
    this.left -= to - at
    return to - at
  }
}
