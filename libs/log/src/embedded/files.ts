// The file layer: the few calls that the embedded log makes to a file system, so that tests can make them fail and know what is synced.
import fs from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rm, stat, statfs } from 'node:fs/promises'
import path from 'node:path'
import { blockBytes, canWriteDirectly, DirectWriter } from './direct-writer.js'

export interface OpenFile {
  /**
   * Writes all buffers one behind the other from `position` on; `written` may be less than asked for when the disk is full. What is
   * written to the end of a file may be followed by some zeros. `done` may be called before this returns. `keepsCached`: small writes over
   * some of it follow soon.
   */
  writev(
    buffers: readonly Uint8Array[],
    position: number,
    done: (error: Error | null, written: number) => void,
    keepsCached?: boolean,
  ): void
  /** `fdatasync`: what has been written before, and the file's length, survive a power cut when it is done. */
  sync(done: (error: Error | null) => void): void
  /** Fills as much of `target` as there is; resolves with the bytes read. */
  read(target: Uint8Array, position: number): Promise<number>
  truncate(length: number): Promise<void>
  size(): Promise<number>
  close(): Promise<void>
}

export interface Files {
  /** `create` fails when the file exists; `write` and `read` fail when it does not. */
  open(path: string, mode: 'create' | 'write' | 'read'): Promise<OpenFile>
  /** Names in a directory; made if it does not exist. */
  list(directory: string): Promise<string[]>
  /** The whole of a small file; undefined if there is none. */
  readText(path: string): Promise<string | undefined>
  rename(from: string, to: string): Promise<void>
  /** Removes a file; no error if there is none. */
  remove(path: string): Promise<void>
  /** Makes created, renamed and removed names in a directory survive a power cut. */
  syncDirectory(directory: string): Promise<void>
  /** Bytes of the file system and how many of them a process may still fill. */
  room(directory: string): Promise<{ readonly total: number; readonly free: number }>
}

/** What is not longer is copied into the kernel's memory sooner than a thread of the pool is woken to do it; the rest goes past it. */
const smallBytesMax = 64 * 1024

class NodeFile implements OpenFile {
  readonly #fd: number
  #direct: DirectWriter | undefined
  constructor(fd: number) {
    this.#fd = fd
    if (canWriteDirectly) this.#direct = new DirectWriter(fd)
  }

  writev(
    buffers: readonly Uint8Array[],
    position: number,
    done: (error: Error | null, written: number) => void,
    keepsCached = false,
  ): void {
    let size = 0
    for (const buffer of buffers) size += buffer.length
    if (size > smallBytesMax) {
      // A small write into a block that is not in the cache waits until that has been read from the disk, and everybody with it.
      if (keepsCached) fs.writev(this.#fd, buffers, position, done)
      else this.#writeMuch(buffers, position, done)
      return
    }
    let written: number
    try {
      written = this.#writeLittle(buffers, position, size)
    } catch (error) {
      return done(error instanceof Error ? error : new Error(String(error)), 0)
    }
    done(null, written)
  }

  /** Into the page cache, which takes a whole block without a look at the disk. */
  #writeLittle(buffers: readonly Uint8Array[], position: number, size: number): number {
    const head = this.#direct?.headOf(position)
    if (head === undefined) return fs.writevSync(this.#fd, buffers, position)
    const zeros = Buffer.alloc((blockBytes - ((head.length + size) % blockBytes)) % blockBytes)
    const count = fs.writevSync(this.#fd, [head, ...buffers, zeros], position - head.length)
    return Math.max(0, Math.min(size, count - head.length))
  }

  #writeMuch(
    buffers: readonly Uint8Array[],
    position: number,
    done: (error: Error | null, written: number) => void,
  ): void {
    if (this.#direct === undefined) return fs.writev(this.#fd, buffers, position, done)
    this.#direct.write(buffers, position, (error, written) => {
      if (error !== 'unsupported') return done(error, written)
      const direct = this.#direct
      this.#direct = undefined
      direct?.close(() => fs.writev(this.#fd, buffers, position, done))
    })
  }

  sync(done: (error: Error | null) => void): void {
    fs.fdatasync(this.#fd, done)
  }

  read(target: Uint8Array, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      let filled = 0
      const more = (): void => {
        fs.read(this.#fd, target, filled, target.length - filled, position + filled, (error, count) => {
          if (error !== null) return reject(error)
          filled += count
          if (count === 0 || filled === target.length) resolve(filled)
          else more()
        })
      }
      more()
    })
  }

  /** A file that is cut is not written soon again: it keeps one descriptor. */
  truncate(length: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const cut = (): void =>
        fs.ftruncate(this.#fd, length, (error) => (error === null ? resolve() : reject(error)))
      if (this.#direct === undefined) cut()
      else this.#direct.close((error) => (error == null ? cut() : reject(error)))
    })
  }

  size(): Promise<number> {
    return new Promise((resolve, reject) =>
      fs.fstat(this.#fd, (error, stat) => (error === null ? resolve(stat.size) : reject(error))),
    )
  }

  close(): Promise<void> {
    return new Promise((resolve, reject) => {
      const closePlain = (): void =>
        fs.close(this.#fd, (error) => (error == null ? resolve() : reject(error)))
      if (this.#direct === undefined) closePlain()
      else this.#direct.close((error) => (error == null ? closePlain() : reject(error)))
    })
  }
}

const flags = { create: 'wx+', write: 'r+', read: 'r' } as const

const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined

/** True for the error of a file that is not there. */
export const isMissing = (error: unknown): boolean => codeOf(error) === 'ENOENT'

/**
 * Makes a directory and those above it, for the owner alone: whoever else uses this machine must not read the messages. One that is there
 * stays as it is. What Node has for this never returns where the file system takes no directories (/proc).
 */
export async function makeDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { mode: 0o700 })
  } catch (error) {
    if (await isDirectory(directory)) return
    // A link that leads nowhere exists, and is missing all the same.
    if (codeOf(error) === 'EEXIST') await stat(directory)
    const above = path.dirname(directory)
    if (!isMissing(error) || (await isDirectory(above))) throw error
    await makeDirectory(above)
    await makeDirectory(directory)
  }
}

const isDirectory = (name: string): Promise<boolean> =>
  stat(name).then(
    (found) => found.isDirectory(),
    () => false,
  )

/** The real file system. */
export const nodeFiles: Files = {
  open: (path, mode) =>
    new Promise((resolve, reject) =>
      fs.open(path, flags[mode], (error, fd) => (error === null ? resolve(new NodeFile(fd)) : reject(error))),
    ),
  async list(directory) {
    await makeDirectory(directory)
    return readdir(directory)
  },
  async readText(path) {
    try {
      return await readFile(path, 'utf8')
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  },
  rename,
  remove: (path) => rm(path, { force: true }),
  async syncDirectory(directory) {
    const handle = await open(directory, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  },
  async room(directory) {
    const found = await statfs(directory)
    return { total: found.blocks * found.bsize, free: found.bavail * found.bsize }
  },
}

/** True when nothing but zeros stands in a part of a file. */
export async function isZero(file: OpenFile, from: number, to: number): Promise<boolean> {
  const chunk = 256 * 1024
  const zero = Buffer.alloc(chunk)
  for (let at = from; at < to; at += chunk) {
    const bytes = Buffer.alloc(Math.min(chunk, to - at))
    await file.read(bytes, at)
    if (!bytes.equals(zero.subarray(0, bytes.length))) return false
  }
  return true
}

export const syncAll = (file: OpenFile): Promise<void> =>
  new Promise((resolve, reject) => file.sync((error) => (error === null ? resolve() : reject(error))))

/** Writes `buffers` from `position` on and syncs them. */
export function writeAndSync(
  file: OpenFile,
  buffers: readonly Uint8Array[],
  position: number,
): Promise<void> {
  let size = 0
  for (const buffer of buffers) size += buffer.length
  return new Promise((resolve, reject) =>
    file.writev(buffers, position, (error, written) => {
      if (error !== null) return reject(error)
      if (written !== size) return reject(new ShortWrite(written, size))
      file.sync((failed) => (failed === null ? resolve() : reject(failed)))
    }),
  )
}

/** A write that ended early without an error: the disk is full. */
export class ShortWrite extends Error {
  override readonly name = 'ShortWrite'
  constructor(written: number, size: number) {
    super(`only ${written} of ${size} bytes were written: no space left on device`)
  }
}

/** Replaces a small file so that after a crash it is either the old or the new one. */
export async function replaceText(
  files: Files,
  directory: string,
  name: string,
  text: string,
): Promise<void> {
  const draft = `${directory}/${name}.tmp`
  await files.remove(draft)
  const file = await files.open(draft, 'create')
  try {
    await writeAndSync(file, [Buffer.from(text)], 0)
  } finally {
    await file.close()
  }
  await files.rename(draft, `${directory}/${name}`)
  await files.syncDirectory(directory)
}
