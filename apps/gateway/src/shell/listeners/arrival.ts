// A socket on its way to become a connection: it has to send a PROXY header, a TLS handshake or an HTTP upgrade first. Meanwhile it holds
// a half-open place, and must be through in time.
import type { Socket } from 'node:net'
import type { Surroundings } from './listener.js'

export class Arrival {
  #over = false
  readonly #surroundings: Surroundings
  readonly #timer: NodeJS.Timeout

  constructor(socket: Socket, surroundings: Surroundings) {
    this.#surroundings = surroundings
    surroundings.reception.arrive()
    this.#timer = setTimeout(() => socket.destroy(), surroundings.arrivalMillisMax)
    socket.once('close', () => {
      this.over()
    })
  }

  /** It has become a connection, or it is gone. */
  over(): void {
    if (this.#over) return
    this.#over = true
    clearTimeout(this.#timer)
    this.#surroundings.reception.arrived()
  }
}
