// Listeners on free ports of this machine before an `EchoReception`, and clients for them.
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { ConnectionOptions } from 'node:tls'
import { IpNetworks } from '#libs/base'
import { GatewayCounters } from '../../core/counters.js'
import { Descriptors } from '../listeners/descriptors.js'
import type { CertificateFiles } from '../listeners/certificates.js'
import type { EntranceSettings, ListenerName } from '../listeners/listener.js'
import { openListeners } from '../listeners/open-listeners.js'
import type { Listeners } from '../listeners/open-listeners.js'
import { EchoReception, Lines } from './echo-reception.js'

export interface ListeningOptions {
  readonly names: readonly ListenerName[]
  readonly trusted?: readonly string[]
  readonly connectionsMax?: number
  readonly port?: number
  readonly origins?: readonly string[]
  readonly certificates?: CertificateFiles
  readonly arrivalMillisMax?: number
  readonly descriptorsMax?: number
  readonly messageBytesMax?: number
  /** What connections say of themselves. */
  readonly isLoggedIn?: boolean
}

const noFiles: CertificateFiles = {
  certificate: '/nowhere/server.pem',
  key: '/nowhere/server-key.pem',
  clientCa: undefined,
  areRequired: false,
  lookMillis: 1_000,
}

export class Listening {
  readonly reception = new EchoReception()
  readonly lines = new Lines()
  readonly turnedAway = new GatewayCounters().turnedAway
  readonly #clients: Socket[] = []
  #listeners: Listeners | undefined

  static async open(options: ListeningOptions): Promise<Listening> {
    const listening = new Listening()
    await listening.#open(options)
    return listening
  }

  async #open(options: ListeningOptions): Promise<void> {
    const { names, trusted = [], connectionsMax = 100, port = 0, origins = [] } = options
    const { certificates = noFiles, arrivalMillisMax = 5_000, descriptorsMax = 1_000 } = options
    const { messageBytesMax = 65_536, isLoggedIn = true } = options
    this.reception.isLoggedIn = isLoggedIn
    const settings = (name: ListenerName): EntranceSettings | undefined =>
      names.includes(name) ? { host: '127.0.0.1', port, connectionsMax } : undefined
    this.#listeners = await openListeners(
      {
        tcp: settings('tcp'),
        tls: settings('tls'),
        ws: settings('ws'),
        wss: settings('wss'),
        certificates,
        webSocket: { path: '/mqtt', origins, messageBytesMax, firstBytesMax: 131_072 },
      },
      {
        reception: this.reception,
        logger: this.lines,
        turnedAway: this.turnedAway,
        trusted: new IpNetworks(trusted),
        descriptors: new Descriptors({ allowed: () => descriptorsMax, logger: this.lines }),
        arrivalMillisMax,
      },
    )
  }

  port(name: ListenerName): number {
    const found = this.#listeners?.open.find((listener) => listener.name === name)
    if (found === undefined) throw new Error(`${name} is not open`)
    return found.port
  }

  /** Sockets of each listener. */
  get connections(): Record<string, number> {
    return Object.fromEntries(this.#listeners?.open.map(({ name, connections }) => [name, connections]) ?? [])
  }

  get names(): string[] {
    return this.#listeners?.open.map(({ name }) => name) ?? []
  }

  async connect(name: ListenerName): Promise<Client> {
    const socket = connect(this.port(name), '127.0.0.1')
    this.#clients.push(socket)
    await once(socket, 'connect')
    return new Client(socket)
  }

  async connectTls(options: ConnectionOptions, name: ListenerName = 'tls'): Promise<Client> {
    const socket = connectTls({
      port: this.port(name),
      host: '127.0.0.1',
      servername: 'localhost',
      ...options,
    })
    this.#clients.push(socket)
    const client = new Client(socket)
    await Promise.race([
      once(socket, 'secureConnect'),
      client.closed.then(() => {
        throw new Error('closed in the handshake')
      }),
    ])
    return client
  }

  /** As at a graceful stop. */
  close(): void {
    this.#listeners?.close()
  }

  end(): void {
    this.close()
    for (const client of this.#clients) client.destroy()
    for (const transport of this.reception.transports) transport.destroy()
  }
}

const deadlineMillis = 10_000

/** A client that gathers what it is sent. */
export class Client {
  /** Bytes that have come. */
  length = 0
  readonly #pieces: Buffer[] = []
  readonly closed: Promise<void>

  constructor(readonly socket: Socket) {
    socket.on('error', () => {})
    socket.on('data', (bytes: Buffer) => {
      this.length += bytes.length
      this.#pieces.push(bytes)
    })
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        resolve()
      })
    })
  }

  /** Everything that has come. */
  get got(): Buffer {
    return Buffer.concat(this.#pieces)
  }

  /** Sends text, and resolves when as many bytes have come back as `echo` has. */
  async echoes(text: string, echo = text): Promise<string> {
    const before = this.length
    this.socket.write(text)
    await until(() => this.length >= before + echo.length)
    return this.got.subarray(before).toString()
  }
}

/** Waits for a condition that sockets bring about. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + deadlineMillis
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not in time: ${condition.toString()}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
