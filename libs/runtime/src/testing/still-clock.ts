// A clock for specs.
import type { Millis } from '#libs/base'
import type { Clock } from '../clock.js'

/** A clock that stands still until it is told to go on. */
export class StillClock implements Clock {
  time: Millis = 1_000_000
  #alarms: { at: Millis; callback: () => void }[] = []

  now(): Millis {
    return this.time
  }

  after(millis: Millis, callback: () => void): () => void {
    const alarm = { at: this.time + millis, callback }
    this.#alarms.push(alarm)
    return () => {
      this.#alarms = this.#alarms.filter((other) => other !== alarm)
    }
  }

  advance(millis: Millis): void {
    this.time += millis
    for (const alarm of this.#alarms.filter(({ at }) => at <= this.time)) {
      this.#alarms = this.#alarms.filter((other) => other !== alarm)
      alarm.callback()
    }
  }
}
