// One process of the broker on the simulated log: a gateway, partitions of services, or both, as their apps wire them, without Nest and
// without sockets.
import type { MemoryClient } from '#libs/log'
import { Partition } from '#libs/runtime'
import type { Service } from '#libs/service'
import type { MemoryStore } from '#libs/store'
import { catalogue, gatewayInbox } from '#libs/topics'
import { anonymousProvider } from '../../../apps/auth/src/core/anonymous.js'
import type { Provider } from '../../../apps/auth/src/core/authenticate.js'
import { AuthWorker } from '../../../apps/auth/src/shell/auth-worker.js'
import type { DeliveryFact } from '../../../apps/delivery/src/core/facts.js'
import type { DeliveryState } from '../../../apps/delivery/src/core/state.js'
import { Delivery } from '../../../apps/delivery/src/shell/delivery.js'
import { sessionService } from '../../../apps/session/src/core/session.service.js'
import type { SessionFact, SessionsState } from '../../../apps/session/src/core/sessions.state.js'
import type { SubscriptionFact } from '../../../apps/subscription/src/core/subscription-facts.js'
import { subscriptionService } from '../../../apps/subscription/src/core/subscription.service.js'
import type { SubscriptionsState } from '../../../apps/subscription/src/core/subscriptions.state.js'
import type { ClientEnd, Link } from '../world/link.js'
import type { Life, World } from '../world/world.js'
import { GatewayPart } from './gateway-part.js'
import { deliveryLimits } from './limits.js'
import { ProcessLog } from './process-log.js'
import { SimulatedStore } from './simulated-store.js'

export type ServiceRole = 'auth' | 'session' | 'subscription' | 'delivery'

/** One partition of one service. */
export interface Duty {
  readonly role: ServiceRole
  readonly partition: number
}

export interface ProcessOptions {
  readonly world: World
  readonly partitions: number
  /** All gateways that there are. */
  readonly gateways: readonly string[]
  /** The one that this process runs. */
  readonly gateway: string | undefined
  readonly store: MemoryStore
  /** Something was said that a healthy broker does not say. */
  readonly complained: (sentence: string) => void
  /** Another process has taken the partition over. */
  readonly lost: (duty: Duty) => void
}

/** So little, and so soon, that messages leave memory, and become facts, in a short run. */
const shortOfMemory = {
  memoryBytes: 2048,
  keptInMemory: 1,
  checkpointMillis: 100,
  inboxBytesMax: 4096,
} as const

/** So short that what session remembers of connections runs out in a run, as does the time in which auth repeats itself. */
const shortMemory = { openAgeMillisMax: 1_000, rememberMillis: 1_500 } as const

/** Mostly the runtime's own, which no commit reaches here; else so narrow that what belongs together goes out in several batches. */
const sendBytesMax = [undefined, undefined, 100] as const

/** Some answers of auth take their time: then they come in another order. */
function slowly(world: World, life: Life, { name, check }: Provider): Provider {
  return {
    name,
    check: (attempt) => {
      if (!world.random.chance(0.2)) return check(attempt)
      return new Promise((resolve) => {
        world.afterIn(life, world.random.below(30_000), () => {
          resolve(check(attempt))
        })
      })
    },
  }
}

export class BrokerProcess implements Life {
  alive = true
  paused = false
  readonly client: MemoryClient
  readonly sessions = new Map<number, Partition<SessionsState, SessionFact>>()
  readonly subscriptions = new Map<number, Partition<SubscriptionsState, SubscriptionFact>>()
  readonly deliveries = new Map<number, Partition<DeliveryState, DeliveryFact>>()
  readonly #auths = new Map<number, AuthWorker>()
  readonly #options: ProcessOptions
  readonly #log: ProcessLog
  readonly #store: SimulatedStore
  #storeLost = false
  readonly #delivery: Delivery
  readonly #session
  readonly #subscription = subscriptionService({ pageMessagesMax: 3 })
  readonly #gateway: GatewayPart | undefined

  constructor(options: ProcessOptions) {
    this.#options = options
    const { world, store, partitions, gateway } = options
    this.client = world.log.connect()
    this.#log = new ProcessLog(world, this, this.client)
    this.#session = sessionService({
      sessionExpirySecondsMax: 604_800,
      ...shortMemory,
      distributed: !this.#log.atomicCommit,
    })
    const failed = this.#complain('delivery')
    this.#store = new SimulatedStore(world, this, store)
    this.#delivery = new Delivery({
      limits: deliveryLimits,
      ...shortOfMemory,
      store: this.#store,
      after: (millis, callback) => world.clockOf(this).after(millis, callback),
      run: (partition, decide) => {
        this.deliveries.get(partition)?.run((_state, now, outcome) => {
          decide(now, outcome)
        })
      },
      failed,
      partitions,
    })
    if (gateway === undefined) return
    this.#gateway = new GatewayPart({
      world,
      life: this,
      log: this.#log,
      name: gateway,
      partitions,
      complained: this.#complain(gateway),
    })
  }

  /** True when connections are taken. */
  get ready(): boolean {
    return this.alive && this.#gateway?.ready === true
  }

  /** Pages that came back from the kept-session store. */
  get pagesRead(): number {
    return this.#delivery.storeCounters.pagesRead
  }

  /** What a log of several processes brings about. */
  get counts(): { readonly outboxesSentAgain: number; readonly originsDropped: number } {
    const all = [this.sessions, this.subscriptions, this.deliveries].flatMap((some) =>
      [...some.values()].map(({ counters }) => counters),
    )
    return {
      outboxesSentAgain: all.reduce((sum, { outboxesSentAgain }) => sum + outboxesSentAgain, 0),
      originsDropped: all.reduce(
        (sum, { originsDropped }) => sum + originsDropped,
        this.#gateway?.repeated ?? 0,
      ),
    }
  }

  /** Resolves when the process does its duties and takes connections. */
  async start(duties: readonly Duty[]): Promise<void> {
    const { world, partitions, gateways } = this.#options
    world.current = this
    const topics = [...Object.values(catalogue), ...gateways.map(gatewayInbox)]
    await this.#log.createTopics(
      topics.map((topic) => ({ topic, partitions: topic.partitioning === 'one' ? 1 : partitions })),
    )
    await Promise.all(duties.map((duty) => this.own(duty)))
    await this.#gateway?.start()
  }

  /**
   * Takes a duty on; resolves when it is done from now on. What somebody else has had meanwhile is taken on anew: a consumer group tells
   * a member what it has lost before what it gets.
   */
  async own(duty: Duty): Promise<void> {
    const { role, partition } = duty
    if (this.#isOvertaken(duty)) await this.disown(duty)
    this.#options.world.current = this
    switch (role) {
      case 'auth':
        return this.#startAuth(partition)
      case 'session':
        return this.#run(role, partition, this.sessions, this.#session)
      case 'subscription':
        return this.#run(role, partition, this.subscriptions, this.#subscription)
      case 'delivery':
        return this.#run(role, partition, this.deliveries, this.#delivery.service, (state) => {
          this.#delivery.restored(partition, state)
        })
    }
  }

  /** Gives a duty up in good order. */
  async disown({ role, partition }: Duty): Promise<void> {
    this.#options.world.current = this
    if (role === 'auth') {
      const worker = this.#auths.get(partition)
      this.#auths.delete(partition)
      return worker?.stop()
    }
    const partitions = this.#partitionsOf(role)
    const stopping = partitions.get(partition)
    if (stopping === undefined) return
    partitions.delete(partition)
    // At once: it may be taken on again while the old one stops.
    if (role === 'delivery') this.#delivery.restored(partition, undefined)
    await stopping.stop()
  }

  /** True when it does that duty now. */
  does({ role, partition }: Duty): boolean {
    if (!this.alive) return false
    if (role === 'auth') return this.#auths.has(partition)
    return this.#partitionsOf(role).get(partition)?.ready === true && this.#log.holds(role, partition)
  }

  /** True when it takes itself for the owner, and somebody else has claimed the partition since. */
  #isOvertaken({ role, partition }: Duty): boolean {
    if (role === 'auth' || this.#log.holds(role, partition)) return false
    return this.#partitionsOf(role).get(partition)?.ready === true
  }

  /** A client connects. Undefined: nobody listens. */
  connect(client: ClientEnd, delayMicros: readonly [number, number]): Link | undefined {
    return this.alive && !this.paused ? this.#gateway?.connect(client, delayMicros) : undefined
  }

  /** Stands still for some time, as a process does whose machine is busy or whose virtual machine is moved. */
  pause(micros: number): void {
    this.paused = true
    this.client.paused = true
    this.#options.world.after(micros, () => {
      this.wake()
    })
  }

  /** Its kept-session store forgets everything. */
  async loseStore(): Promise<void> {
    this.#storeLost = true
    await this.#store.lose()
  }

  wake(): void {
    this.paused = false
    this.client.paused = false
    this.client.connected = true
    if (this.alive) this.#gateway?.woke()
  }

  /** The process is gone. */
  died(): void {
    this.alive = false
    this.#gateway?.died()
  }

  #partitionsOf(
    role: Exclude<ServiceRole, 'auth'>,
  ): Map<number, Pick<Partition<unknown, unknown>, 'ready' | 'stop'>> {
    switch (role) {
      case 'session':
        return this.sessions
      case 'subscription':
        return this.subscriptions
      case 'delivery':
        return this.deliveries
    }
  }

  #startAuth(partition: number): void {
    const { world, partitions } = this.#options
    if (this.#auths.has(partition)) return
    const worker = new AuthWorker({
      log: this.#log,
      partition,
      clientPartitions: partitions,
      providers: [slowly(world, this, anonymousProvider('all'))],
      now: () => world.schedule.millis,
      failed: this.#complain('auth'),
    })
    this.#auths.set(partition, worker)
    worker.start()
  }

  async #run<State, Fact>(
    role: ServiceRole,
    partition: number,
    into: Map<number, Partition<State, Fact>>,
    service: Service<State, Fact>,
    restored?: (state: State | undefined) => void,
  ): Promise<void> {
    if (into.has(partition)) return
    const { world, partitions } = this.#options
    const started = new Partition({
      log: this.#log,
      service,
      placement: { partition, clientPartitions: partitions, topicPartitions: partitions },
      clock: world.clockOf(this),
      sendBytesMax: world.random.pick(sendBytesMax),
      failed: (sentence, error) => {
        // Whose claim is not the newest one is nobody, whatever it says.
        if (this.#log.holds(role, partition)) this.#complain(`${role} ${String(partition)}`)(sentence, error)
      },
      restored: (state) => restored?.(state),
      lost: () => {
        if (into.get(partition) !== started) return
        into.delete(partition)
        this.#options.lost({ role, partition })
      },
    })
    into.set(partition, started)
    await started.start()
  }

  #complain(who: string): (sentence: string, error: unknown) => void {
    return (sentence, error) => {
      if (!this.alive) return
      const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
      const said = `${who}: ${sentence}: ${detail}`
      // That one is to be said.
      if (this.#storeLost && said.includes('store')) return
      this.#options.complained(said)
    }
  }
}
