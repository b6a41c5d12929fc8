// What a case knows of a broker: where it listens, and how to kill it. One shared instance serves a whole run; a case
// that kills or configures starts one of its own.
import { startMosquitto } from './mosquitto.js'
import { startOurs } from './ours.js'

/** Addresses as `openTransport` takes them; one that is missing is not offered. */
export interface Addresses {
  tcp: string
  tls?: string
  ws?: string
  wss?: string
  http?: string
}

/** The programs under test. */
export type BrokerKind = 'ours' | 'mosquitto'

/** How an instance differs from the default one. */
export interface BrokerOptions {
  partitions: number
  /** Environment of our broker; lines of the configuration of Mosquitto. */
  settings?: Partial<Record<BrokerKind, Record<string, string>>>
  /** Users by name; with any map, even an empty one, nobody else is let in. */
  users?: Record<string, User>
}

/** A password, and the filters of what the user may do; without any everything. */
export interface User {
  password: string
  publish?: readonly string[]
  subscribe?: readonly string[]
}

/** A running instance. */
export interface Broker {
  kind: BrokerKind
  addresses: Addresses
  /** The authority that signed the certificate of the TLS listeners, PEM. */
  ca: string
  /** Signs and writes new certificates in place of the old ones; resolves with the new authority. */
  renewCertificates(): Promise<string>
  /** Everything it printed so far. */
  output(): string
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>
  /** SIGTERM; resolves when the process has ended. */
  terminate(): Promise<void>
  /** Starts again on the same directory and ports. */
  start(): Promise<void>
  /** SIGTERM, then removal of the directory. */
  stop(): Promise<void>
}

/** Starts an instance; resolves when it accepts connections. */
export async function startBroker(kind: BrokerKind, options: BrokerOptions): Promise<Broker> {
  return kind === 'mosquitto' ? startMosquitto(options) : startOurs(options)
}
