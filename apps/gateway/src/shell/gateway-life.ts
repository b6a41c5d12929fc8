// One life of a gateway between its listeners and the log: it begins in the log, its inbox is read, its connections are driven. And it
// ends: good-bye to all clients, everything of theirs stored, its end in the log.
import { MalformedBatch, RecordCursor, type Batch } from '#libs/batch'
import type { EventLog } from '#libs/log'
import { LastingReader } from '#libs/runtime'
import { gatewayInbox, passingRunKind } from '#libs/topics'
import type { GatewayCounters } from '../core/counters.js'
import { Gateway } from '../core/gateway.js'
import type { GatewaySettings } from '../core/settings.js'
import { ConnectionDriver } from './connection-driver.js'
import type { LineWriter } from './connection-driver.js'
import { fencedLog } from './fenced-log.js'
import { beginIncarnation, endIncarnation } from './incarnation.js'
import { Repeats } from './repeats.js'

export interface LifeParts {
  readonly log: EventLog
  readonly settings: GatewaySettings
  readonly logger: LineWriter
  readonly counters: GatewayCounters
  readonly now: () => number
  /** As in `GatewayOptions`. */
  readonly random: () => number
}

export interface GatewayLife {
  /** Takes connections. */
  readonly driver: ConnectionDriver
  /** True while its inbox is read; else no connection hears anything for now. */
  readonly reading: () => boolean
  /** Records that came again and were dropped, so far. */
  readonly repeated: () => number
  /** Graceful. */
  end(): Promise<void>
}

export async function beginLife(parts: LifeParts): Promise<GatewayLife> {
  const { log, settings, logger, counters, now, random } = parts
  const { gatewayName } = settings
  const appends = await fencedLog(log, settings)
  const incarnation = await beginIncarnation(log, gatewayName)
  const gateway = new Gateway({ settings, counters, incarnation, random })
  const driver = new ConnectionDriver({ gateway, log: appends, logger, now })
  const cursor = new RecordCursor()
  const repeats = log.atomicCommit ? undefined : new Repeats(incarnation)
  let next = -1
  const reader = new LastingReader(
    log,
    { topic: gatewayInbox(gatewayName).name, partition: 0 },
    {
      from: 'end',
      visibility: 'stored',
      isPassing,
      handle: (batch) => {
        driver.enter(0)
        if (next >= 0 && batch.baseOffset > next) driver.missed()
        next = batch.nextOffset
        cursor.open(batch.bytes)
        while (cursor.next()) {
          if (cursor.valueFrom < 0 || repeats?.has(cursor) === true) continue
          gateway.newFrom = repeats?.newFrom ?? 0
          driver.inbox(cursor.bytes, cursor.valueFrom, cursor.valueTo)
        }
      },
      failed: (error) => {
        logger.error({ detail: String(error) }, 'the inbox of the gateway cannot be read')
        driver.enter(0)
        driver.missed()
      },
    },
  )
  return {
    driver,
    reading: () => reader.reading,
    repeated: () => repeats?.dropped ?? 0,
    end: async () => {
      await driver.stop()
      await reader.close()
      await endIncarnation(log, gatewayName, incarnation)
    },
  }
}

const peek = new RecordCursor()

/** True for runs of messages with QoS 0: whoever published them was promised nothing, so nobody has to wait for the disk. */
function isPassing({ bytes }: Batch): boolean {
  try {
    peek.open(bytes)
    while (peek.next()) if (bytes[peek.valueFrom] !== passingRunKind) return false
    return true
  } catch (error) {
    // Whoever reads the batch meets it again, and says so.
    if (error instanceof MalformedBatch) return false
    throw error
  }
}
