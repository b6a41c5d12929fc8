// The life of a process: settings, log, Nest, services, doors, and the same backwards. What is wrong at the start is said in one line.
import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { Module, type DynamicModule, type Type } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import { makeDirectory, openEmbeddedLog, type EmbeddedLog } from '#libs/log'
import { catalogue, gatewayInbox, type Topic } from '#libs/topics'
import { checkPorts } from './check-ports.js'
import { Doors, type Listening } from './doors.js'
import { LogStrategy } from './log-strategy.js'
import { addLogMetrics } from './log-metrics.js'
import { LongStart } from './long-start.js'
import { createLines, NestLogger, type Logger } from './logger.js'
import { Metrics } from './metrics.js'
import { PlatformModule } from './platform.module.js'
import { ServiceRegistry } from './service-registry.js'
import { readEnvironment } from './environment.js'
import { readSettings, unknownSettings, type Settings } from './settings.js'
import { heapValues } from './sys-topics.js'
import { httpError, startError } from './start-error.js'
import { Vitals } from './vitals.js'
import { greeting } from './greeting.js'

/** Signals that stop the broker gracefully; another one later stops it at once. */
const stopSignals = ['SIGINT', 'SIGTERM'] as const
/** One Ctrl-C comes twice through npm: from the terminal and from npm. Only a signal later than this is a second wish. */
const sameSignalMillis = 1000

/** Runs the given apps in this process until a signal comes. Sets the exit code: 0 after a clean stop, 1 when it could not start. */
export async function runBroker(apps: readonly Type[]): Promise<void> {
  let settings: Settings | undefined
  try {
    refuseArguments()
    const environment = readEnvironment()
    settings = readSettings(environment)
    const lines = createLines(settings.logLevel)
    const { logger } = lines
    for (const name of unknownSettings(environment))
      logger.warn({ name }, 'no such setting; .env.example lists all')
    const longStart = new LongStart({ logger, host: settings.httpHost, port: settings.httpPort })
    const log = await openLog(settings, logger, longStart)
    await start(apps, { settings, logger, log, longStart, linesLost: lines.lost })
  } catch (error) {
    process.stderr.write(`tbmq: ${startError(error, settings)}\n`)
    process.exit(1)
  }
}

/** Who gives one believes that it is heard. */
function refuseArguments(): void {
  const [argument] = process.argv.slice(2)
  if (argument !== undefined) {
    throw new Error(
      `There are no arguments, such as ${argument}: all settings are environment variables, see .env.example.`,
    )
  }
}

interface Parts {
  readonly settings: Settings
  readonly logger: Logger
  readonly log: EmbeddedLog
  readonly longStart: LongStart
  readonly linesLost: () => number
}

async function start(apps: readonly Type[], parts: Parts): Promise<void> {
  const { settings, logger, log, longStart } = parts
  const root = rootModule(apps, PlatformModule.of(parts))
  const app = await NestFactory.create<NestFastifyApplication>(root, new FastifyAdapter(), {
    // What goes wrong before the doors open is said once, by `runBroker`.
    logger: false,
    abortOnError: false,
  })
  app.connectMicroservice({ strategy: app.get(LogStrategy) })
  // Here and not in `listen`, so that what an app cannot do is not said of the port.
  await app.init()
  await longStart.letGoOfPort()
  await listenHttp(app, settings)
  app.useLogger(new NestLogger(logger))
  const vitals = app.get(Vitals)
  vitals.part('log', () => ({
    up: log.writable,
    detail: { pressure: log.pressure, unsyncedBytes: log.metrics.unsyncedBytes },
  }))
  const metrics = app.get(Metrics)
  addLogMetrics(metrics, log, app.get(ServiceRegistry), vitals)
  metrics.add({
    name: 'tbmq_lines_lost_total',
    help: 'Lines of this output that were lost because nobody took them.',
    kind: 'counter',
    read: parts.linesLost,
  })
  metrics.sys.add(heapValues())
  longStart.step({ sentence: 'restoring sessions, subscriptions and queues' })
  await app.startAllMicroservices()
  const doors = app.get(Doors)
  const listening = await doors.open()
  await longStart.end()
  vitals.serving = true
  const http = httpListening(app, settings)
  stopOnSignal(app, parts)
  // Counted from the start of the process: loading the program is part of what its user waits for.
  process.stdout.write(`${greeting(settings, [...listening, http], performance.now())}\n`)
}

/** The module that holds the given apps: standalone is nothing but this list. */
function rootModule(apps: readonly Type[], platform: DynamicModule): Type {
  @Module({ imports: [platform, ...apps] })
  class Root {}
  return Root
}

async function listenHttp(app: NestFastifyApplication, settings: Settings): Promise<void> {
  try {
    await app.listen(settings.httpPort, settings.httpHost)
  } catch (error) {
    throw httpError(error, settings)
  }
}

function httpListening(app: NestFastifyApplication, settings: Settings): Listening {
  const address: unknown = app.getHttpServer().address()
  const port =
    typeof address === 'object' && address !== null && 'port' in address
      ? Number(address.port)
      : settings.httpPort
  return { name: 'http', host: settings.httpHost, port }
}

/** A small file system keeps a tenth of itself free rather than TBMQ_DISK_FREE_MIN. */
const freePartMax = 0.1

async function diskLimits(
  settings: Settings,
): Promise<{ readonly diskMax: number; readonly diskFreeMin: number }> {
  await makeDirectory(settings.dataDir)
  const { blocks, bsize } = await statfs(settings.dataDir)
  const total = blocks * bsize
  const { diskMax, diskFreeMin } = settings
  return {
    diskMax: typeof diskMax === 'number' ? diskMax : (total * diskMax.percent) / 100,
    diskFreeMin: Math.min(diskFreeMin, total * freePartMax),
  }
}

async function openLog(settings: Settings, logger: Logger, longStart: LongStart): Promise<EmbeddedLog> {
  const log = await openEmbeddedLog({
    ...(await diskLimits(settings)),
    directory: join(settings.dataDir, 'log'),
    segmentBytes: settings.segmentBytes,
    damage: settings.logDamage,
    pressure: (pressure) => {
      logger.warn({ pressure }, pressureSentences[pressure])
    },
    notice: (sentence) => {
      logger.warn({}, sentence)
    },
    locked: () => checkPorts(settings),
    progress: (done, total) => {
      longStart.step({ sentence: 'checking the files of the log', done, total })
    },
  })
  const counted = (topic: Topic) => ({
    topic: limited(topic, settings),
    partitions: topic.partitioning === 'one' ? 1 : settings.partitions,
  })
  await log.createTopics([...Object.values(catalogue), gatewayInbox(settings.gatewayName)].map(counted))
  return log
}

/** What an operator must know when the disk fills up, and when there is room again. */
const pressureSentences = {
  none: 'there is room on the disk again: everything is taken',
  dropQos0: 'the disk is nearly full (TBMQ_DISK_MAX, TBMQ_DISK_FREE_MIN): QoS 0 is dropped',
  hold: 'the disk is full (TBMQ_DISK_MAX, TBMQ_DISK_FREE_MIN): publishers are held until there is room',
} as const

/** The retention that the settings give to the messages. */
function limited(topic: Topic, settings: Settings): Topic {
  if (topic !== catalogue.messages) return topic
  const { messagesKeptTime: millis, messagesKeptBytes: bytes } = settings
  return { ...topic, retention: { kind: 'limited', millis, bytes } }
}

function stopOnSignal(app: NestFastifyApplication, { settings, logger, log }: Parts): void {
  let stoppingSince: number | undefined
  const stop = async (signal: string): Promise<void> => {
    logger.info({ signal }, 'stopping')
    app.get(Vitals).serving = false
    await app.get(Doors).close()
    await app.close()
    await log.close()
  }
  for (const signal of stopSignals) {
    process.on(signal, () => {
      if (stoppingSince !== undefined) {
        if (performance.now() - stoppingSince > sameSignalMillis) process.exit(1)
        return
      }
      stoppingSince = performance.now()
      // What does not end in time is as good as killed: everything acknowledged is stored, the next start restores it.
      setTimeout(() => {
        logger.error({}, 'the graceful stop took too long; stopping at once')
        process.exit(1)
      }, settings.shutdownMax).unref()
      stop(signal).then(
        () => {
          process.exit(0)
        },
        (error: unknown) => {
          logger.error({ detail: String(error) }, 'stopping failed')
          process.exit(1)
        },
      )
    })
  }
}
