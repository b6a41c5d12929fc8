// WebSocket on top of accepted or secured sockets: HTTP upgrade, then MQTT in binary frames.
import { createServer, STATUS_CODES } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { takeHeader } from '../proxy-protocol.js'
import { Arrival } from './arrival.js'
import type { Guest } from './entrance.js'
import type { Surroundings } from './listener.js'
import type { Visitor } from './tls.js'
import { chooseSubProtocol, isPath, peerOfUpgrade, refuseUpgrade } from './upgrade-request.js'
import type { UpgradeRules } from './upgrade-request.js'
import { WebSocketTransport } from './websocket-transport.js'

export interface WebSocketOptions {
  readonly surroundings: Surroundings
  readonly path: string
  readonly origins: readonly string[]
  /** Largest message of a WebSocket, in bytes: a packet and more, as several may come in one. */
  readonly messageBytesMax: number
  /** Bytes that a client that is not logged in may have sent of a message that is not whole, headers of frames included. */
  readonly firstBytesMax: number
}

/** A message in more fragments than these ends the connection: each costs some memory until the message is whole. */
const fragmentsMax = 65_536

/** Does the upgrades of one listener. It does not listen itself. */
export class WebSocketDoor {
  readonly #http: Server
  readonly #upgrades: WebSocketServer
  readonly #surroundings: Surroundings
  readonly #rules: UpgradeRules
  readonly #firstBytesMax: number
  readonly #visitors = new WeakMap<object, Visitor>()

  constructor({ surroundings, path, origins, messageBytesMax, firstBytesMax }: WebSocketOptions) {
    this.#surroundings = surroundings
    this.#firstBytesMax = firstBytesMax
    this.#rules = {
      path,
      origins: origins.map((origin) => origin.toLowerCase()),
      trusted: surroundings.trusted,
    }
    const options = {
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      // Text is refused as such, not for its letters.
      skipUTF8Validation: true,
      // Pongs are sent by the transport, which knows whether they are taken.
      autoPong: false,
      maxPayload: messageBytesMax,
      maxFragments: fragmentsMax,
      handleProtocols: (offered: Set<string>) => chooseSubProtocol(offered) ?? false,
    }
    this.#upgrades = new WebSocketServer(options)
    this.#http = createServer((request, response) => {
      answerPlain(request, response, path)
    })
    this.#http.on('upgrade', (request, socket, head) => {
      this.#upgrade(request, socket, head)
    })
  }

  /** A socket as it was accepted. */
  admit({ socket, peer, isProxy, left }: Guest): void {
    socket.on('close', left)
    socket.on('error', ignore)
    const arrival = new Arrival(socket, this.#surroundings)
    if (!isProxy) {
      this.enter(socket, { peer, arrival })
      return
    }
    takeHeader(socket, {
      peer,
      isRequired: false,
      introduced: (named) => {
        this.enter(socket, { peer: named, arrival })
      },
      refused: (reason) => {
        arrival.refuseHeader(peer, reason)
      },
    })
  }

  /** A socket on which HTTP is to come. */
  enter(socket: Socket, visitor: Visitor): void {
    this.#visitors.set(socket, visitor)
    this.#http.emit('connection', socket)
    socket.resume()
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', ignore)
    const visitor = this.#visitors.get(socket)
    if (visitor === undefined || !(socket instanceof Socket)) {
      socket.destroy()
      return
    }
    const refusal = refuseUpgrade(request, this.#rules)
    if (refusal !== undefined) {
      const { status, sentence } = refusal
      const { host: address } = visitor.peer
      this.#surroundings.turnedAway.upgrade++
      this.#surroundings.logger.debug({ address, status, reason: sentence }, 'an upgrade was refused')
      socket.end(answerOf(status, sentence))
      return
    }
    const peer = peerOfUpgrade(request, visitor.peer, this.#rules.trusted)
    this.#upgrades.handleUpgrade(request, socket, head, (webSocket) => {
      const transport = new WebSocketTransport({
        webSocket,
        socket,
        peer,
        firstBytesMax: this.#firstBytesMax,
      })
      transport.events = this.#surroundings.reception.open(transport)
      visitor.arrival.over()
      if (transport.events === undefined) transport.destroy()
    })
  }
}

/** A browser or a scanner that asks for a page. */
function answerPlain({ url }: IncomingMessage, response: ServerResponse, path: string): void {
  const isOurs = isPath(url, path)
  const headers = {
    Connection: 'close',
    'Content-Type': 'text/plain',
    ...(isOurs ? { Upgrade: 'websocket' } : {}),
  }
  response.writeHead(isOurs ? 426 : 404, headers)
  response.end(isOurs ? 'This is MQTT over WebSocket.\n' : `MQTT over WebSocket is at ${path}.\n`)
}

function answerOf(status: number, sentence: string): string {
  const lines = [
    `HTTP/1.1 ${String(status)} ${STATUS_CODES[status] ?? ''}`,
    'Connection: close',
    'Content-Type: text/plain',
    `Content-Length: ${String(Buffer.byteLength(sentence) + 1)}`,
  ]
  return `${lines.join('\r\n')}\r\n\r\n${sentence}\n`
}

/** What goes wrong with a socket ends it, and `close` follows. */
const ignore = (): void => {}
