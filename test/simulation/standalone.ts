// The broker of a run as one process, and what may happen to it: it dies with or without what was not synced, stands still, its disk
// stalls or is full, its log is compacted. It comes back by itself.
import { MemoryStore } from '#libs/store'
import { allDuties, ownersOf, type Broker, type Owners } from './broker/owners.js'
import { BrokerProcess, type Duty } from './broker/process.js'
import type { Ledger } from './ledger/ledger.js'
import type { World } from './world/world.js'

export class Standalone implements Broker {
  readonly #counts = { crashes: 0, pauses: 0, stalls: 0, full: 0, pressure: 0, storesLost: 0, pagesRead: 0 }
  readonly #world: World
  readonly #ledger: Ledger
  readonly #partitions: number
  readonly #duties: readonly Duty[]
  readonly #store = new MemoryStore()
  #process: BrokerProcess | undefined

  constructor(world: World, ledger: Ledger, partitions: number) {
    this.#world = world
    this.#ledger = ledger
    this.#partitions = partitions
    this.#duties = allDuties(partitions)
  }

  get counts(): Readonly<Record<string, number>> {
    const { pagesRead, ...others } = this.#counts
    return { ...others, pagesRead: pagesRead + (this.#process?.pagesRead ?? 0) }
  }

  get running(): BrokerProcess | undefined {
    return this.#process?.ready === true ? this.#process : undefined
  }

  get whole(): boolean {
    return this.running !== undefined
  }

  get owners(): Owners {
    return ownersOf(this.#duties.map((duty) => [duty, this.#process]))
  }

  start(): void {
    this.#world.note('broker', 'starts')
    const process = new BrokerProcess({
      world: this.#world,
      partitions: this.#partitions,
      gateways: ['gateway'],
      gateway: 'gateway',
      store: this.#store,
      complained: (sentence) => {
        this.#ledger.violated(`the broker complained: ${sentence}`)
      },
      lost: ({ role }) => {
        this.#ledger.violated(`${role} lost a partition, and there is nobody else`)
      },
    })
    this.#process = process
    process.start(this.#duties).catch((error: unknown) => {
      if (process.alive) this.#ledger.violated(`the broker did not start: ${String(error)}`)
    })
  }

  /** Something goes wrong. */
  fault(): void {
    const { random } = this.#world
    const drawn = random.fraction()
    if (drawn < 0.45) this.#crash()
    else if (drawn < 0.6) this.#pause()
    else if (drawn < 0.75) this.#stall(false)
    else if (drawn < 0.82) this.#stall(true)
    else if (drawn < 0.87) this.#press()
    else if (drawn < 0.93) this.#loseStore()
    else {
      this.#world.logStepMicros = random.pick([5, 200, 2000]) ?? 20
      this.#world.after(300_000, () => {
        this.#world.logStepMicros = this.#world.usualStepMicros
      })
    }
  }

  compact(): void {
    this.#world.log.compact()
  }

  /** Nothing is wrong any more. */
  heal(): void {
    const { log } = this.#world
    log.reachable = true
    this.#world.stalled = false
    this.#world.pressure = 'none'
    this.#world.logStepMicros = this.#world.usualStepMicros
    this.#process?.wake()
  }

  /** Half the time the power fails, else the process is killed: what it had written the system still writes to disk. */
  #crash(): void {
    const { random, log, schedule } = this.#world
    this.#counts.crashes++
    this.#world.note('broker', 'crash')
    this.#ledger.crashes.push(schedule.micros)
    const process = this.#process
    log.reachable = true
    this.#world.stalled = false
    if (random.chance(0.5)) log.storeAll()
    this.#counts.pagesRead += process?.pagesRead ?? 0
    process?.died()
    log.powerCut()
    this.#process = undefined
    this.#world.after(random.below(1_000_000), () => {
      if (this.#process === undefined) this.start()
    })
  }

  #pause(): void {
    const process = this.#process
    if (process?.ready !== true) return
    this.#counts.pauses++
    this.#world.note('broker', 'pause')
    const micros = this.#world.random.below(1_500_000)
    this.#stop(micros)
    process.pause(micros)
  }

  /** Nothing is stored for a while; `full`: and the log says so. */
  #stall(full: boolean): void {
    this.#world.note('broker', full ? 'disk full' : 'disk stalls')
    const micros = this.#world.random.below(1_200_000)
    const from = this.#world.schedule.micros
    if (full) this.#counts.full++
    else this.#counts.stalls++
    if (full) this.#ledger.full.push([from, from + micros])
    this.#world.stalled = !full
    this.#stop(micros)
  }

  /** The disk fills up: QoS 0 may be dropped, publishers be held. */
  #press(): void {
    const { random, schedule } = this.#world
    this.#counts.pressure++
    this.#world.note('broker', 'disk fills up')
    const micros = random.below(1_000_000)
    this.#ledger.full.push([schedule.micros, schedule.micros + micros + 1_000_000])
    this.#world.pressure = random.chance(0.5) ? 'dropQos0' : 'hold'
    this.#world.after(micros, () => {
      this.#world.pressure = 'none'
    })
  }

  #loseStore(): void {
    this.#counts.storesLost++
    this.#world.note('broker', 'the kept-session store is empty')
    void this.#process?.loseStore()
  }

  #stop(micros: number): void {
    const { log } = this.#world
    log.reachable = false
    this.#world.after(micros, () => {
      log.reachable = true
      this.#world.stalled = false
    })
  }
}
