// Sockets for which a listener has no place just now. When all clients of a full listener come back at once, the end of an old connection
// is read only after the new one was accepted: so the new one waits a little, unread, for a place, and is turned away only then.
import type { Socket } from 'node:net'

const waitMillis = 1_000
const socketsMax = 4_096

export class Overflow {
  readonly #turnAway: (socket: Socket) => void
  readonly #waiting: { readonly socket: Socket; readonly until: number }[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(turnAway: (socket: Socket) => void) {
    this.#turnAway = turnAway
  }

  add(socket: Socket): void {
    if (this.#waiting.length >= socketsMax) return this.#turnAway(socket)
    this.#waiting.push({ socket, until: performance.now() + waitMillis })
    this.#look()
  }

  /** The one that has waited longest; undefined when none waits. */
  take(): Socket | undefined {
    return this.#waiting.shift()?.socket
  }

  /** Turns all away. */
  close(): void {
    clearTimeout(this.#timer)
    for (const { socket } of this.#waiting.splice(0)) this.#turnAway(socket)
  }

  #look(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      const now = performance.now()
      while ((this.#waiting[0]?.until ?? Infinity) <= now) {
        const socket = this.take()
        if (socket !== undefined) this.#turnAway(socket)
      }
      if (this.#waiting.length > 0) this.#look()
    }, waitMillis / 10)
  }
}
