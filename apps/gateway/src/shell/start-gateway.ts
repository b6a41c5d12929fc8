// Starts a gateway: its life begins in the log, its inbox is read, its listeners open. And stops it: good-bye to all clients, everything
// of theirs stored, its life ended in the log.
import { RecordCursor } from '#libs/batch'
import type { EventLog } from '#libs/log'
import { gatewayInbox } from '#libs/topics'
import type { GatewayCounters } from '../core/counters.js'
import { Gateway } from '../core/gateway.js'
import { onInbox } from '../core/on-inbox.js'
import type { GatewaySettings } from '../core/settings.js'
import { ConnectionDriver } from './connection-driver.js'
import type { LineWriter } from './connection-driver.js'
import { beginIncarnation, endIncarnation } from './incarnation.js'
import { listenTcp } from './listeners/tcp.js'
import type { Listener } from './listeners/tcp.js'

/** Where to listen; a listener that is left out does not open. */
export interface Entrances {
  readonly tcp?: { readonly host: string; readonly port: number; readonly connectionsMax: number }
}

export interface GatewayParts {
  readonly log: EventLog
  readonly settings: GatewaySettings
  readonly entrances: Entrances
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
  const { log, settings, logger, counters, now, random } = parts
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
  const listeners = await openListeners(parts, driver)
  return {
    listeners,
    stop: async () => {
      for (const listener of listeners) listener.close()
      await driver.stop()
      await reader.close()
      await endIncarnation(log, gatewayName, incarnation)
    },
  }
}

async function openListeners({ entrances, logger }: GatewayParts, driver: ConnectionDriver): Promise<Listener[]> {
  const listeners: Listener[] = []
  if (entrances.tcp !== undefined) listeners.push(await listenTcp({ ...entrances.tcp, driver, logger }))
  return listeners
}
