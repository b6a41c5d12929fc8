// One process of the broker: the services on a log, as standalone starts them, without Nest and without sockets.
import { Partition } from '#libs/runtime'
import type { MemoryStore } from '#libs/store'
import type { MemoryClient } from '#libs/log'
import type { Service } from '#libs/service'
import { catalogue, gatewayInbox } from '#libs/topics'
import { anonymousProvider } from '../../../apps/auth/src/core/anonymous.js'
import { AuthWorker } from '../../../apps/auth/src/shell/auth-worker.js'
import type { DeliveryFact } from '../../../apps/delivery/src/core/facts.js'
import type { DeliveryState } from '../../../apps/delivery/src/core/state.js'
import { Delivery } from '../../../apps/delivery/src/shell/delivery.js'
import { GatewayCounters } from '../../../apps/gateway/src/core/counters.js'
import { defaultGatewaySettings } from '../../../apps/gateway/src/core/settings.js'
import { beginLife, type GatewayLife } from '../../../apps/gateway/src/shell/gateway-life.js'
import { sessionService } from '../../../apps/session/src/core/session.service.js'
import type { SessionFact, SessionsState } from '../../../apps/session/src/core/sessions.state.js'
import { subscriptionService } from '../../../apps/subscription/src/core/subscription.service.js'
import type { SubscriptionFact } from '../../../apps/subscription/src/core/subscription-facts.js'
import type { SubscriptionsState } from '../../../apps/subscription/src/core/subscriptions.state.js'
import type { ClientEnd } from '../world/link.js'
import { Link } from '../world/link.js'
import type { Life, World } from '../world/world.js'
import { ProcessLog } from './process-log.js'

/** So small that everything that bounds brings about happens in a short run. */
const limits = {
  queueLengthMax: 0,
  queueBytesMax: 0,
  whenFull: 'dropOldest',
  windowMax: 20,
  windowOldMax: 8,
  groupStrategy: 'roundRobin',
} as const

export interface ProcessOptions {
  readonly world: World
  readonly name: string
  readonly partitions: number
  /** Outlives processes. */
  readonly store: MemoryStore
  /** Something was said that a healthy broker does not say. */
  readonly complained: (sentence: string) => void
  /** Bytes of queued messages in memory, and of the inbox before messages become facts. */
  readonly memoryBytes: number
  readonly inboxBytesMax: number
}

/** A process that runs every service: what standalone is. */
export class BrokerProcess implements Life {
  alive = true
  paused = false
  ready = false
  readonly client: MemoryClient
  readonly sessions: Partition<SessionsState, SessionFact>[] = []
  readonly subscriptions: Partition<SubscriptionsState, SubscriptionFact>[] = []
  readonly deliveries: Partition<DeliveryState, DeliveryFact>[] = []
  readonly delivery: Delivery
  readonly gatewayCounters = new GatewayCounters()
  readonly #options: ProcessOptions
  readonly #log: ProcessLog
  readonly #links = new Set<Link>()
  #gateway: GatewayLife | undefined

  constructor(options: ProcessOptions) {
    this.#options = options
    const { world, store, partitions, memoryBytes, inboxBytesMax } = options
    this.client = world.log.connect()
    this.#log = new ProcessLog(world, this, this.client)
    this.delivery = new Delivery({
      limits,
      inboxBytesMax,
      log: this.#log,
      store,
      after: (millis, callback) => world.clockOf(this).after(millis, callback),
      run: (partition, decide) => {
        this.deliveries[partition]?.run((_state, now, outcome) => {
          decide(now, outcome)
        })
      },
      failed: (sentence, error) => {
        this.#complain(sentence, error)
      },
      memoryBytes,
      partitions,
    })
  }

  /** Resolves when connections are taken. */
  async start(): Promise<void> {
    const { world, partitions, name } = this.#options
    world.current = this
    const log = this.#log
    const topics = [...Object.values(catalogue), gatewayInbox(name)]
    await log.createTopics(
      topics.map((topic) => ({ topic, partitions: topic.partitioning === 'one' ? 1 : partitions })),
    )
    const now = (): number => world.schedule.millis
    for (let partition = 0; partition < partitions; partition++) {
      new AuthWorker({
        log,
        partition,
        clientPartitions: partitions,
        providers: [anonymousProvider('all')],
        now,
        failed: (sentence, error) => {
          this.#complain(sentence, error)
        },
      }).start()
    }
    const { delivery } = this
    await Promise.all([
      this.#run(this.sessions, sessionService({ sessionExpirySecondsMax: 604_800 })),
      this.#run(this.subscriptions, subscriptionService({ pageMessagesMax: 3 })),
      this.#run(this.deliveries, delivery.service, (partition, state) => {
        delivery.restored(partition, state)
      }),
    ])
    if (!this.alive) return
    this.#gateway = await beginLife({
      log,
      settings: {
        ...defaultGatewaySettings,
        gatewayName: name,
        clientPartitions: partitions,
        topicPartitions: partitions,
        windowMax: limits.windowMax,
        windowMaxBefore5: limits.windowOldMax,
      },
      logger: {
        debug: () => undefined,
        info: () => undefined,
        warn: (fields, sentence) => {
          this.#complain(sentence, JSON.stringify(fields))
        },
        error: (fields, sentence) => {
          this.#complain(sentence, JSON.stringify(fields))
        },
      },
      counters: this.gatewayCounters,
      now,
      random: () => world.random.uint32(),
    })
    this.ready = true
  }

  /** A client connects. Undefined: nobody listens. */
  connect(client: ClientEnd, delayMicros: readonly [number, number]): Link | undefined {
    const { world } = this.#options
    const gateway = this.#gateway
    if (!this.alive || this.paused || gateway === undefined || !this.ready) return undefined
    const link = new Link({ world, life: this, delayMicros }, client)
    this.#links.add(link)
    world.current = this
    link.opened(gateway.driver.open(link))
    return link
  }

  /** Stands still for some time, as a process does whose machine is busy or whose virtual machine is moved. */
  pause(micros: number): void {
    this.paused = true
    this.client.paused = true
    this.#options.world.after(micros, () => {
      this.wake()
    })
  }

  wake(): void {
    this.paused = false
    this.client.paused = false
    for (const link of this.#links) link.processWoke()
  }

  /** The process is gone. What its log client had not sent is lost with it. */
  died(): void {
    this.alive = false
    this.ready = false
    for (const link of this.#links) link.processDied()
    this.#links.clear()
  }

  async #run<State, Fact>(
    into: Partition<State, Fact>[],
    service: Service<State, Fact>,
    restored?: (partition: number, state: State | undefined) => void,
  ): Promise<void> {
    const { world, partitions } = this.#options
    for (let index = 0; index < partitions; index++) {
      into.push(
        new Partition({
          log: this.#log,
          service,
          placement: { partition: index, clientPartitions: partitions, topicPartitions: partitions },
          clock: world.clockOf(this),
          failed: (sentence, error) => {
            this.#complain(`${service.name} ${String(index)}: ${sentence}`, error)
          },
          restored: (state) => restored?.(index, state),
        }),
      )
    }
    await Promise.all(into.map((partition) => partition.start()))
  }

  #complain(sentence: string, error: unknown): void {
    if (!this.alive) return
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
    this.#options.complained(`${sentence}: ${detail}`)
  }
}
