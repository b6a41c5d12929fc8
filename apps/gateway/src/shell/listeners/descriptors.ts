// File descriptors. When a process has none left, not only sockets fail but the log's next file, too; and libuv then closes new
// connections without a word. So the listeners keep some free: before the last ones they stop listening, and go on when there is room.
import { readdirSync, readFileSync } from 'node:fs'
import type { LineWriter } from '../connection-driver.js'

/** What pauses: new connections are then refused by the system, and their clients try again. */
export interface Pausable {
  pause(): void
  resume(): Promise<void>
}

const checkMillis = 500
/** Part of the room that must be free again before accepting goes on, so that it does not come and go with every client. */
const slack = 1 / 64
/** The limit is asked for with every so many sockets: it costs a small file's reading. */
const askEvery = 64
/** A storm that lasts makes one line a minute, not two a second. */
const lineMillisMin = 60_000

export class Descriptors {
  /** Sockets of all listeners. */
  taken = 0
  #max: number
  readonly #allowed: () => number
  readonly #logger: LineWriter
  readonly #listeners = new Set<Pausable>()
  #timer: NodeJS.Timeout | undefined
  #lastLine = -lineMillisMin

  /** `allowed`: how many sockets all listeners may have together; asked again now and then, as a limit may be changed from outside. */
  constructor({ allowed, logger }: { readonly allowed: () => number; readonly logger: LineWriter }) {
    this.#allowed = allowed
    this.#max = allowed()
    this.#logger = logger
  }

  add(listener: Pausable): void {
    this.#listeners.add(listener)
  }

  take(): void {
    this.taken++
    if (this.taken % askEvery === 0) this.#max = this.#allowed()
    if (this.taken >= this.#max) this.pause('as many as are allowed')
  }

  give(): void {
    this.taken--
  }

  /** Stops accepting for a while; also when the system says that there are none left. */
  pause(detail: string): void {
    if (this.#timer !== undefined) return
    for (const listener of this.#listeners) listener.pause()
    this.#line('out of file descriptors: accepting pauses', detail)
    this.#timer = setInterval(() => {
      this.#max = this.#allowed()
      if (this.taken <= this.#max - Math.ceil(this.#max * slack)) this.#resume()
    }, checkMillis)
  }

  close(): void {
    clearInterval(this.#timer)
    this.#listeners.clear()
  }

  #resume(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    Promise.all([...this.#listeners].map((listener) => listener.resume())).catch((error: unknown) => {
      this.pause(String(error))
    })
  }

  #line(sentence: string, detail: string): void {
    const now = performance.now()
    if (now - this.#lastLine < lineMillisMin) return
    this.#lastLine = now
    this.#logger.warn({ sockets: this.taken, socketsMax: this.#max, detail }, sentence)
  }
}

/** Kept for the log, the store and HTTP: an eighth, within these bounds. */
const reserveMin = 32
const reserveMax = 512

/**
 * Tells how many sockets this process may have besides what it has open now. Where the system does not say (no /proc): as many as
 * wanted.
 */
export function socketsAllowed(): () => number {
  const others = openNow()
  let limit = Number.POSITIVE_INFINITY
  return () => {
    limit = limitNow() ?? limit
    const reserve = Math.min(reserveMax, Math.max(reserveMin, Math.floor(limit / 8)))
    return Math.max(1, limit - others - reserve)
  }
}

function openNow(): number {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    // Not Linux.
    return 0
  }
}

function limitNow(): number | undefined {
  try {
    const found = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1]
    return found === undefined ? undefined : Number(found)
  } catch {
    // Not Linux, or no descriptor is left to read it with.
    return undefined
  }
}
