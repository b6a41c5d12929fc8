// A way to carry bytes: TCP, TLS, WebSocket, WebSocket over TLS. Everything above sees only these four calls.
import { connect as connectTcp } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { WebSocket } from 'ws'

/** What a connection does with what happens to it. */
export interface Listener {
  onBytes(bytes: Uint8Array): void
  onClose(): void
}

/** An open way to the broker. */
export interface Transport {
  write(bytes: Uint8Array): void
  /** Closes in order: all that was written goes out first. */
  end(): void
  /** Cuts at once, as a lost network does. */
  destroy(): void
  /** Stops and goes on reading, so that the broker's socket fills. */
  pause(): void
  resume(): void
}

/** Where to connect: `tcp://127.0.0.1:1883`, `tls://…`, `ws://…/mqtt`, `wss://…/mqtt`. */
export type Address = string

/** Opens a transport; rejects when the connection is refused. `subProtocol` and `headers` are for WebSocket. */
export async function openTransport(
  address: Address,
  listener: Listener,
  options: { ca?: string; subProtocol?: string; headers?: Record<string, string> } = {},
): Promise<Transport> {
  const url = new URL(address)
  if (url.protocol === 'ws:' || url.protocol === 'wss:') return openWebSocket(address, listener, options)
  const port = Number(url.port)
  const host = url.hostname
  const secure = url.protocol === 'tls:'
  const socket = secure ? connectTls({ host, port, ca: options.ca }) : connectTcp({ host, port })
  socket.setNoDelay(true)
  await new Promise<void>((resolve, reject) => {
    socket.once(secure ? 'secureConnect' : 'connect', resolve)
    socket.once('error', reject)
  })
  socket.on('data', (bytes) => listener.onBytes(bytes))
  // A reset is a close like any other here: which of the two the kernel reports depends on timing.
  socket.on('error', () => socket.destroy())
  socket.on('close', () => listener.onClose())
  return {
    write: (bytes) => void socket.write(bytes),
    end: () => void socket.end(),
    destroy: () => void socket.destroy(),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
  }
}

async function openWebSocket(
  address: Address,
  listener: Listener,
  options: { ca?: string; subProtocol?: string; headers?: Record<string, string> },
): Promise<Transport> {
  const { ca, subProtocol = 'mqtt', headers = {} } = options
  const socket = new WebSocket(address, subProtocol === '' ? [] : [subProtocol], {
    ca,
    headers,
    perMessageDeflate: false,
  })
  socket.binaryType = 'nodebuffer'
  socket.on('message', (data) => {
    if (!Buffer.isBuffer(data)) throw new Error('a WebSocket message that is not one buffer')
    listener.onBytes(data)
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  socket.on('error', () => socket.terminate())
  socket.on('close', () => listener.onClose())
  return {
    write: (bytes) => socket.send(bytes),
    end: () => socket.close(),
    destroy: () => socket.terminate(),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
  }
}
