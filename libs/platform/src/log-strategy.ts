// Nest's way to the log: a transport strategy that starts the partitions of every registered service and hands each batch to the
// message handler of its topic. A handler gets a batch, never one message, and gives it to its partition.
import { Inject, Injectable } from '@nestjs/common'
import { BaseRpcContext, MessagePattern, Server, type CustomTransportStrategy } from '@nestjs/microservices'
import type { Batch } from '#libs/batch'
import type { EventLog } from '#libs/log'
import { Partition, type Clock } from '#libs/runtime'
import type { Topic } from '#libs/topics'
import type { Logger } from './logger.js'
import { ServiceRegistry, type Registration } from './service-registry.js'
import type { Settings } from './settings.js'
import { CLOCK, EVENT_LOG, LOGGER, SETTINGS } from './tokens.js'
import { Vitals } from './vitals.js'

/** The partition that a batch belongs to: the handler gives the batch to it. */
export class BatchContext extends BaseRpcContext<[Partition<unknown, unknown>]> {
  /** Decides about the batch; what goes wrong is the partition's to mend. */
  take(batch: Batch): BatchContext {
    this.args[0].take(batch)
    return this
  }
}

/** Marks the handler of a topic's batches. It must return what `context.take` gives: anything else fails the partition. */
export const Batches = (topic: Topic): MethodDecorator => MessagePattern(topic.name)

@Injectable()
export class LogStrategy extends Server implements CustomTransportStrategy {
  readonly #log: EventLog
  readonly #services: ServiceRegistry
  readonly #settings: Settings
  readonly #logger: Logger
  readonly #clock: Clock
  readonly #vitals: Vitals

  constructor(
    @Inject(EVENT_LOG) log: EventLog,
    @Inject(ServiceRegistry) services: ServiceRegistry,
    @Inject(SETTINGS) settings: Settings,
    @Inject(LOGGER) logger: Logger,
    @Inject(CLOCK) clock: Clock,
    @Inject(Vitals) vitals: Vitals,
  ) {
    super()
    this.#log = log
    this.#services = services
    this.#settings = settings
    this.#logger = logger
    this.#clock = clock
    this.#vitals = vitals
  }

  /** Starts every partition of every service; calls back when all are restored and read their inputs. */
  override listen(callback: (error?: unknown) => void): void {
    Promise.all(this.#services.registrations.map((registration) => this.#start(registration))).then(
      () => {
        callback()
      },
      (error: unknown) => {
        callback(error)
      },
    )
  }

  /** Stops reading and saves the positions. */
  override async close(): Promise<void> {
    const all = [...this.#services.partitions.values()].flat()
    await Promise.all(all.map((partition) => partition.stop()))
  }

  override on(): never {
    throw new Error('the log has no events of a connection')
  }

  override unwrap<T>(): T {
    throw new Error('the log is injected as EVENT_LOG')
  }

  async #start({ service, restored }: Registration): Promise<void> {
    const count = this.#settings.partitions
    const partitions: Partition<unknown, unknown>[] = []
    for (let index = 0; index < count; index++) {
      const placement = { partition: index, clientPartitions: count, topicPartitions: count }
      const partition: Partition<unknown, unknown> = new Partition({
        log: this.#log,
        service,
        placement,
        clock: this.#clock,
        deliver: (to, batch) => this.#deliver(to, batch),
        failed: (sentence, error) => {
          const detail = error instanceof Error ? error.stack : undefined
          this.#logger.error({ service: service.name, partition: index, detail }, sentence)
        },
        restored: (state) => restored?.(index, state),
      })
      partitions.push(partition)
    }
    this.#services.partitions.set(service.name, partitions)
    this.#vitals.part(service.name, () => ({
      up: partitions.every(({ ready, failures }) => ready && !failures.areMany),
      detail: {
        partitions: count,
        flapping: partitions.filter(({ failures }) => failures.areMany).length,
        failures: partitions.reduce((sum, { failures }) => sum + failures.count, 0),
        lag: partitions.reduce((sum, { lag }) => sum + lag, 0),
      },
    }))
    await Promise.all(partitions.map((partition) => partition.start()))
  }

  async #deliver(partition: Partition<unknown, unknown>, batch: Batch): Promise<void> {
    const handler = this.messageHandlers.get(batch.topic)
    if (handler === undefined) throw new Error(`no handler for ${batch.topic}`)
    const context = new BatchContext([partition])
    // Nest turns a throw in a handler into an Observable and resolves: only the handler's own answer says that the batch is done.
    const answer: unknown = await handler(batch, context)
    if (answer !== context)
      partition.failedAt(batch, new Error(`the handler of ${batch.topic} did not take it`))
  }
}
