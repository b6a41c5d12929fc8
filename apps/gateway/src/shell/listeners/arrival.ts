// A socket on its way to become a connection: it has to send a PROXY header, a TLS handshake or an HTTP upgrade first. Meanwhile it holds
// a half-open place, and must be through in time.
import type { Socket } from 'node:net'
import type { Peer } from '#libs/topics'
import type { Surroundings } from './listener.js'

export class Arrival {
  #over = false
  readonly #socket: Socket
  readonly #surroundings: Surroundings
  readonly #timer: NodeJS.Timeout

  constructor(socket: Socket, surroundings: Surroundings) {
    this.#socket = socket
    this.#surroundings = surroundings
    surroundings.reception.arrive()
    this.#timer = setTimeout(() => {
      surroundings.turnedAway.tooLate++
      socket.destroy()
    }, surroundings.arrivalMillisMax)
    socket.once('close', () => {
      this.over()
    })
  }

  /** A proxy that we trust named its client wrongly, or not at all. */
  refuseHeader({ transport, host }: Peer, reason: string): void {
    const { logger, turnedAway } = this.#surroundings
    turnedAway.proxyHeader++
    logger.info({ listener: transport, address: host, reason }, 'a connection of a proxy was refused')
    this.#socket.destroy()
  }

  /** It has become a connection, or it is gone. */
  over(): void {
    if (this.#over) return
    this.#over = true
    clearTimeout(this.#timer)
    this.#surroundings.reception.arrived()
  }
}
