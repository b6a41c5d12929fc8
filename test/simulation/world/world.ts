// The world of a run: one time, one chance, one log, and one thing at a time. Everything that happens is one step, chosen by the seed.
import { SeededRandom, type Millis } from '#libs/base'
import { MemoryLog, type Pressure } from '#libs/log'
import type { Clock } from '#libs/runtime'
import { Schedule } from './schedule.js'

export interface WorldOptions {
  readonly seed: number
  readonly shape: 'oneProcess' | 'cluster'
}

/** A process of the simulated machines: what it planned dies with it. */
export interface Life {
  alive: boolean
  /** Stands still: what is due for it waits until it goes on. */
  paused: boolean
}

/** Who does so much without any time passing does it for ever. */
const stepsAtOnceMax = 100_000

const { nextTick } = process

export class World {
  readonly random: SeededRandom
  readonly schedule = new Schedule()
  readonly log: MemoryLog
  /** How fast the log of this run is when nothing slows it down. */
  readonly usualStepMicros: number
  /** Waits for the log to be busy. */
  #amid: { steps: number; readonly act: () => void }[] = []
  /** A step of the log takes up to so many microseconds. */
  logStepMicros: number
  /** How the disk fills up. */
  pressure: Pressure = 'none'
  /** The disk takes nothing and does not say so. */
  stalled = false
  /** The process whose code runs now: timers that are set belong to it. */
  current: Life | undefined
  /** Rises with everything that the outside could notice: who was first. */
  moment = 0
  steps = 0
  /** Is told what happens, for whoever wants to understand a run. */
  tell: ((line: string) => void) | undefined

  constructor({ seed, shape }: WorldOptions) {
    this.random = new SeededRandom(seed)
    this.usualStepMicros = this.logStepMicros = this.random.pick([5, 20, 100, 300]) ?? 20
    // Tombstones go at once when compacted: what needs them longer shows.
    this.log = new MemoryLog({
      seed: this.random.uint32(),
      now: () => this.schedule.millis,
      shape,
      compactionLagMillis: 0,
    })
  }

  /** Plans something of nobody's process: the network, a client, a fault. */
  after(micros: number, act: () => void): () => void {
    return this.schedule.after(micros, act)
  }

  /** Does it in the midst of what the log is doing, soon: a fault hurts there. */
  amid(act: () => void): void {
    const entry = { steps: 1 + this.random.below(40), act }
    this.#amid.push(entry)
    this.after(300_000, () => {
      if (this.#amid.includes(entry)) this.#fire(entry)
    })
  }

  #fire(entry: { readonly act: () => void }): void {
    this.#amid = this.#amid.filter((other) => other !== entry)
    entry.act()
  }

  #logStepped(): void {
    this.schedule.micros += this.random.below(this.logStepMicros)
    for (const entry of this.#amid) if (--entry.steps === 0) this.#fire(entry)
  }

  /** Plans something in a process: forgotten when that has died, put off while it stands still. */
  afterIn(life: Life, micros: number, act: () => void): () => void {
    let cancel = (): void => undefined
    const due = (): void => {
      if (!life.alive) return
      if (life.paused) {
        cancel = this.schedule.after(1000, due)
        return
      }
      this.current = life
      act()
    }
    cancel = this.schedule.after(micros, due)
    return () => {
      cancel()
    }
  }

  /** A line of the run's story. */
  note(who: string, what: string): void {
    this.tell?.(`${(this.schedule.micros / 1000).toFixed(2).padStart(10)} ${who} ${what}`)
  }

  clockOf(life: Life): Clock {
    return {
      now: (): Millis => this.schedule.millis,
      after: (millis, callback) => this.afterIn(life, millis * 1000, callback),
    }
  }

  /** Goes on until `done` says so; false when that has not come within `millis`, or nothing is left that could happen. */
  async goOn(done: () => boolean, millis: Millis): Promise<boolean> {
    const { schedule } = this
    const end = schedule.micros + millis * 1000
    let [micros, stepsThen] = [schedule.micros, this.steps]
    for (;;) {
      // As between two events of a real process: a tick comes when all promises that are kept have gone on.
      await new Promise<void>((resolve) => {
        nextTick(resolve)
      })
      if (done()) return true
      if (schedule.micros > end) return false
      if (schedule.micros > micros) [micros, stepsThen] = [schedule.micros, this.steps]
      else if (this.steps - stepsThen > stepsAtOnceMax) return false
      if (!this.#step(end)) return false
    }
  }

  /** One thing happens, or time passes until the next is due; false when nothing is until `end`. */
  #step(end: number): boolean {
    const { schedule, log } = this
    this.steps++
    if (schedule.runDue()) return true
    if (log.step()) {
      this.#logStepped()
      return true
    }
    const next = schedule.nextAt
    if (next === undefined || next > end) return false
    schedule.micros = Math.max(schedule.micros, next)
    return true
  }
}
