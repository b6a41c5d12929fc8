// One broker per data directory: a Unix socket in it that listens for as long as its process lives. The kernel ends the listening
// with the process, so what a SIGKILL leaves behind is a socket that refuses, which is taken over.
import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import net from 'node:net'
import path from 'node:path'
import { setTimeout } from 'node:timers/promises'

export interface Lock {
  release(): Promise<void>
}

/** Another living process has the directory open. */
export class DirectoryInUse extends Error {
  override readonly name = 'DirectoryInUse'
  constructor(directory: string) {
    super(`${directory} is in use by another broker that is running`)
  }
}

/**
 * Takes the lock or throws DirectoryInUse, or an error for a path that is too long. `notice` gets a sentence if this file system cannot
 * hold a lock at all.
 */
export async function lockDirectory(directory: string, notice: (sentence: string) => void): Promise<Lock> {
  const socket = shortest(path.join(directory, 'lock'))
  if (Buffer.byteLength(socket) > socketBytesMax) {
    throw new Error(
      `${directory} has a path too long to be locked against a second broker. TBMQ_DATA_DIR sets a shorter one.`,
    )
  }
  try {
    return await listen(socket)
  } catch (error) {
    if (codeOf(error) === 'EADDRINUSE') return takeOver(directory, socket)
    if (codeOf(error) === 'ENOENT') throw error
    notice(
      `${directory} cannot be locked against a second broker (${codeOf(error)}): see that there is only one`,
    )
    return { release: async () => {} }
  }
}

/** Nobody needs the guard for longer than a moment: one that is older was left by a process that died in between. */
const guardMillisMax = 5000
const lookAgainMillis = 50

/** Only one at a time looks whether the old holder lives and puts itself in its place. */
async function takeOver(directory: string, socket: string): Promise<Lock> {
  const guard = path.join(directory, 'lock.guard')
  await enter(guard)
  try {
    if (await answers(socket)) throw new DirectoryInUse(directory)
    await rm(socket, { force: true })
    return await listen(socket)
  } finally {
    await rm(guard, { force: true })
  }
}

/** Waits until the guard is ours: its holder lets go of it, has died (the guard names its process), or was silent for too long. */
async function enter(guard: string): Promise<void> {
  for (;;) {
    try {
      await writeFile(guard, String(process.pid), { flag: 'wx' })
      return
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error
    }
    if (await isLeftBehind(guard)) await rm(guard, { force: true, recursive: true })
    else await setTimeout(lookAgainMillis)
  }
}

async function isLeftBehind(guard: string): Promise<boolean> {
  const [found, holder] = await Promise.all([
    stat(guard).catch(() => undefined),
    readFile(guard, 'utf8').catch(() => ''),
  ])
  if (found === undefined) return false
  if (Date.now() - found.mtimeMs > guardMillisMax) return true
  // Between its creation and its first bytes a guard names nobody.
  return holder !== '' && !isAlive(Number(holder))
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return codeOf(error) !== 'ESRCH'
  }
}

function listen(socket: string): Promise<Lock> {
  return new Promise((resolve, reject) => {
    const server = net.createServer((connection) => connection.destroy())
    server.once('error', reject)
    server.listen(socket, () => {
      server.unref()
      resolve({ release: () => new Promise((done) => server.close(() => done())) })
    })
  })
}

function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = net.connect(socket)
    connection.once('connect', () => {
      connection.destroy()
      resolve(true)
    })
    connection.once('error', () => resolve(false))
  })
}

/** A longer path of a socket is cut off without a word, and another file becomes the lock. Linux takes 107 bytes, macOS 103. */
const socketBytesMax = 103

/** Of the absolute and the relative path the shorter one. */
function shortest(socket: string): string {
  const absolute = path.resolve(socket)
  const relative = path.relative(process.cwd(), absolute)
  return relative.length < absolute.length ? relative : absolute
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error)
