// Starts a gateway: a life in the log, then its listeners. And stops it: nobody new, then the end of that life.
import type { IpNetworks } from '#libs/base'
import { beginLife } from './gateway-life.js'
import type { LifeParts } from './gateway-life.js'
import { Descriptors, socketsAllowed } from './listeners/descriptors.js'
import type { Listener } from './listeners/listener.js'
import { openListeners } from './listeners/open-listeners.js'
import type { Entrances } from './listeners/open-listeners.js'

export interface GatewayParts extends LifeParts {
  readonly entrances: Entrances
  /** Proxies that may name the client. */
  readonly trusted: IpNetworks
}

export interface RunningGateway {
  readonly listeners: readonly Listener[]
  /** Graceful. */
  stop(): Promise<void>
}

export async function startGateway(parts: GatewayParts): Promise<RunningGateway> {
  const { settings, entrances, trusted, logger } = parts
  const life = await beginLife(parts)
  const listeners = await openListeners(entrances, {
    reception: life.driver,
    logger,
    trusted,
    descriptors: new Descriptors({ allowed: socketsAllowed(), logger }),
    arrivalMillisMax: settings.connectMillisMax,
  })
  return {
    listeners: listeners.open,
    stop: async () => {
      listeners.close()
      await life.end()
    },
  }
}
