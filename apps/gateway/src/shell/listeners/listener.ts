// The words that all listeners share: what they are given, what they give, and the part of the driver that they see.
import type { IpNetworks } from '#libs/base'
import type { GatewayCounters } from '../../core/counters.js'
import type { LineWriter } from '../connection-driver.js'
import type { Transport, TransportEvents } from '../transport.js'
import type { Descriptors } from './descriptors.js'

export type ListenerName = 'tcp' | 'tls' | 'ws' | 'wss'

/** Where one listener listens, and for how many. */
export interface EntranceSettings {
  readonly host: string
  /** 0: any that is free. */
  readonly port: number
  readonly connectionsMax: number
}

/** A listener that accepts until it is closed. */
export interface Listener {
  readonly name: ListenerName
  readonly host: string
  readonly port: number
  /** Sockets that have come and not gone, and how many there may be. */
  readonly connections: number
  readonly connectionsMax: number
  /** Stops accepting; the connections live on. */
  close(): void
}

/** Takes connections from listeners: the driver, as they see it. */
export interface Reception {
  /** Undefined: there is no place for it; the caller destroys the transport. */
  open(transport: Transport): TransportEvents | undefined
  /** True while one more socket may be let in that is not yet a whole connection. */
  readonly hasRoomForHalfOpen: boolean
  /** `callback` comes whenever such a place has become free. */
  whenHalfOpenFree(callback: () => void): void
  /** A socket takes such a place before it is a connection, because it has to say something first. */
  arrive(): void
  /** It has become a connection, which has a place of its own, or it is gone. */
  arrived(): void
}

/** Counts sockets that never became a connection, by cause. */
export type TurnedAway = GatewayCounters['turnedAway']

/** What all listeners of a gateway share. */
export interface Surroundings {
  readonly reception: Reception
  readonly logger: LineWriter
  readonly turnedAway: TurnedAway
  /** Proxies that may name the client. */
  readonly trusted: IpNetworks
  readonly descriptors: Descriptors
  /** From a socket's admission to its MQTT: PROXY header, TLS handshake and HTTP upgrade together. */
  readonly arrivalMillisMax: number
}
