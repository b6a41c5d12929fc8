// Starts a gateway: a life in the log, then its listeners. And stops it: nobody new, then the end of that life.
import type { IpNetworks } from '#libs/base'
import { beginLife } from './gateway-life.js'
import type { LifeParts } from './gateway-life.js'
import { Descriptors, socketsAllowed } from './listeners/descriptors.js'
import type { Listener } from './listeners/listener.js'
import { openListeners } from './listeners/open-listeners.js'
import type { Entrances } from './listeners/open-listeners.js'
import { publishSysTopics, type SysValue } from './sys-topics.js'

export interface GatewayParts extends LifeParts {
  readonly entrances: Entrances
  /** Proxies that may name the client. */
  readonly trusted: IpNetworks
  /** The statistics topics below $SYS/broker. */
  readonly sys: { readonly everyMillis: number; readonly values: () => readonly SysValue[] }
}

export interface RunningGateway {
  readonly listeners: readonly Listener[]
  /** Messages that clients have not acknowledged yet. */
  inflight(): number
  /** As in `GatewayLife`. */
  reading(): boolean
  /** Graceful. */
  stop(): Promise<void>
}

export async function startGateway(parts: GatewayParts): Promise<RunningGateway> {
  const { settings, entrances, trusted, logger } = parts
  const life = await beginLife(parts)
  const listeners = await openListeners(entrances, {
    reception: life.driver,
    logger,
    turnedAway: parts.counters.turnedAway,
    trusted,
    descriptors: new Descriptors({ allowed: socketsAllowed(), logger }),
    arrivalMillisMax: settings.connectMillisMax,
  })
  const endSysTopics = publishSysTopics({
    log: parts.log,
    topicPartitions: settings.topicPartitions,
    gatewayName: settings.gatewayName,
    incarnation: life.driver.gateway.incarnation,
    everyMillis: parts.sys.everyMillis,
    read: parts.sys.values,
  })
  return {
    listeners: listeners.open,
    inflight: () => {
      let count = 0
      life.driver.gateway.connections.each(({ inflightCount }) => (count += inflightCount))
      return count
    },
    reading: life.reading,
    stop: async () => {
      endSysTopics()
      listeners.close()
      await life.end()
    },
  }
}
