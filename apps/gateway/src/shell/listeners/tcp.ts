// The listener for plain TCP: accepts, lets connections wait unread while too many are half open, and hands each to the driver.
import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import type { ConnectionDriver, LineWriter } from '../connection-driver.js'
import { readInto } from './shared-read.js'
import { SocketTransport } from './socket-transport.js'

export interface ListenerOptions {
  readonly host: string
  /** 0: any that is free. */
  readonly port: number
  readonly connectionsMax: number
  readonly driver: ConnectionDriver
  readonly logger: LineWriter
}

/** A listener that accepts until it is closed. */
export interface Listener {
  readonly name: string
  readonly host: string
  readonly port: number
  /** Stops accepting; the connections live on. */
  close(): void
}

/** Connections that wait in the system before they are accepted; it may allow fewer. */
const backlog = 4096
/** Accepted connections that wait until a half-open one has become a whole one. */
const queueMax = 65_536

export function listenTcp(options: ListenerOptions): Promise<Listener> {
  const { host, port, connectionsMax, logger } = options
  const entrance = new Entrance(options)
  const server = createServer({ noDelay: true, pauseOnConnect: true }, (socket) => {
    entrance.enter(socket)
  })
  server.maxConnections = connectionsMax
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port, backlog }, () => {
      server.off('error', reject)
      // Too many open files: the system refuses what it cannot hold, and accepting goes on by itself.
      server.on('error', (error) => {
        logger.error({ listener: 'tcp', detail: error.message }, 'a connection could not be accepted')
      })
      resolve({
        name: 'tcp',
        host,
        port: portOf(server),
        close: () => {
          entrance.close()
          server.close()
        },
      })
    })
  })
}

export function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** Where accepted sockets wait, unread, for one of the half-open places. */
class Entrance {
  readonly #driver: ConnectionDriver
  readonly #queue: Socket[] = []
  #first = 0
  #closed = false

  constructor({ driver }: ListenerOptions) {
    this.#driver = driver
    driver.whenHalfOpenFree(() => {
      this.#next()
    })
  }

  enter(socket: Socket): void {
    if (this.#closed) socket.destroy()
    else if (this.#driver.hasRoomForHalfOpen) this.#admit(socket)
    else if (this.#queue.length - this.#first < queueMax) this.#queue.push(socket)
    else socket.destroy()
  }

  close(): void {
    this.#closed = true
    for (const socket of this.#queue.splice(this.#first)) socket.destroy()
  }

  #next(): void {
    while (this.#first < this.#queue.length && this.#driver.hasRoomForHalfOpen) {
      const socket = this.#queue[this.#first++]
      if (socket !== undefined && !socket.destroyed) this.#admit(socket)
    }
    if (this.#first === this.#queue.length) {
      this.#queue.length = 0
      this.#first = 0
    }
  }

  #admit(accepted: Socket): void {
    const peer = {
      host: accepted.remoteAddress ?? '',
      port: accepted.remotePort ?? 0,
      transport: 'tcp',
      forwarded: false,
      sameOrigin: true,
    }
    let transport: SocketTransport | undefined
    const socket = readInto(accepted, (buffer, from, to) => {
      transport?.events?.received(buffer, from, to)
    })
    transport = new SocketTransport(socket, peer)
    transport.events = this.#driver.open(transport)
    if (transport.events === undefined) socket.destroy()
    else socket.resume()
  }
}
