// Everybody who is connected while the broker is killed.
import { SeededRandom } from '#libs/base'
import { Peer, type PeerOptions } from '../client/peer.js'
import { Churner } from './churner.js'
import type { Notes } from './notes.js'
import { Publisher } from './publisher.js'
import { Subscriber } from './subscriber.js'
import { until } from './until.js'
import { WillClient, type WillPlan } from './will-client.js'

type Filters = Readonly<Record<string, 0 | 1 | 2>>

/** Kept subscribers by name: from before the load until the end, unless the name says otherwise. */
const keptFilters = {
  'all-2': { 'load/#': 2, 'keep/#': 2 },
  'all-1': { 'load/#': 1 },
  'half-2': { 'load/+/0': 2 },
  'half-0': { 'load/+/1': 0 },
  exact: { 'load/pub-0/0': 1, 'load/pub-1/1': 2, 'load/pub-2/0': 2, 'keep/ret-0/0': 1 },
  sleeper: { 'load/+/1': 2 },
  late: { 'load/+/0': 1 },
  watcher: { 'will/#': 2 },
} as const satisfies Record<string, Filters>

const cleanFilters = {
  'clean-2': { 'load/#': 2 },
  'clean-1': { 'load/+/1': 1, 'will/#': 1 },
} as const satisfies Record<string, Filters>

/** Shared subscriptions. Only kept members in `pair`, so that no QoS 2 message may be lost with a member's session. */
const groupFilters = { pair: { '$share/pair/load/+/0': 2 }, crowd: { '$share/crowd/load/#': 1 } } as const

const willPlans = {
  'will-now': { kept: false, delaySeconds: 0, returns: false },
  'will-gone': { kept: false, delaySeconds: 0, returns: false },
  'will-left': { kept: false, delaySeconds: 0, returns: false },
  'will-late': { kept: false, delaySeconds: 0, returns: false },
  'will-kept': { kept: true, delaySeconds: 0, returns: false },
  'will-soon': { kept: true, delaySeconds: 1, returns: false },
  'will-back': { kept: true, delaySeconds: 600, returns: true },
} as const satisfies Record<string, WillPlan>

const settleMillis = 30_000

/** Messages that a publisher keeps under way. */
const publisherWindow = 10
/** How often, of 200 times a second, everybody publishes at once. */
const burstChance = 0.02

export class Crowd {
  readonly publishers: Publisher[]
  readonly retainers: Publisher[]
  readonly subscribers = new Map<string, Subscriber>()
  readonly groups: ReadonlyMap<string, readonly Subscriber[]>
  readonly churners: Churner[]
  readonly wills = new Map<string, WillClient>()
  readonly #timers: NodeJS.Timeout[] = []
  readonly #bursts: SeededRandom
  #churning: Promise<unknown> = Promise.resolve()

  constructor(
    private readonly address: string,
    private readonly notes: Notes,
    private readonly random: SeededRandom,
  ) {
    this.#bursts = this.#fork()
    this.publishers = range(8).map((index) => this.#publisher(`pub-${String(index)}`, index % 4 !== 3))
    this.retainers = range(3).map((index) => this.#retainer(`ret-${String(index)}`))
    for (const [name, filters] of Object.entries(keptFilters)) this.#subscribe(name, true, filters)
    for (const [name, filters] of Object.entries(cleanFilters)) this.#subscribe(name, false, filters)
    this.groups = new Map([
      ['pair', ['pair-a', 'pair-b'].map((name) => this.#subscribe(name, true, groupFilters.pair))],
      [
        'crowd',
        ['crowd-a', 'crowd-b', 'crowd-c'].map((name) =>
          this.#subscribe(name, name === 'crowd-a', groupFilters.crowd),
        ),
      ],
    ])
    this.churners = range(4).map(
      (index) => new Churner(this.#options(`churn-${String(index)}`, true), this.#fork()),
    )
    for (const [name, plan] of Object.entries(willPlans))
      this.wills.set(name, new WillClient(this.#options(name, plan.kept), plan))
  }

  /** Publishers of both kinds. */
  get senders(): readonly Publisher[] {
    return [...this.publishers, ...this.retainers]
  }

  get connections(): number {
    const peers = [
      ...this.senders.map(({ options }) => options.peer),
      ...[...this.subscribers.values(), ...this.churners, ...this.wills.values()].map(({ peer }) => peer),
    ]
    return peers.filter(({ isHere }) => isHere).length
  }

  get inFlight(): number {
    return this.senders.reduce((sum, { inFlight }) => sum + inFlight, 0)
  }

  get acknowledged(): number {
    return this.senders.reduce(
      (sum, { entries }) => sum + entries.filter(({ isAcknowledged }) => isAcknowledged).length,
      0,
    )
  }

  /** Everybody comes who is there from the beginning; members of groups one after the other, the kept one first. */
  async arrive(): Promise<void> {
    const late = new Set(['late'])
    for (const [name, subscriber] of this.subscribers)
      if (!late.has(name)) {
        subscriber.stay(this.senders)
        await this.#wait(`${name} to subscribe`, () => subscriber.isSettled)
      }
    for (const { options } of this.senders) void options.peer.stay()
    for (const [name, will] of this.wills) if (name !== 'will-late') await will.come()
    await this.#wait('the publishers', () => this.senders.every(({ options }) => options.peer.isHere))
    await this.wills.get('will-left')?.leave()
  }

  /** Messages flow, and clients come and go, until `stop`. */
  load(): void {
    this.#timers.push(setInterval(() => this.#publish(), 5))
    this.#timers.push(setInterval(() => this.retainers.forEach((retainer) => retainer.go(1, false)), 5))
    this.#churning = Promise.all(this.churners.map(async (churner) => churner.churn()))
  }

  /** A few messages of each publisher; now and then all that they may send, and large ones among them. */
  #publish(): void {
    const isBurst = this.#bursts.chance(burstChance)
    for (const publisher of this.publishers) publisher.go(isBurst ? publisherWindow : 2, isBurst)
  }

  /** What happens once, somewhere in the middle of the load. */
  turn(): void {
    void this.subscribers.get('sleeper')?.peer.leave()
    this.subscribers.get('late')?.stay(this.senders)
    void this.wills.get('will-gone')?.peer.drop()
  }

  /** Just before the kill: a CONNECT that will hardly be answered. */
  rush(): void {
    void this.wills.get('will-late')?.come()
  }

  /** All that should be there are back by themselves. */
  async recover(): Promise<void> {
    for (const name of ['sleeper', 'late']) this.subscribers.get(name)?.stay(this.senders)
    const missing = (): string[] => [
      ...this.senders.filter(({ options }) => !options.peer.isHere).map(({ name }) => name),
      ...[...this.subscribers.values()].filter(({ isSettled }) => !isSettled).map(({ name }) => name),
    ]
    await this.#wait('everybody to be back', () => missing().length === 0, missing)
  }

  /** The end of the load: everybody who churns is away, every publisher has its last acknowledgement. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    for (const one of [...this.senders, ...this.churners]) one.stop()
    let isStill = false
    void this.#churning.then(() => (isStill = true))
    const waiting = (): string[] =>
      this.churners.map(({ name, step, peer }) => `${name} (${String(peer.options.version)}) for ${step}`)
    await this.#wait('the churners to come to rest', () => isStill, waiting)
    const busy = (): string[] =>
      this.senders.filter(({ options }) => options.peer.session.underWay > 0).map(({ name }) => name)
    await this.#wait('the last acknowledgements', () => busy().length === 0, busy)
  }

  /** Ends every connection. */
  leave(): void {
    for (const timer of this.#timers) clearInterval(timer)
    for (const { options } of this.senders) void options.peer.drop()
    for (const { peer } of [...this.subscribers.values(), ...this.churners, ...this.wills.values()])
      void peer.drop()
  }

  /** A peer for one question at the end. */
  visitor(clientId: string, receive: NonNullable<PeerOptions['receive']>): Peer {
    return new Peer({ ...this.#options(clientId, false), receive })
  }

  async #wait(what: string, condition: () => boolean, who: () => string[] = () => []): Promise<void> {
    if (await until(condition, settleMillis)) return
    this.notes.broken(`waited ${String(settleMillis)} ms in vain for ${what}: ${who().join(' ')}`)
    throw new Error(this.notes.text)
  }

  #publisher(name: string, kept: boolean): Publisher {
    const random = this.#fork()
    return new Publisher({
      peer: new Peer(this.#options(name, kept)),
      topics: [`load/${name}/0`, `load/${name}/1`],
      retain: false,
      window: publisherWindow,
      shape: (isLarge) => ({
        qos: qosFrom(random),
        bytes: 40 + random.below(isLarge && random.chance(0.6) ? 40_000 : 1200),
        deletes: false,
      }),
    })
  }

  /** Clean, so that what was under way at a kill is never sent again: the retained message is the last acknowledged or a later one. */
  #retainer(name: string): Publisher {
    const random = this.#fork()
    return new Publisher({
      peer: new Peer(this.#options(name, false)),
      topics: range(3).map((index) => `keep/${name}/${String(index)}`),
      retain: true,
      window: 6,
      shape: () => ({ qos: qosFrom(random), bytes: 1000 + random.below(4000), deletes: random.chance(0.1) }),
    })
  }

  #subscribe(name: string, kept: boolean, filters: Filters): Subscriber {
    const subscriber = new Subscriber(this.#options(name, kept), filters)
    this.subscribers.set(name, subscriber)
    return subscriber
  }

  #options(clientId: string, kept: boolean): PeerOptions {
    const version = this.random.chance(0.5) ? 4 : 5
    return { address: this.address, notes: this.notes, clientId, version, kept }
  }

  #fork(): SeededRandom {
    return new SeededRandom(this.random.uint32())
  }
}

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

const qosFrom = (random: SeededRandom): 0 | 1 | 2 => (random.chance(0.15) ? 0 : random.chance(0.5) ? 1 : 2)
