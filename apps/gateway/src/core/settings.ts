// What a gateway can be told: names, sizes and limits, as plain values. Where they come from (environment, files) is platform's business.
import { DEFAULT_LIMITS } from '#libs/mqtt'
import type { Limits } from '#libs/mqtt'

/** Bytes, seconds and milliseconds as the names say. */
export interface GatewaySettings {
  /** `[a-z0-9-]`: names the gateway's inbox; it lasts over restarts. */
  readonly gatewayName: string
  readonly clientPartitions: number
  readonly topicPartitions: number
  /** Limits of single packets. */
  readonly limits: Limits
  readonly packetBytesMax: number
  readonly packetBytesMaxBeforeLogin: number
  /** From the socket's opening to a CONNECT. */
  readonly connectMillisMax: number
  /** Connections without CONNACK in all; more wait unread. */
  readonly halfOpenMax: number
  /** CONNECTs of one address; 0: any number. */
  readonly connectsPerSecondMax: number
  /** PUBLISHes of one client; 0: any number. */
  readonly publishesPerSecondMax: number
  /** QoS 1 and 2 publishes of one 5.0 client under way to us. */
  readonly receiveMaximum: number
  /** Messages under way to one client, whatever it allows. */
  readonly windowMax: number
  /** The same for 3.1 and 3.1.1 clients, which cannot say what they allow. */
  readonly windowMaxBefore5: number
  readonly subscriptionsMax: number
  /** Topic aliases, each way. */
  readonly topicAliasMax: number
  /** 5.0 clients are told by Server Keep Alive; older ones keep what they asked for. */
  readonly keepAliveSecondsMax: number
  readonly sessionExpirySecondsMax: number
  readonly maximumQos: 0 | 1 | 2
  readonly retainAvailable: boolean
  readonly wildcardsAvailable: boolean
  readonly subscriptionIdsAvailable: boolean
  readonly sharedAvailable: boolean
  /** Given in CONNACK to clients that ask for it. */
  readonly responseInformation: string | undefined
  /** Messages that wait for one connection's window or socket; beyond it QoS 1 and 2 close the connection. */
  readonly waitingBytesMax: number
  /** What one socket has not taken yet; beyond it QoS 0 is dropped and QoS 1 and 2 wait. */
  readonly socketBytesMax: number
  /** Bytes held for all connections together; beyond it those that hold most are ended. */
  readonly connectionMemoryMax: number
  /** A socket that takes nothing for so long is closed. */
  readonly slowReaderMillisMax: number
  /** Appended and not yet stored; beyond it sockets are not read. */
  readonly appendWindowBytesMax: number
}

export const defaultGatewaySettings: GatewaySettings = {
  gatewayName: 'gateway',
  clientPartitions: 1,
  topicPartitions: 1,
  limits: DEFAULT_LIMITS,
  packetBytesMax: 1_048_576,
  packetBytesMaxBeforeLogin: 65_536,
  connectMillisMax: 10_000,
  halfOpenMax: 1_000,
  connectsPerSecondMax: 0,
  publishesPerSecondMax: 0,
  receiveMaximum: 1_000,
  windowMax: 1_000,
  windowMaxBefore5: 100,
  subscriptionsMax: 1_000,
  topicAliasMax: 16,
  keepAliveSecondsMax: 1_200,
  sessionExpirySecondsMax: 604_800,
  maximumQos: 2,
  retainAvailable: true,
  wildcardsAvailable: true,
  subscriptionIdsAvailable: true,
  sharedAvailable: true,
  responseInformation: undefined,
  waitingBytesMax: 8_388_608,
  socketBytesMax: 1_048_576,
  connectionMemoryMax: 1_073_741_824,
  slowReaderMillisMax: 30_000,
  appendWindowBytesMax: 33_554_432,
}
