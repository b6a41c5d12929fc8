// The door of every listener: accepts sockets, lets them wait unread while too many others are half open or the listener is full, and
// hands each to what makes a connection of it.
import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import type { Peer } from '#libs/topics'
import { parseIpAddress } from '#libs/base'
import type { Pausable } from './descriptors.js'
import { Overflow } from './overflow.js'
import { listenError } from './listen-error.js'
import type { EntranceSettings, Listener, ListenerName, Surroundings } from './listener.js'

/** An accepted socket that was let in. It does not read yet. */
export interface Guest {
  readonly socket: Socket
  readonly peer: Peer
  /** True when it comes from a proxy that may name the client. */
  readonly isProxy: boolean
  /** To be called once when the socket has closed. */
  readonly left: () => void
}

export interface EntranceOptions extends EntranceSettings {
  readonly name: ListenerName
  readonly surroundings: Surroundings
  readonly admit: (guest: Guest) => void
}

/** Connections that wait in the system before they are accepted; it may allow fewer. */
const backlog = 4096
/** Accepted sockets that wait until a half-open one has become a whole one. */
const queueMax = 65_536

export class Entrance implements Listener, Pausable {
  readonly name: ListenerName
  host: string
  port: number
  readonly #options: EntranceOptions
  #server: Server | undefined
  /** Sockets that were let in and have not gone. */
  #open = 0
  #closed = false
  /** Said once: the listener is full. */
  #told = false
  readonly #queue: Socket[] = []
  #first = 0
  readonly #overflow = new Overflow((socket) => {
    this.#turnAway(socket)
  })
  readonly #left = (): void => {
    this.#open--
    this.#options.surroundings.descriptors.give()
    if (this.#open < this.#options.connectionsMax * 0.9) this.#told = false
    const next = this.#closed ? undefined : this.#overflow.take()
    if (next === undefined) return
    // Its place is taken, and it comes in when whoever has left is through with that.
    this.#open++
    setImmediate(() => {
      this.#receive(next)
    })
  }
  readonly #accept = (socket: Socket): void => {
    this.#enter(socket)
  }

  constructor(options: EntranceOptions) {
    this.#options = options
    this.name = options.name
    this.host = options.host
    this.port = options.port
    options.surroundings.reception.whenHalfOpenFree(() => {
      this.#next()
    })
    options.surroundings.descriptors.add(this)
  }

  get connections(): number {
    return this.#open
  }

  get connectionsMax(): number {
    return this.#options.connectionsMax
  }

  /** Rejects with a sentence for the user. */
  async open(): Promise<void> {
    try {
      await this.#listen(this.host)
    } catch (error) {
      // A machine without IPv6 has no `::`.
      const hasNoIpv6 = error instanceof Error && 'code' in error && error.code === 'EAFNOSUPPORT'
      if (this.host !== '::' || !hasNoIpv6) throw listenError(error, this)
      this.host = '0.0.0.0'
      await this.open()
    }
  }

  close(): void {
    this.#closed = true
    this.#server?.close()
    for (const socket of this.#queue.splice(this.#first)) this.#refuse(socket)
    this.#overflow.close()
  }

  pause(): void {
    this.#server?.close()
    this.#server = undefined
  }

  async resume(): Promise<void> {
    if (!this.#closed && this.#server === undefined) await this.open()
  }

  #listen(host: string): Promise<void> {
    const server = createServer({ noDelay: true, pauseOnConnect: true }, this.#accept)
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host, port: this.port, backlog }, () => {
        server.off('error', reject)
        server.on('error', (error) => {
          this.#failed(error)
        })
        this.#server = server
        const address = server.address()
        if (typeof address === 'object' && address !== null) this.port = address.port
        resolve()
      })
    })
  }

  /** A connection could not be accepted. */
  #failed(error: Error): void {
    const { descriptors, logger } = this.#options.surroundings
    const code = 'code' in error ? error.code : undefined
    if (code === 'EMFILE' || code === 'ENFILE') descriptors.pause(error.message)
    else logger.warn({ listener: this.name, detail: error.message }, 'a connection could not be accepted')
  }

  #enter(socket: Socket): void {
    const { connectionsMax, surroundings } = this.#options
    surroundings.descriptors.take()
    if (!this.#closed && this.#open >= connectionsMax) this.#overflow.add(socket)
    else {
      this.#open++
      this.#receive(socket)
    }
  }

  /** It has a place. */
  #receive(socket: Socket): void {
    if (this.#closed) this.#refuse(socket)
    else if (this.#options.surroundings.reception.hasRoomForHalfOpen) this.#admit(socket)
    else if (this.#queue.length - this.#first < queueMax) this.#queue.push(socket)
    else this.#refuse(socket)
  }

  /** It has waited for a place in vain. */
  #turnAway(socket: Socket): void {
    const { connectionsMax, surroundings } = this.#options
    const { descriptors, logger, turnedAway } = surroundings
    socket.destroy()
    descriptors.give()
    turnedAway.listenerFull++
    if (!this.#told) logger.warn({ listener: this.name, connectionsMax }, 'the listener is full')
    this.#told = true
  }

  #refuse(socket: Socket): void {
    socket.destroy()
    this.#left()
  }

  #next(): void {
    const { reception } = this.#options.surroundings
    while (this.#first < this.#queue.length && reception.hasRoomForHalfOpen) {
      const socket = this.#queue[this.#first++]
      if (socket !== undefined) this.#admit(socket)
    }
    if (this.#first === this.#queue.length) {
      this.#queue.length = 0
      this.#first = 0
    }
  }

  #admit(socket: Socket): void {
    const { admit, surroundings } = this.#options
    const { remoteAddress, remotePort } = socket
    if (remoteAddress === undefined || remotePort === undefined) {
      // It was reset before it was accepted.
      this.#refuse(socket)
      return
    }
    const { trusted } = surroundings
    const address = trusted.isEmpty ? undefined : parseIpAddress(remoteAddress)
    const isProxy = address !== undefined && trusted.has(address)
    admit({ socket, peer: peerOf(this.name, remoteAddress, remotePort), isProxy, left: this.#left })
  }
}

/** How a system that listens on `::` writes IPv4 addresses. */
const mapped = '::ffff:'

function peerOf(transport: string, address: string, port: number): Peer {
  const isMapped = address.startsWith(mapped) && address.includes('.')
  const host = isMapped ? address.slice(mapped.length) : address
  return { host, port, transport, forwarded: false, sameOrigin: true }
}
