// A file layer that fails on demand and knows what a power cut would leave: for tests of the embedded log.

import { cpSync } from 'node:fs'
import { open, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { SeededRandom } from '#libs/base'
import { nodeFiles, type Files, type OpenFile } from '../embedded/files.js'

/** Calls that can be made to fail or to wait. */
export type FileCall = 'open' | 'writev' | 'sync' | 'truncate' | 'rename' | 'remove' | 'syncDirectory'

class FaultyFile implements OpenFile {
  readonly #files: FaultyFiles
  readonly #path: string
  readonly #file: OpenFile
  /** Calls that have not come back. */
  #underWay = 0
  constructor(files: FaultyFiles, path: string, file: OpenFile) {
    this.#files = files
    this.#path = path
    this.#file = file
  }

  writev(
    buffers: readonly Uint8Array[],
    position: number,
    done: (error: Error | null, written: number) => void,
    keepsCached?: boolean,
  ): void {
    const write = (): Promise<number> => {
      const size = buffers.reduce((sum, buffer) => sum + buffer.length, 0)
      const error = this.#files.failure('writev')
      const room = this.#files.take(size)
      if (error !== undefined || room === 0) return Promise.reject(error ?? noSpace())
      // A disk that fills up takes a part of the write and says so only by the count.
      const some = room < size ? [Buffer.concat(buffers).subarray(0, room)] : buffers
      this.#files.written(this.#path, position, Math.min(size, room))
      return new Promise((resolve, reject) => {
        const written = (failed: Error | null, count: number): void =>
          failed === null ? resolve(count) : reject(failed)
        this.#file.writev(some, position, written, keepsCached)
      })
    }
    this.#counted(this.#files.run(write)).then(
      (written) => done(null, written),
      (error: Error) => done(error, 0),
    )
  }

  sync(done: (error: Error | null) => void): void {
    const sync = async (): Promise<void> => {
      const error = this.#files.failure('sync')
      if (error !== undefined) throw error
      const size = await this.#file.size()
      const writes = this.#files.writesOf(this.#path)
      await new Promise<void>((resolve, reject) => {
        this.#file.sync((failed) => (failed === null ? resolve() : reject(failed)))
      })
      this.#files.synced(this.#path, size, writes)
    }
    const gated = new Promise<void>((resolve, reject) => {
      this.#files.gate(() => this.#files.run(sync).then(resolve, reject))
    })
    this.#counted(gated).then(
      () => done(null),
      (error: Error) => done(error),
    )
  }

  read(target: Uint8Array, position: number): Promise<number> {
    this.#files.bytesRead += target.length
    this.#files.longestRead = Math.max(this.#files.longestRead, target.length)
    return this.#file.read(target, position)
  }

  truncate(length: number): Promise<void> {
    const cut = async (): Promise<void> => {
      const error = this.#files.failure('truncate')
      if (error !== undefined) throw error
      await this.#file.truncate(length)
      this.#files.truncated(this.#path, length)
    }
    return this.#counted(this.#files.run(cut))
  }

  size(): Promise<number> {
    return this.#file.size()
  }

  /** Rejects in the middle of another call: its descriptor might be another file's before that call gets to it. */
  close(): Promise<void> {
    if (this.#underWay > 0) return Promise.reject(new Error(`${this.#path} is closed while it is written`))
    return this.#file.close()
  }

  async #counted<Result>(call: Promise<Result>): Promise<Result> {
    this.#underWay++
    try {
      return await call
    } finally {
      this.#underWay--
    }
  }
}

const noSpace = (): Error => Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })

export class FaultyFiles implements Files {
  /** Bytes that can still be written; Infinity by default. */
  space = Infinity
  bytesRead = 0
  /** Bytes of the longest read. */
  longestRead = 0
  /** While true, syncs wait. */
  held = false
  #waiting: (() => void)[] = []
  /** Calls that are at the real file system, and what new ones wait for. */
  #running = 0
  #frozen: { readonly over: Promise<void> } | undefined
  readonly #failing = new Map<FileCall, { left: number; readonly error: Error }>()
  /** Bytes of each file that a power cut leaves alone. */
  readonly #synced = new Map<string, number>()
  /** What was written to each file and not synced. */
  readonly #unsynced = new Map<string, Range[]>()
  /** Files whose name a power cut takes away, and old contents that it may bring back. */
  #created = new Set<string>()
  #stashed: { readonly path: string; readonly bytes: Buffer }[] = []

  /** Makes the next `count` calls of a kind fail. */
  fail(call: FileCall, count: number, code = 'EIO'): void {
    this.#failing.set(call, {
      left: count,
      error: Object.assign(new Error(`${code}: made to fail`), { code }),
    })
  }

  /** Lets the syncs go on that were held. */
  release(): void {
    this.held = false
    const waiting = this.#waiting
    this.#waiting = []
    for (const go of waiting) go()
  }

  /**
   * Puts into `target` what a power cut at this moment would leave of `directory`: of every file what lies beyond its last sync is
   * gone or random, new names may be missing, removed and replaced files may be back. Hold the syncs before; `now` is called at
   * the very moment.
   */
  async powerCut(directory: string, target: string, random: SeededRandom, now: () => void): Promise<void> {
    let thaw = (): void => undefined
    this.#frozen = { over: new Promise((resolve) => (thaw = resolve)) }
    while (this.#running > 0) await setImmediate()
    now()
    cpSync(directory, target, { recursive: true, filter: (path) => basename(path) !== 'lock' })
    const synced = new Map([...this.#synced].map(([path, size]) => [basename(path), size]))
    const stashed = [...this.#stashed].reverse()
    const created = [...this.#created]
    const unsynced = new Map([...this.#unsynced].map(([path, ranges]) => [basename(path), [...ranges]]))
    this.#frozen = undefined
    thaw()
    const restored = new Set<string>()
    for (const { path, bytes } of stashed)
      if (random.chance(0.5)) {
        await writeFile(join(target, basename(path)), bytes)
        synced.set(basename(path), Infinity)
        restored.add(basename(path))
      }
    for (const path of created)
      if (random.chance(0.5)) await rm(join(target, basename(path)), { force: true })
    for (const name of await readdir(target)) {
      await spoil(
        join(target, name),
        synced.get(name) ?? 0,
        restored.has(name) ? [] : (unsynced.get(name) ?? []),
        random,
      )
    }
  }

  // What the log calls.

  open(path: string, mode: 'create' | 'write' | 'read'): Promise<OpenFile> {
    return this.run(async () => {
      const error = this.failure('open')
      if (error !== undefined) throw error
      if (mode === 'create' && this.space <= 0) throw noSpace()
      const file = await nodeFiles.open(path, mode)
      if (mode === 'create') {
        this.#created.add(path)
        this.#synced.set(path, 0)
      } else if (!this.#synced.has(path)) this.#synced.set(path, await file.size())
      return new FaultyFile(this, path, file)
    })
  }

  list(directory: string): Promise<string[]> {
    return nodeFiles.list(directory)
  }

  readText(path: string): Promise<string | undefined> {
    return nodeFiles.readText(path)
  }

  rename(from: string, to: string): Promise<void> {
    return this.run(async () => {
      const error = this.failure('rename')
      if (error !== undefined) throw error
      await this.#stash(to)
      await nodeFiles.rename(from, to)
      this.#synced.set(to, this.#synced.get(from) ?? 0)
      this.#synced.delete(from)
      this.#unsynced.set(to, this.#unsynced.get(from) ?? [])
      this.#unsynced.delete(from)
      this.#created.delete(from)
    })
  }

  remove(path: string): Promise<void> {
    return this.run(async () => {
      const error = this.failure('remove')
      if (error !== undefined) throw error
      if (!this.#created.has(path)) await this.#stash(path)
      await nodeFiles.remove(path)
    })
  }

  syncDirectory(directory: string): Promise<void> {
    return this.run(async () => {
      const error = this.failure('syncDirectory')
      if (error !== undefined) throw error
      await nodeFiles.syncDirectory(directory)
      this.#stashed = []
      this.#created.clear()
    })
  }

  async room(directory: string): Promise<{ readonly total: number; readonly free: number }> {
    const { total, free } = await nodeFiles.room(directory)
    return { total, free: Math.min(free, this.space) }
  }

  async #stash(path: string): Promise<void> {
    const bytes = await readFile(path).catch(() => undefined)
    if (bytes !== undefined) this.#stashed.push({ path, bytes })
  }

  /** Calls the file system, unless the power is about to fail. */
  async run<Result>(call: () => Promise<Result>): Promise<Result> {
    while (this.#frozen !== undefined) await this.#frozen.over
    this.#running++
    try {
      return await call()
    } finally {
      this.#running--
    }
  }

  // What its files report.

  failure(call: FileCall): Error | undefined {
    const failing = this.#failing.get(call)
    if (failing === undefined || failing.left <= 0) return undefined
    failing.left--
    return failing.error
  }

  /** How much of a write finds room. */
  take(size: number): number {
    const taken = Math.max(0, Math.min(size, this.space))
    this.space -= taken
    return taken
  }

  gate(go: () => Promise<void>): void {
    if (this.held) this.#waiting.push(() => void go())
    else void go()
  }

  written(path: string, from: number, size: number): void {
    const ranges = this.#unsynced.get(path) ?? []
    ranges.push({ from, to: from + size })
    this.#unsynced.set(path, ranges)
  }

  /** The number of writes that a sync which begins now takes care of. */
  writesOf(path: string): number {
    return this.#unsynced.get(path)?.length ?? 0
  }

  synced(path: string, size: number, writes: number): void {
    this.#synced.set(path, size)
    this.#unsynced.get(path)?.splice(0, writes)
  }

  truncated(path: string, length: number): void {
    this.#synced.set(path, Math.min(length, this.#synced.get(path) ?? 0))
    // What was cut off gives its room back; tests of a full disk set `space` themselves.
  }
}

interface Range {
  readonly from: number
  readonly to: number
}

/** Cuts what was not synced, or puts zeros or random bytes in its place, piece by piece, or leaves it. */
async function spoil(
  path: string,
  synced: number,
  ranges: readonly Range[],
  random: SeededRandom,
): Promise<void> {
  const file = await open(path, 'r+')
  for (const { from, to } of ranges) {
    for (let at = from; at < to;) {
      const end = Math.min(to, at + 1 + random.below(700))
      const fate = random.below(4)
      const noise = Array.from({ length: end - at }, () => (fate === 0 ? 0 : random.below(256)))
      if (fate < 2) await file.write(Buffer.from(noise), 0, noise.length, at)
      at = end
    }
  }
  await file.close()
  const { size } = await stat(path)
  if (size > synced && random.chance(0.7)) await truncate(path, synced + random.below(size - synced + 1))
}
