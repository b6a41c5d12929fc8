// One case: its clients, its own names, its end. Cases of one file run beside each other, so nothing here is shared but
// the broker.
import type { QoS } from 'mqtt-packet'
import { inject } from 'vitest'
import {
  startBroker,
  type Addresses,
  type Broker,
  type BrokerKind,
  type BrokerOptions,
} from '../broker/broker.js'
import { Client, type Version } from '../client/client.js'
import { codeOf, connect, fence, message, publish, textOf, type ConnectOptions } from '../client/dialogue.js'

/** Where a client goes and how. */
export interface OpenOptions {
  version?: Version
  /** A listener of the broker; TCP unless told otherwise. */
  via?: 'tcp' | 'tls' | 'ws' | 'wss'
  broker?: { addresses: Addresses; ca: string }
  subProtocol?: string
  headers?: Record<string, string>
}

let scenes = 0

export class Scene {
  readonly kind: BrokerKind = inject('broker').kind
  readonly broker: { addresses: Addresses; ca: string } = inject('broker')
  readonly #name = `s${process.pid.toString(36)}x${(scenes += 1).toString(36)}`
  readonly #clients: Client[] = []
  readonly #brokers: Broker[] = []
  #ids = 0

  /** The version of a case that runs once for each. */
  constructor(readonly version: Version = 5) {}

  /** A topic that only this case uses. */
  topic(rest = 't'): string {
    return `${this.#name}/${rest}`
  }

  /** A client id that only this case uses: at most 23 letters and digits. */
  id(): string {
    return `${this.#name}c${(this.#ids += 1)}`
  }

  /** Opens a connection and sends nothing. */
  async open(options: OpenOptions = {}): Promise<Client> {
    const { version = this.version, via = 'tcp', broker = this.broker, ...rest } = options
    const address = broker.addresses[via]
    if (address === undefined) throw new Error(`the broker does not listen on ${via}`)
    const client = await Client.open(address, version, { ca: broker.ca, ...rest })
    this.#clients.push(client)
    return client
  }

  /** Opens a connection and logs in; fails unless the CONNACK says 0. */
  async connect(options: ConnectOptions = {}, where: OpenOptions = {}): Promise<Client> {
    const client = await this.open(where)
    const connack = await connect(client, { clientId: this.id(), ...options })
    const code = codeOf(connack)
    if (code !== 0) throw new Error(`CONNACK with code ${code}`)
    return client
  }

  /** A broker for this case alone. */
  async startBroker(options: Omit<BrokerOptions, 'partitions'> = {}): Promise<Broker> {
    const broker = await startBroker(this.kind, { partitions: inject('broker').partitions, ...options })
    this.#brokers.push(broker)
    return broker
  }

  /**
   * Fails if `receiver` has or gets any PUBLISH before a marker on `topic`, to which it must be subscribed. The marker
   * comes from `sender`, so that it may not overtake what that client published before.
   */
  async nothingBefore(receiver: Client, sender: Client, topic: string, qos: QoS = 0): Promise<void> {
    const marker = `marker ${(this.#ids += 1)}`
    await fence(sender)
    await publish(sender, topic, marker, { qos })
    const next = await message(receiver)
    if (textOf(next) !== marker) throw new Error(`unexpected message on ${next.topic}: ${textOf(next)}`)
  }

  /** Lets time pass: only for what no packet tells, such as an expiry that must have been. */
  async elapse(millis: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, millis))
  }

  /** Ends all clients and brokers of the case. */
  async end(): Promise<void> {
    for (const client of this.#clients) client.cut()
    await Promise.all(this.#brokers.map((broker) => broker.stop()))
  }
}
