// The broker of a run as four processes on a log that is none of theirs: two gateways, and two servers that share the partitions of
// all services. Partitions move, and for a while two believe that they own one; processes die, stand still or are cut off.
import { MemoryStore } from '#libs/store'
import { allDuties, ownersOf, type Broker, type Owners } from './broker/owners.js'
import { BrokerProcess, type Duty } from './broker/process.js'
import type { Ledger } from './ledger/ledger.js'
import type { World } from './world/world.js'

const partitions = 4
const gatewayNames = ['gateway-0', 'gateway-1']
const serverCount = 2

const reconcileMicros = 200_000

const outageMicrosMax = 1_500_000

/** The others notice that a server is gone within so many microseconds, at least and at most. */
const noticeMicros = [100_000, 600_000] as const

export class Cluster implements Broker {
  readonly #counts = {
    crashes: 0,
    pauses: 0,
    cutOff: 0,
    takeOvers: 0,
    unreachable: 0,
    pathsLost: 0,
    outboxesSentAgain: 0,
    originsDropped: 0,
  }
  readonly #world: World
  readonly #ledger: Ledger
  readonly #gateways: (BrokerProcess | undefined)[] = []
  readonly #servers: (BrokerProcess | undefined)[] = []
  /** Ends of the times without leaders or ways to them that have begun. */
  readonly #outages = new Set<() => void>()
  /** Which server has which duty. */
  readonly #assigned = new Map<Duty, number>()

  constructor(world: World, ledger: Ledger) {
    this.#world = world
    this.#ledger = ledger
    for (const duty of allDuties(partitions)) this.#assigned.set(duty, world.random.below(serverCount))
  }

  get counts(): Readonly<Record<string, number>> {
    const living = [...this.#gateways, ...this.#servers].flatMap((one) =>
      one === undefined ? [] : [one.counts],
    )
    const { outboxesSentAgain, originsDropped, ...others } = this.#counts
    return {
      ...others,
      outboxesSentAgain: living.reduce((sum, one) => sum + one.outboxesSentAgain, outboxesSentAgain),
      originsDropped: living.reduce((sum, one) => sum + one.originsDropped, originsDropped),
    }
  }

  get running(): BrokerProcess | undefined {
    return this.#world.random.pick(this.#gateways.filter((gateway) => gateway?.ready === true))
  }

  get whole(): boolean {
    return (
      this.#gateways.every((gateway) => gateway?.ready === true) &&
      [...this.#assigned].every(([duty, server]) => this.#servers[server]?.does(duty) === true)
    )
  }

  get owners(): Owners {
    return ownersOf([...this.#assigned].map(([duty, server]) => [duty, this.#servers[server]]))
  }

  start(): void {
    for (let server = 0; server < serverCount; server++) this.#startServer(server)
    for (const index of gatewayNames.keys()) this.#startGateway(index)
    this.#reconcile()
  }

  /** Who has a duty and does not do it takes it on: as a consumer group keeps telling its members. */
  #reconcile(): void {
    this.#world.after(reconcileMicros, () => {
      for (const [duty, server] of this.#assigned) this.#own(server, duty)
      this.#reconcile()
    })
  }

  fault(): void {
    const { random } = this.#world
    const drawn = random.fraction()
    const server = random.below(serverCount)
    const gateway = random.below(gatewayNames.length)
    if (drawn < 0.08) this.#crashGateway(gateway)
    else if (drawn < 0.22) this.#crashServer(server)
    else if (drawn < 0.27) this.#crashAll()
    else if (drawn < 0.45) this.#moveSome()
    else if (drawn < 0.51) this.#pauseServer(server)
    else if (drawn < 0.58) this.#pauseGateway(gateway)
    else if (drawn < 0.63) this.#cutOffServer(server)
    else if (drawn < 0.67) this.#cutOffGateway(gateway)
    else if (drawn < 0.76) this.#serverLosesPaths(server)
    else if (drawn < 0.83) this.#gatewayLosesPaths(gateway)
    else if (drawn < 0.93) this.#loseLeaders()
    else if (drawn < 0.97) this.#unreachable()
    else this.#slow()
  }

  compact(): void {
    this.#world.log.compact()
  }

  heal(): void {
    for (const end of this.#outages) end()
    this.#outages.clear()
    this.#world.log.reachable = true
    this.#world.stalled = false
    this.#world.logStepMicros = this.#world.usualStepMicros
    for (const process of [...this.#gateways, ...this.#servers]) process?.wake()
  }

  // ---- starting

  #new(gateway: string | undefined): BrokerProcess {
    return new BrokerProcess({
      world: this.#world,
      partitions,
      gateways: gatewayNames,
      gateway,
      store: new MemoryStore(),
      complained: (sentence) => {
        this.#ledger.violated(`the broker complained: ${sentence}`)
      },
      lost: () => undefined,
    })
  }

  #startServer(index: number): void {
    this.#world.note('broker', `server ${String(index)} starts`)
    const process = this.#new(undefined)
    this.#servers[index] = process
    this.#go(
      process,
      process.start([...this.#assigned].flatMap(([duty, server]) => (server === index ? [duty] : []))),
    )
  }

  #startGateway(index: number): void {
    this.#world.note('broker', `gateway ${String(index)} starts`)
    const process = this.#new(gatewayNames[index])
    this.#gateways[index] = process
    this.#go(process, process.start([]))
  }

  #go(process: BrokerProcess, work: Promise<void>): void {
    work.catch((error: unknown) => {
      if (process.alive) this.#ledger.violated(`a process could not do its work: ${String(error)}`)
    })
  }

  #own(server: number, duty: Duty): void {
    const process = this.#servers[server]
    if (process?.alive === true && !process.paused) this.#go(process, process.own(duty))
  }

  // ---- what goes wrong

  #crashGateway(index: number): void {
    this.#world.note('broker', `gateway ${String(index)} dies`)
    this.#died(this.#gateways[index])
    this.#gateways[index] = undefined
    this.#world.after(this.#world.random.below(1_000_000), () => {
      if (this.#gateways[index] === undefined) this.#startGateway(index)
    })
  }

  #crashServer(index: number): void {
    const { random } = this.#world
    this.#world.note('broker', `server ${String(index)} dies`)
    this.#died(this.#servers[index])
    this.#servers[index] = undefined
    this.#handOver(index)
    this.#world.after(random.below(1_500_000), () => {
      if (this.#servers[index] === undefined) this.#startServer(index)
    })
  }

  #crashAll(): void {
    for (let index = 0; index < serverCount; index++) this.#crashServer(index)
    for (const index of gatewayNames.keys()) this.#crashGateway(index)
  }

  #died(process: BrokerProcess | undefined): void {
    if (process === undefined) return
    this.#counts.crashes++
    this.#ledger.crashes.push(this.#world.schedule.micros)
    const { outboxesSentAgain, originsDropped } = process.counts
    this.#counts.outboxesSentAgain += outboxesSentAgain
    this.#counts.originsDropped += originsDropped
    process.died()
    process.client.crash()
  }

  /** The others notice that a server does not answer, and take its duties over. */
  #handOver(index: number): void {
    const { random } = this.#world
    const [least, most] = noticeMicros
    this.#world.after(least + random.below(most - least), () => {
      const other = 1 - index
      const isGone = this.#servers[index]
      if (isGone?.alive === true && !isGone.paused && isGone.client.connected) return
      if (this.#servers[other] === undefined) return
      for (const [duty, server] of this.#assigned) if (server === index) this.#give(duty, other)
    })
  }

  #give(duty: Duty, server: number): void {
    this.#counts.takeOvers++
    this.#assigned.set(duty, server)
    this.#own(server, duty)
  }

  /** Some duties move: in good order, or before the old owner has heard of it. */
  #moveSome(): void {
    const { random } = this.#world
    for (const [duty, server] of this.#assigned) {
      if (!random.chance(0.3)) continue
      const other = 1 - server
      const old = this.#servers[server]
      if (this.#servers[other]?.alive !== true) continue
      const inGoodOrder = random.chance(0.4)
      if (!inGoodOrder) this.#give(duty, other)
      if (old === undefined) continue
      const leave = (): void => {
        if (!inGoodOrder && this.#assigned.get(duty) === server) return
        const leaving = old.disown(duty).then(() => {
          if (inGoodOrder && this.#assigned.get(duty) === server) this.#give(duty, other)
        })
        this.#go(old, leaving)
      }
      this.#world.afterIn(old, inGoodOrder ? 0 : random.below(800_000), leave)
    }
  }

  #pauseServer(index: number): void {
    const process = this.#servers[index]
    if (process === undefined) return
    this.#counts.pauses++
    this.#world.note('broker', `server ${String(index)} stands still`)
    process.pause(this.#world.random.below(2_000_000))
    this.#handOver(index)
  }

  #pauseGateway(index: number): void {
    this.#counts.pauses++
    this.#world.note('broker', `gateway ${String(index)} stands still`)
    this.#gateways[index]?.pause(this.#world.random.below(1_500_000))
  }

  #cutOffServer(index: number): void {
    const process = this.#servers[index]
    if (process === undefined) return
    this.#world.note('broker', `server ${String(index)} is cut off`)
    this.#cutOff(process, this.#world.random.below(1_500_000))
    this.#handOver(index)
  }

  #cutOffGateway(index: number): void {
    const process = this.#gateways[index]
    if (process === undefined) return
    const { schedule, random } = this.#world
    this.#world.note('broker', `gateway ${String(index)} is cut off`)
    const micros = random.below(1_500_000)
    this.#ledger.full.push([schedule.micros, schedule.micros + micros])
    this.#cutOff(process, micros)
  }

  #cutOff(process: BrokerProcess, micros: number): void {
    this.#counts.cutOff++
    process.client.connected = false
    this.#world.after(micros, () => {
      process.client.connected = true
    })
  }

  /** It reaches a part of the log only, and goes on with that; often so badly that the others take some duties over, or it dies of it. */
  #serverLosesPaths(index: number): void {
    const { random } = this.#world
    this.#losePaths(`server ${String(index)}`, this.#servers[index])
    if (random.chance(0.6)) this.#soon(() => this.#giveSome(index))
    if (random.chance(0.3)) this.#soon(() => this.#crashServer(index))
  }

  #gatewayLosesPaths(index: number): void {
    const { random, schedule } = this.#world
    this.#ledger.full.push([schedule.micros, schedule.micros + outageMicrosMax])
    this.#losePaths(`gateway ${String(index)}`, this.#gateways[index])
    if (random.chance(0.5)) this.#soon(() => this.#crashGateway(index))
  }

  #losePaths(who: string, process: BrokerProcess | undefined): void {
    if (process === undefined) return
    this.#counts.pathsLost++
    this.#world.note('broker', `${who} reaches a part of the log only`)
    this.#outage(process.client.losePaths())
  }

  #giveSome(server: number): void {
    const other = 1 - server
    if (this.#servers[other]?.alive !== true) return
    for (const [duty, owner] of this.#assigned)
      if (owner === server && this.#world.random.chance(0.5)) this.#give(duty, other)
  }

  #soon(act: () => void): void {
    this.#world.after(this.#world.random.below(800_000), act)
  }

  /** One machine of the log is gone: for what it led another one is elected. */
  #loseLeaders(): void {
    const { log, random } = this.#world
    this.#world.note('broker', 'partitions of the log have no leader')
    for (let count = 1 + random.below(8); count > 0; count--) this.#outage(log.loseLeader())
  }

  #outage(end: () => void): void {
    this.#outages.add(end)
    this.#world.after(this.#world.random.below(outageMicrosMax), () => {
      if (this.#outages.delete(end)) end()
    })
  }

  #unreachable(): void {
    const { log, random } = this.#world
    this.#counts.unreachable++
    this.#world.note('broker', 'the log cannot be reached')
    this.#world.stalled = true
    log.reachable = false
    this.#world.after(random.below(1_200_000), () => {
      log.reachable = true
      this.#world.stalled = false
    })
  }

  #slow(): void {
    this.#world.logStepMicros = this.#world.random.pick([200, 2000]) ?? 200
    this.#world.after(300_000, () => {
      this.#world.logStepMicros = this.#world.usualStepMicros
    })
  }
}
