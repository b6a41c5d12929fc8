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
/** A storm that lasts makes one line a minute, not two a second. */
const lineMillisMin = 60_000

export class Descriptors {
  /** Sockets of all listeners. */
  taken = 0
  readonly #max: number
  readonly #logger: LineWriter
  readonly #listeners = new Set<Pausable>()
  #timer: NodeJS.Timeout | undefined
  #lastLine = -lineMillisMin

  /** `max`: sockets that all listeners may have together. */
  constructor({ max, logger }: { readonly max: number; readonly logger: LineWriter }) {
    this.#max = max
    this.#logger = logger
  }

  add(listener: Pausable): void {
    this.#listeners.add(listener)
  }

  take(): void {
    this.taken++
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

/** How many sockets this process may have besides what it has open now. Where the system does not tell (no /proc): as many as wanted. */
export function socketsAllowed(): number {
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1]
    if (limit === undefined) return Number.POSITIVE_INFINITY
    const open = readdirSync('/proc/self/fd').length
    const reserve = Math.min(reserveMax, Math.max(reserveMin, Math.floor(Number(limit) / 8)))
    return Math.max(1, Number(limit) - open - reserve)
  } catch {
    // No such files: not Linux.
    return Number.POSITIVE_INFINITY
  }
}
