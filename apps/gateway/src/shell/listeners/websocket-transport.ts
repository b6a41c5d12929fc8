// A transport over a WebSocket: what is written goes out as one binary frame; what comes is a stream, however it is cut into frames.
import { Buffer } from 'node:buffer'
import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import type { Peer } from '#libs/topics'
import { SocketTransport } from './socket-transport.js'

/** A client that takes nothing gets no more pongs than these bytes; else its pings would fill our memory. */
const pongPendingMax = 65_536
/** 1000: an ordinary end; 1003: a kind of data that we do not take. */
const closeCodes = { normal: 1000, unsupported: 1003 } as const
const binary = { binary: true } as const

interface WebSocketParts {
  readonly webSocket: WebSocket
  readonly socket: Socket
  readonly peer: Peer
  /** As in WebSocketOptions. */
  readonly firstBytesMax: number
}

export class WebSocketTransport extends SocketTransport {
  readonly #webSocket: WebSocket
  /** Bytes that have come since the last whole message, about; only counted before the login. */
  #unfinished = 0

  constructor({ webSocket, socket, peer, firstBytesMax }: WebSocketParts) {
    super(socket, peer, webSocket)
    this.#webSocket = webSocket
    const count = (bytes: Buffer): void => {
      if (this.events?.isLoggedIn === true) socket.off('data', count)
      else if ((this.#unfinished += bytes.length) > firstBytesMax) webSocket.terminate()
    }
    socket.on('data', count)
    // What goes wrong with a WebSocket (a frame that is too large, bad bits) closes it, and `close` follows.
    webSocket.on('error', () => {})
    webSocket.on('message', (data, isBinary) => {
      if (this.over || !Buffer.isBuffer(data)) return
      this.#unfinished = 0
      if (isBinary) this.events?.received(data, 0, data.length)
      else this.#refuseText()
    })
    webSocket.on('ping', (data) => {
      if (this.pending < pongPendingMax) webSocket.pong(data, false, this.taken)
    })
  }

  override pause(): void {
    this.#webSocket.pause()
  }

  override resume(): void {
    this.#webSocket.resume()
  }

  override end(): void {
    this.#webSocket.close(closeCodes.normal)
  }

  protected override send(bytes: Uint8Array): void {
    this.#webSocket.send(bytes, binary, this.taken)
  }

  /** [MQTT-6.0.0-1] MQTT goes in binary frames only. For the broker the connection ends here, whatever the client does. */
  #refuseText(): void {
    this.#webSocket.close(closeCodes.unsupported, 'MQTT goes in binary frames')
    this.closed()
  }
}
