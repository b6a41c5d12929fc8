// A transport over a socket of Node: TCP as it is, TLS too.
import { EMPTY_BYTES } from '#libs/base'
import type { Socket } from 'node:net'
import type { Peer } from '#libs/topics'
import type { Transport, TransportEvents } from '../transport.js'

export class SocketTransport implements Transport {
  events: TransportEvents | undefined
  #waiting = false
  readonly #taken = (): void => {
    this.#waiting = false
    if (this.#socket.writableLength > 0) this.#waitUntilTaken()
    if (!this.#socket.destroyed) this.events?.drained()
  }
  readonly #socket: Socket
  /** TLS keeps what it was given while it encrypts: its memory is never used again. */
  readonly #mayReuse: boolean

  constructor(
    socket: Socket,
    readonly peer: Peer,
    mayReuse = true,
  ) {
    this.#socket = socket
    this.#mayReuse = mayReuse
    // What goes wrong with a socket ends it, and `close` follows.
    socket.on('error', () => {})
    // MQTT knows no half-closed connections: who sends nothing any more is gone, and that counts at once, before other sockets are read.
    socket.on('end', () => {
      this.events?.closed()
      socket.destroy()
    })
    socket.on('close', () => this.events?.closed())
  }

  get pending(): number {
    return this.#socket.writableLength
  }

  write(bytes: Uint8Array, length: number): boolean {
    const socket = this.#socket
    if (socket.destroyed || socket.writableEnded) return true
    socket.write(length === bytes.length ? bytes : bytes.subarray(0, length))
    // Nothing is pending: the system has taken it all, and nobody looks at the memory any more.
    if (socket.writableLength === 0) return this.#mayReuse
    this.#waitUntilTaken()
    return false
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  end(): void {
    if (!this.#socket.writableEnded) this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** An empty write behind the others: its callback comes when they have left. */
  #waitUntilTaken(): void {
    if (this.#waiting || this.#socket.destroyed || this.#socket.writableEnded) return
    this.#waiting = true
    this.#socket.write(EMPTY_BYTES, this.#taken)
  }
}
