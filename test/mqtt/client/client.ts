// A client that does nothing by itself: it sends what it is told, bytes or packets, and keeps what arrives until
// somebody asks for it. It answers no PUBLISH and sends no PINGREQ unless told.
import { generate, parser, type Packet } from 'mqtt-packet'
import { Frames } from './frames.js'
import { openTransport, type Address, type Transport } from './transport.js'

/** Protocol levels: MQTT 3.1, 3.1.1 and 5.0. */
export type Version = 3 | 4 | 5

/** The packet of one command. */
export type PacketOf<K extends Packet['cmd']> = Extract<Packet, { cmd: K }>

/** How long a condition may take before the case fails, in milliseconds. */
export const deadlineMillis = Number(process.env['TBMQ_TEST_DEADLINE'] ?? 5000)

const isOf = <K extends Packet['cmd']>(packet: Packet, cmd: K): packet is PacketOf<K> => packet.cmd === cmd

interface Waiter {
  check(): boolean
  fail(): void
}

export class Client {
  /** Every packet that arrived and was not asked for yet, in order. */
  readonly inbox: Packet[] = []
  /** The commands of all packets that ever arrived, in order. */
  readonly history: string[] = []
  /** Bytes of the longest packet that arrived. */
  longestFrame = 0
  /** Set once the connection is gone, whoever ended it. */
  isClosed = false

  readonly #frames = new WeakMap<Packet, Buffer>()
  readonly #waiters = new Set<Waiter>()
  readonly #cutter: Frames
  #transport: Transport | undefined
  #error: Error | undefined
  #nextId = 1

  private constructor(readonly version: Version) {
    this.#cutter = new Frames((frame) => this.#onFrame(frame))
  }

  /** Opens the transport and nothing more; rejects when it is refused. */
  static async open(
    address: Address,
    version: Version,
    options: { ca?: string; subProtocol?: string; headers?: Record<string, string> } = {},
  ): Promise<Client> {
    const client = new Client(version)
    client.#transport = await openTransport(
      address,
      { onBytes: (bytes) => client.#onBytes(bytes), onClose: () => client.#onClose() },
      options,
    )
    return client
  }

  /** Sends bytes as they are, or a packet as mqtt-packet encodes it. Writing to a closed connection does nothing. */
  send(what: Packet | Uint8Array): void {
    if (this.isClosed) return
    this.#transport?.write(what instanceof Uint8Array ? what : this.encode(what))
  }

  /** The bytes of a packet in this client's version. */
  encode(packet: Packet): Uint8Array {
    return generate(packet, { protocolVersion: this.version })
  }

  /** A packet id that this client has not used yet. */
  freshId(): number {
    return this.#nextId++
  }

  /** The first packet of this command that nobody asked for yet; rejects at the deadline or when the connection ends. */
  async receive<K extends Packet['cmd']>(cmd: K, deadline = deadlineMillis): Promise<PacketOf<K>> {
    return this.waitFor(`a ${cmd}`, () => this.#take(cmd), deadline)
  }

  /** Resolves when the broker has closed the connection. */
  async closed(deadline = deadlineMillis): Promise<void> {
    await this.waitFor('the end of the connection', () => (this.isClosed ? true : undefined), deadline)
  }

  /** Resolves with the first answer of `check` that is not undefined; asked again whenever something arrives. */
  async waitFor<T>(what: string, check: () => T | undefined, deadline = deadlineMillis): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const refuse = (why: string): void => {
        finish()
        reject(
          this.#error ?? new Error(`${why} while waiting for ${what}; arrived: ${this.history.join(' ')}`),
        )
      }
      const waiter: Waiter = {
        check: () => {
          const answer = check()
          if (answer === undefined) return false
          finish()
          resolve(answer)
          return true
        },
        fail: () => refuse('the connection ended'),
      }
      const timer = setTimeout(() => refuse(`${deadline} ms passed`), deadline)
      const finish = (): void => {
        clearTimeout(timer)
        this.#waiters.delete(waiter)
      }
      this.#waiters.add(waiter)
      if (!waiter.check() && this.isClosed) waiter.fail()
    })
  }

  /** The bytes in which a received packet came. */
  frameOf(packet: Packet): Uint8Array {
    const frame = this.#frames.get(packet)
    if (frame === undefined) throw new Error('not a packet that this client received')
    return frame
  }

  /** Closes in order, without a DISCONNECT. */
  async end(): Promise<void> {
    this.#transport?.end()
    await this.closed()
  }

  /** Cuts the connection, as a lost network does. */
  cut(): void {
    this.#transport?.destroy()
  }

  pause(): void {
    this.#transport?.pause()
  }

  resume(): void {
    this.#transport?.resume()
  }

  #take<K extends Packet['cmd']>(cmd: K): PacketOf<K> | undefined {
    for (const [index, packet] of this.inbox.entries()) {
      if (!isOf(packet, cmd)) continue
      this.inbox.splice(index, 1)
      return packet
    }
    return undefined
  }

  #onBytes(bytes: Uint8Array): void {
    try {
      this.#cutter.take(bytes)
    } catch (error) {
      // What the broker sent is not MQTT: every later wait of this case tells so.
      this.#error = error instanceof Error ? error : new Error(String(error))
      for (const waiter of this.#waiters) waiter.fail()
    }
    this.#wake()
  }

  #onFrame(frame: Buffer): void {
    this.longestFrame = Math.max(this.longestFrame, frame.length)
    const reader = parser({ protocolVersion: this.version })
    let failure: Error | undefined
    reader.on('packet', (packet) => {
      this.#frames.set(packet, frame)
      this.inbox.push(packet)
      this.history.push(packet.cmd)
    })
    reader.on('error', (error: unknown) => {
      failure = new Error(`the broker sent ${frame.toString('hex').slice(0, 200)}: ${String(error)}`)
    })
    reader.parse(frame)
    if (failure !== undefined) throw failure
  }

  #onClose(): void {
    this.isClosed = true
    this.#wake()
    for (const waiter of this.#waiters) waiter.fail()
  }

  #wake(): void {
    for (const waiter of this.#waiters) waiter.check()
  }
}
