// One run: a seed in, what was wrong and what happened out.
import type { Broker } from './broker/owners.js'
import { gather } from './cast.js'
import { Cluster } from './cluster.js'
import { judgeGhosts } from './promises/ghosts.js'
import { judge } from './promises/judge.js'
import { judgeRetained } from './promises/retained.js'
import { lateWillsOf } from './promises/wills.js'
import { Ledger } from './ledger/ledger.js'
import { begin, operate, type Stage } from './operations.js'
import { Peer } from './client/peer.js'
import { Standalone } from './standalone.js'
import { takeTimers } from './world/timers.js'
import { World } from './world/world.js'

export type Shape = 'standalone' | 'cluster'

export interface RunOptions {
  readonly shape: Shape
  readonly seed: number
  readonly operations?: number
  /** Is told the story of the run. */
  readonly tell?: (line: string) => void
}

export interface RunResult {
  readonly seed: number
  /** Sentences about broken promises; empty when all were kept. */
  readonly violations: readonly string[]
  readonly counts: Readonly<Record<string, number>>
}

/** Time that may pass until everything is as it should be again. */
const healMillisMax = 60_000
/** Wills wait for up to two seconds, and what looks around each second needs one more. */
const quietMillis = 4_000
/** A client that takes one message at a time, slowly, needs some of them for its queue. */
const quietRoundsMax = 40

export async function simulate(options: RunOptions): Promise<RunResult> {
  const { seed, shape, tell } = options
  const world = new World({ seed, shape: shape === 'cluster' ? 'cluster' : 'oneProcess' })
  world.tell = tell
  const giveBack = takeTimers(world)
  try {
    return await new Run(world, options).play()
  } finally {
    giveBack()
  }
}

class Run {
  readonly #world: World
  readonly #seed: number
  readonly #operations: number
  readonly #ledger: Ledger
  readonly #broker: Broker
  readonly #stage: Stage

  constructor(world: World, { seed, shape, operations = 200 }: RunOptions) {
    this.#world = world
    this.#seed = seed
    this.#operations = operations
    this.#ledger = new Ledger({ severalGateways: shape === 'cluster' })
    this.#broker =
      shape === 'cluster'
        ? new Cluster(world, this.#ledger)
        : new Standalone(world, this.#ledger, world.random.chance(0.5) ? 1 : 4)
    const cast = gather({ world, ledger: this.#ledger, broker: () => this.#broker.running })
    this.#stage = { world, cast }
  }

  async play(): Promise<RunResult> {
    await this.#begin()
    if (this.#isFine) await this.#act()
    if (this.#isFine) await this.#heal()
    if (this.#isFine) await this.#lastRound()
    if (this.#isFine) judge(this.#ledger)
    return { seed: this.#seed, violations: this.#ledger.violations, counts: this.#counts }
  }

  get #isFine(): boolean {
    return this.#ledger.violations.length === 0
  }

  get #counts(): Record<string, number> {
    const { log, steps } = this.#world
    const { messages } = this.#ledger
    return {
      ...log.counts,
      ...this.#broker.counts,
      steps,
      messages: messages.length,
      acknowledged: messages.filter(({ acknowledged }) => acknowledged !== undefined).length,
      receipts: this.#ledger.sessions.reduce((sum, { receipts }) => sum + receipts.length, 0),
      lateWills: lateWillsOf(this.#ledger),
    }
  }

  async #begin(): Promise<void> {
    const { cast } = this.#stage
    this.#broker.start()
    await this.#until('the broker is up', () => this.#broker.whole)
    for (const peer of cast.all) peer.connect()
    await this.#until('everybody is connected', () => cast.all.every(({ connected }) => connected))
    begin(this.#stage)
    await this.#until('everybody has subscribed', () => cast.all.every(({ idle }) => idle))
  }

  /** Operations and faults, in the order of the seed. */
  async #act(): Promise<void> {
    const { random } = this.#world
    let left = this.#operations
    const next = (): void => {
      if (left-- <= 0) return
      operate(this.#stage)
      this.#world.after(random.below(random.chance(0.1) ? 200_000 : 10_000), next)
    }
    next()
    const span = this.#operations * 12_000
    for (let faults = 4 + random.below(5); faults > 0; faults--) {
      this.#world.after(random.below(span), () => {
        this.#world.amid(() => {
          this.#broker.fault()
        })
      })
    }
    for (let compactions = 3 + random.below(6); compactions > 0; compactions--) {
      this.#world.after(random.below(span), () => {
        this.#broker.compact()
      })
    }
    await this.#world.goOn(() => left < 0 || !this.#isFine, healMillisMax)
  }

  async #heal(): Promise<void> {
    const { cast } = this.#stage
    this.#broker.heal()
    for (const peer of cast.all) {
      peer.wanted = true
      peer.catchUp()
      if (peer.connection === undefined) peer.comeBack()
    }
    await this.#until('the broker is whole again', () => this.#broker.whole)
    await this.#quiet()
  }

  /** Once more with everybody there: what is retained, and does everything still arrive? */
  async #lastRound(): Promise<void> {
    const { cast, world } = this.#stage
    const probe = new Peer({
      world,
      ledger: this.#ledger,
      clientId: 'probe',
      version: 5,
      expirySeconds: 0,
      receiveMaximum: 0,
      broker: () => this.#broker.running,
      will: () => undefined,
    })
    probe.connect()
    await this.#until('the probe is connected', () => probe.connected)
    probe.subscribe(['r/#'], 1)
    await this.#quiet()
    judgeRetained(this.#ledger, probe)
    for (const { clientId } of cast.peers) {
      probe.publish(`t/${clientId}/0`, 1)
      probe.publish(`r/${clientId}/0`, 2)
    }
    probe.publish('g/0', 1)
    await this.#until('the probe is done', () => probe.idle)
    await this.#quiet()
    if (this.#isFine) judgeGhosts(this.#ledger, this.#broker.owners, [...cast.all, probe])
  }

  /** Everybody is connected, waits for nothing, and nothing more comes. */
  async #quiet(): Promise<void> {
    const { cast } = this.#stage
    const isQuiet = (): boolean => cast.all.every(({ connected, idle }) => connected && idle)
    for (let rounds = 0; rounds < quietRoundsMax; rounds++) {
      await this.#until('everybody is connected and waits for nothing', isQuiet)
      if (!this.#isFine) return
      const { moment } = this.#world
      await this.#world.goOn(() => !this.#isFine, quietMillis)
      if (moment === this.#world.moment && isQuiet()) return
    }
    this.#ledger.violated('it never came that nothing more happens')
  }

  async #until(what: string, done: () => boolean): Promise<void> {
    const came = await this.#world.goOn(() => done() || !this.#isFine, healMillisMax)
    if (came) return
    const { cast } = this.#stage
    const waiting = cast.all.filter(({ connected, idle }) => !connected || !idle)
    const states = waiting.map(
      ({ clientId, connected, outgoing, requests }) =>
        `${clientId} ${connected ? 'connected' : 'away'}, ${String(outgoing.size)} publishes and ${String(requests.size)} requests open`,
    )
    this.#ledger.violated(`it never came that ${what}: ${states.join('; ')}`)
  }
}
