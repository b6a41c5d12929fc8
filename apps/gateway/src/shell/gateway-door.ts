// The gateway as the platform opens and closes it, with the broker's settings put into the gateway's own terms.
import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import type { IpNetworks } from '#libs/base'
import { DEFAULT_LIMITS } from '#libs/mqtt'
import { GatewayCounters } from '../core/counters.js'
import { defaultGatewaySettings } from '../core/settings.js'
import type { GatewaySettings } from '../core/settings.js'
import type { Listener } from './listeners/listener.js'
import type { Entrances } from './listeners/open-listeners.js'
import { startGateway } from './start-gateway.js'
import type { GatewayParts, RunningGateway } from './start-gateway.js'
import type { SysValue } from './sys-topics.js'

/** The broker's settings, as far as they concern the gateway. Sizes in bytes, times in milliseconds. */
export interface DoorSettings {
  readonly gatewayName: string
  readonly partitions: number
  readonly dataDir: string
  readonly tcpEnabled: boolean
  readonly tcpHost: string
  readonly tcpPort: number
  readonly tcpConnectionsMax: number
  readonly tlsEnabled: boolean
  readonly tlsHost: string
  readonly tlsPort: number
  readonly tlsConnectionsMax: number
  readonly wsEnabled: boolean
  readonly wsHost: string
  readonly wsPort: number
  readonly wsConnectionsMax: number
  readonly wssEnabled: boolean
  readonly wssHost: string
  readonly wssPort: number
  readonly wssConnectionsMax: number
  readonly wsPath: string
  readonly wsOrigins: readonly string[]
  readonly tlsCertificate: string
  readonly tlsKey: string
  readonly tlsClientCa: string
  readonly proxyFrom: IpNetworks
  readonly packetMax: number
  readonly packetMaxBeforeLogin: number
  readonly connectTimeout: number
  readonly halfOpenMax: number
  readonly connectRateMax: number
  readonly publishRateMax: number
  readonly clientIdMax: number
  readonly topicLevelsMax: number
  readonly userPropertiesMax: number
  readonly propertiesBytesMax: number
  readonly receiveMaximum: number
  readonly windowMax: number
  readonly windowOld: number
  readonly subscriptionsMax: number
  readonly subscriptionsPacketMax: number
  readonly topicAliasMaximum: number
  readonly keepAliveMax: number
  readonly sessionExpiryMax: number
  readonly connectionBytesMax: number
  readonly connectionMemory: number
  readonly slowReaderTimeout: number
  readonly retainedMax: number
  readonly sysInterval: number
}

export interface DoorParts extends Pick<GatewayParts, 'log' | 'logger' | 'now'> {
  /** What is published below $SYS/broker. */
  readonly sysValues: () => readonly SysValue[]
  readonly settings: DoorSettings
}

export interface GatewayDoor {
  readonly counters: GatewayCounters
  /** Bytes that may be appended and not stored; beyond, sockets are not read. */
  readonly appendWindowBytesMax: number
  /** Memory that may be held for all connections, in bytes. */
  readonly connectionMemoryMax: number
  /** Messages that clients have not acknowledged yet. */
  inflight(): number
  /** False when it is open and its inbox is not read. */
  isWell(): boolean
  /** Those that are open. */
  listeners(): readonly Listener[]
  open(): Promise<readonly { readonly name: string; readonly host: string; readonly port: number }[]>
  close(): Promise<void>
}

export function gatewayDoor({ log, settings, logger, now, sysValues }: DoorParts): GatewayDoor {
  const counters = new GatewayCounters()
  let running: RunningGateway | undefined
  return {
    counters,
    appendWindowBytesMax: defaultGatewaySettings.appendWindowBytesMax,
    connectionMemoryMax: settings.connectionMemory,
    inflight: () => running?.inflight() ?? 0,
    isWell: () => running?.reading() ?? true,
    listeners: () => running?.listeners ?? [],
    open: async () => {
      running = await startGateway({
        log,
        settings: gatewaySettings(settings),
        entrances: entrancesOf(settings),
        trusted: settings.proxyFrom,
        logger,
        counters,
        now,
        sys: { values: sysValues, everyMillis: settings.sysInterval },
        random: () => randomInt(2 ** 32),
      })
      return running.listeners
    },
    close: async () => {
      await running?.stop()
    },
  }
}

/** Bytes of a first WebSocket message beyond the largest packet: several may come in one, and each frame has a header. */
const firstBytesMore = 65_536

/** A new certificate is taken up after two looks at its files. */
const certificatesLookMillis = 2_000

function entrancesOf(settings: DoorSettings): Entrances {
  const entrance = (name: 'tcp' | 'tls' | 'ws' | 'wss') =>
    settings[`${name}Enabled`]
      ? {
          host: settings[`${name}Host`],
          port: settings[`${name}Port`],
          connectionsMax: settings[`${name}ConnectionsMax`],
        }
      : undefined
  const { dataDir, tlsCertificate, tlsKey, tlsClientCa } = settings
  return {
    tcp: entrance('tcp'),
    tls: entrance('tls'),
    ws: entrance('ws'),
    wss: entrance('wss'),
    certificates: {
      certificate: tlsCertificate === '' ? join(dataDir, 'certificates', 'server.pem') : tlsCertificate,
      key: tlsKey === '' ? join(dataDir, 'certificates', 'server-key.pem') : tlsKey,
      clientCa: tlsClientCa === '' ? undefined : tlsClientCa,
      areRequired: tlsCertificate !== '' || tlsKey !== '' || tlsClientCa !== '',
      lookMillis: certificatesLookMillis,
    },
    webSocket: {
      path: settings.wsPath,
      origins: settings.wsOrigins,
      // Many packets may come in one message, which is held until it is whole.
      messageBytesMax: settings.packetMax + settings.connectionBytesMax,
      firstBytesMax: settings.packetMaxBeforeLogin + firstBytesMore,
    },
  }
}

function gatewaySettings(settings: DoorSettings): GatewaySettings {
  return {
    ...defaultGatewaySettings,
    gatewayName: settings.gatewayName,
    clientPartitions: settings.partitions,
    topicPartitions: settings.partitions,
    limits: {
      ...DEFAULT_LIMITS,
      clientIdBytesMax: settings.clientIdMax,
      topicLevelsMax: settings.topicLevelsMax,
      userPropertiesMax: settings.userPropertiesMax,
      propertiesBytesMax: settings.propertiesBytesMax,
      filtersMax: settings.subscriptionsPacketMax,
    },
    packetBytesMax: settings.packetMax,
    packetBytesMaxBeforeLogin: settings.packetMaxBeforeLogin,
    connectMillisMax: settings.connectTimeout,
    halfOpenMax: settings.halfOpenMax,
    connectsPerSecondMax: settings.connectRateMax,
    publishesPerSecondMax: settings.publishRateMax,
    receiveMaximum: settings.receiveMaximum,
    windowMax: settings.windowMax,
    windowMaxBefore5: settings.windowOld,
    subscriptionsMax: settings.subscriptionsMax,
    topicAliasMax: settings.topicAliasMaximum,
    keepAliveSecondsMax: Math.floor(settings.keepAliveMax / 1000),
    sessionExpirySecondsMax: Math.floor(settings.sessionExpiryMax / 1000),
    waitingBytesMax: settings.connectionBytesMax,
    socketBytesMax: settings.connectionBytesMax,
    connectionMemoryMax: settings.connectionMemory,
    slowReaderMillisMax: settings.slowReaderTimeout,
    retainAvailable: settings.retainedMax > 0,
  }
}
