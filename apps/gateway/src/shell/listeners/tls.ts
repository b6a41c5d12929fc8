// TLS on top of accepted sockets: behind the PROXY header, before MQTT or HTTP.
import { createServer } from 'node:tls'
import type { SecureContextOptions, Server, TLSSocket } from 'node:tls'
import type { Socket } from 'node:net'
import type { Peer } from '#libs/topics'
import { takeHeader } from '../proxy-protocol.js'
import { Arrival } from './arrival.js'
import type { Guest } from './entrance.js'
import type { ListenerName, Surroundings } from './listener.js'
import { SocketTransport } from './socket-transport.js'

/** A socket before it is a connection, and who is on it. */
export interface Visitor {
  readonly peer: Peer
  readonly arrival: Arrival
}

export interface TlsOptions {
  readonly name: ListenerName
  readonly surroundings: Surroundings
  readonly context: SecureContextOptions
  /** The handshake is done. The socket does not read yet. */
  readonly secured: (socket: TLSSocket, visitor: Visitor) => void
}

/** Does the handshakes of one listener. It does not listen itself. */
export class TlsDoor {
  readonly #server: Server
  readonly #options: TlsOptions
  /** Node does not tell which accepted socket a TLS socket belongs to; both name the same other end. */
  readonly #visitors = new Map<string, Visitor>()

  constructor(options: TlsOptions) {
    this.#options = options
    const mustShow = options.context.ca !== undefined
    this.#server = createServer({ ...options.context, requestCert: mustShow, rejectUnauthorized: mustShow })
    this.#server.on('secureConnection', (socket) => {
      this.#secured(socket)
    })
    this.#server.on('tlsClientError', (error, socket) => {
      const fields = { listener: options.name, address: socket.remoteAddress, detail: error.message }
      options.surroundings.turnedAway.tlsHandshake++
      options.surroundings.logger.debug(fields, 'a TLS handshake failed')
      socket.destroy()
    })
  }

  /** New handshakes use these; connections that are there stay. */
  renew(context: SecureContextOptions): void {
    this.#server.setSecureContext(context)
  }

  admit({ socket, peer, isProxy, left }: Guest): void {
    const { name, surroundings } = this.#options
    socket.on('close', left)
    socket.on('error', ignore)
    const arrival = new Arrival(socket, surroundings)
    if (!isProxy) {
      this.#shakeHands(socket, { peer, arrival })
      return
    }
    takeHeader(socket, {
      peer,
      // A proxy in front of a WebSocket may speak HTTP and name the client there.
      isRequired: name === 'tls',
      introduced: (named) => {
        this.#shakeHands(socket, { peer: named, arrival })
      },
      refused: (reason) => {
        arrival.refuseHeader(peer, reason)
      },
    })
  }

  #shakeHands(socket: Socket, visitor: Visitor): void {
    const key = otherEnd(socket)
    this.#visitors.set(key, visitor)
    socket.once('close', () => {
      if (this.#visitors.get(key) === visitor) this.#visitors.delete(key)
    })
    this.#server.emit('connection', socket)
  }

  #secured(socket: TLSSocket): void {
    socket.on('error', ignore)
    const key = otherEnd(socket)
    const visitor = this.#visitors.get(key)
    this.#visitors.delete(key)
    if (visitor === undefined) socket.destroy()
    else this.#options.secured(socket, visitor)
  }
}

/** A connection of MQTT on a socket that is secured. */
export function openSecured(
  socket: TLSSocket,
  { peer, arrival }: Visitor,
  { reception }: Surroundings,
): void {
  const transport = new SocketTransport(socket, peer)
  transport.events = reception.open(transport)
  arrival.over()
  if (transport.events === undefined) {
    socket.destroy()
    return
  }
  socket.on('data', (bytes: Buffer) => {
    transport.events?.received(bytes, 0, bytes.length)
  })
}

const otherEnd = ({ remoteAddress, remotePort }: Socket): string =>
  `${String(remoteAddress)} ${String(remotePort)}`

/** What goes wrong with a socket ends it, and `close` follows. */
const ignore = (): void => {}
