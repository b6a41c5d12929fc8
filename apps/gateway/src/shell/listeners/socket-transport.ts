// A transport over a socket of Node: TCP as it is, TLS too.
import type { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import type { Peer } from '#libs/topics'
import type { Transport, TransportEvents } from '../transport.js'

export class SocketTransport implements Transport {
  events: TransportEvents | undefined
  /** True when it was told that nothing will come any more. */
  protected over = false
  #waiting = false
  /** Called back for each write, long after most of them have left. */
  protected readonly taken = (): void => {
    if (!this.#waiting || this.socket.writableLength > 0) return
    this.#waiting = false
    if (!this.socket.destroyed) this.events?.drained()
  }

  /** `closing`: what tells with `close` that nothing will come any more, when it is not the socket. */
  constructor(
    protected readonly socket: Socket,
    public peer: Peer,
    closing?: EventEmitter,
  ) {
    // What goes wrong with a socket ends it, and `close` follows.
    socket.on('error', ignore)
    if (closing === undefined) {
      // MQTT knows no half-closed connections: who sends nothing any more is gone, and that counts at once, before other sockets are read.
      // Only what was asked before is still answered: `printf … | nc` closes its side and then reads.
      socket.allowHalfOpen = true
      socket.on('end', () => {
        if (this.events?.finished() === true) return
        this.closed()
        socket.destroy()
      })
    }
    const emitter = closing ?? socket
    emitter.on('close', () => {
      this.closed()
    })
  }

  get pending(): number {
    return this.socket.writableLength
  }

  write(bytes: Uint8Array, length: number): boolean {
    const { socket } = this
    if (socket.destroyed || socket.writableEnded) return true
    this.send(length === bytes.length ? bytes : bytes.subarray(0, length))
    // Nothing is pending: the system has taken it all (TLS has encrypted it), and nobody looks at the memory any more.
    if (socket.writableLength === 0) return true
    this.#waiting = true
    return false
  }

  pause(): void {
    this.socket.pause()
  }

  resume(): void {
    this.socket.resume()
  }

  end(): void {
    if (!this.socket.writableEnded) this.socket.end()
  }

  destroy(): void {
    this.socket.destroy()
  }

  protected send(bytes: Uint8Array): void {
    this.socket.write(bytes, this.taken)
  }

  protected closed(): void {
    if (this.over) return
    this.over = true
    this.events?.closed()
  }
}

const ignore = (): void => {}
