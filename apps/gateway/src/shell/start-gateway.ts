// Starts a gateway: its life begins in the log, its inbox is read, its listeners open. And stops it: good-bye to all clients, everything
// of theirs stored, its life ended in the log.
import type { IpNetworks } from '#libs/base'
import { RecordCursor } from '#libs/batch'
import type { EventLog } from '#libs/log'
import { gatewayInbox } from '#libs/topics'
import type { GatewayCounters } from '../core/counters.js'
import { Gateway } from '../core/gateway.js'
import type { GatewaySettings } from '../core/settings.js'
import { ConnectionDriver } from './connection-driver.js'
import type { LineWriter } from './connection-driver.js'
import { beginIncarnation, endIncarnation } from './incarnation.js'
import { Descriptors, socketsAllowed } from './listeners/descriptors.js'
import type { Listener } from './listeners/listener.js'
import { openListeners } from './listeners/open-listeners.js'
import type { Entrances } from './listeners/open-listeners.js'

export interface GatewayParts {
  readonly log: EventLog
  readonly settings: GatewaySettings
  readonly entrances: Entrances
  /** Proxies that may name the client. */
  readonly trusted: IpNetworks
  readonly logger: LineWriter
  readonly counters: GatewayCounters
  readonly now: () => number
  /** As in `GatewayOptions`. */
  readonly random: () => number
}

export interface RunningGateway {
  readonly listeners: readonly Listener[]
  /** Graceful. */
  stop(): Promise<void>
}

export async function startGateway(parts: GatewayParts): Promise<RunningGateway> {
  const { log, settings, entrances, trusted, logger, counters, now, random } = parts
  const { gatewayName } = settings
  const incarnation = await beginIncarnation(log, gatewayName)
  const gateway = new Gateway({ settings, counters, incarnation, random })
  const driver = new ConnectionDriver({ gateway, log, logger, now })
  const cursor = new RecordCursor()
  let next = -1
  const reader = log.read(
    { topic: gatewayInbox(gatewayName).name, partition: 0 },
    {
      from: 'end',
      visibility: 'stored',
      handle: (batch) => {
        driver.enter(0)
        if (next >= 0 && batch.baseOffset > next) driver.missed(batch.baseOffset - next)
        next = batch.nextOffset
        cursor.open(batch.bytes)
        while (cursor.next()) {
          if (cursor.valueFrom >= 0) driver.inbox(cursor.bytes, cursor.valueFrom, cursor.valueTo)
        }
      },
      failed: (error) => {
        logger.error({ detail: String(error) }, 'the inbox of the gateway cannot be read')
      },
    },
  )
  const listeners = await openListeners(entrances, {
    reception: driver,
    logger,
    trusted,
    descriptors: new Descriptors({ max: socketsAllowed(), logger }),
    arrivalMillisMax: settings.connectMillisMax,
  })
  return {
    listeners: listeners.open,
    stop: async () => {
      listeners.close()
      await driver.stop()
      await reader.close()
      await endIncarnation(log, gatewayName, incarnation)
    },
  }
}
