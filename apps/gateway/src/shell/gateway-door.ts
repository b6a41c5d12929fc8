// The gateway as the platform opens and closes it, with the broker's settings put into the gateway's own terms.
import { randomInt } from 'node:crypto'
import { DEFAULT_LIMITS } from '#libs/mqtt'
import { emptyGatewayCounters } from '../core/counters.js'
import type { GatewayCounters } from '../core/counters.js'
import { defaultGatewaySettings } from '../core/settings.js'
import type { GatewaySettings } from '../core/settings.js'
import { startGateway } from './start-gateway.js'
import type { GatewayParts, RunningGateway } from './start-gateway.js'

/** The broker's settings, as far as they concern the gateway. Sizes in bytes, times in milliseconds. */
export interface DoorSettings {
  readonly gatewayName: string
  readonly partitions: number
  readonly tcpEnabled: boolean
  readonly tcpHost: string
  readonly tcpPort: number
  readonly tcpConnectionsMax: number
  readonly packetMax: number
  readonly packetMaxBeforeLogin: number
  readonly connectTimeout: number
  readonly halfOpenMax: number
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
  readonly slowReaderTimeout: number
  readonly retainedMax: number
}

export interface DoorParts extends Pick<GatewayParts, 'log' | 'logger' | 'now'> {
  readonly settings: DoorSettings
}

export interface GatewayDoor {
  readonly counters: GatewayCounters
  open(): Promise<readonly { readonly name: string; readonly host: string; readonly port: number }[]>
  close(): Promise<void>
}

export function gatewayDoor({ log, settings, logger, now }: DoorParts): GatewayDoor {
  const counters = emptyGatewayCounters()
  let running: RunningGateway | undefined
  return {
    counters,
    open: async () => {
      const { tcpEnabled, tcpHost: host, tcpPort: port, tcpConnectionsMax: connectionsMax } = settings
      running = await startGateway({
        log,
        settings: gatewaySettings(settings),
        entrances: tcpEnabled ? { tcp: { host, port, connectionsMax } } : {},
        logger,
        counters,
        now,
        random: () => randomInt(2 ** 32),
      })
      return running.listeners
    },
    close: async () => {
      await running?.stop()
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
    receiveMaximum: settings.receiveMaximum,
    windowMax: settings.windowMax,
    windowMaxBefore5: settings.windowOld,
    subscriptionsMax: settings.subscriptionsMax,
    topicAliasMax: settings.topicAliasMaximum,
    keepAliveSecondsMax: Math.floor(settings.keepAliveMax / 1000),
    sessionExpirySecondsMax: Math.floor(settings.sessionExpiryMax / 1000),
    waitingBytesMax: settings.connectionBytesMax,
    socketBytesMax: settings.connectionBytesMax,
    slowReaderMillisMax: settings.slowReaderTimeout,
    retainAvailable: settings.retainedMax > 0,
  }
}
