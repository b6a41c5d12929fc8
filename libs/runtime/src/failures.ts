// What a partition, or a reader that has none, remembers of its failures: how often it tried a batch, and whether it fails again and again.
import type { Millis } from '#libs/base'
import type { Clock } from './clock.js'

/** A batch that makes the service throw this often is passed over, loudly: a partition that stands still helps nobody. */
export const attemptsMax = 3
/** More failures than this within this time: the partition is not well, though it may just have been restored. */
const fewMax = attemptsMax
const withinMillis = 10_000
/** After a failure it waits this long before it claims and restores again; longer when that has not helped. */
const soonMillis = 250
const seldomMillis = 2_000

export class Failures {
  /** Times that the state was dropped to be restored, since the start. */
  count = 0
  readonly #clock: Pick<Clock, 'now'>
  #batch = ''
  #attempts = 0
  #last: readonly Millis[] = []

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock
  }

  note(): void {
    this.count++
    this.#last = [...this.#last, this.#clock.now()].slice(-fewMax - 1)
  }

  /** True while the partition fails again and again: who asks may always find it ready. */
  get areMany(): boolean {
    const [since] = this.#last
    return this.#last.length > fewMax && since !== undefined && this.#clock.now() - since < withinMillis
  }

  get pauseMillis(): Millis {
    return this.areMany ? seldomMillis : soonMillis
  }

  /** The batch of this name could not be taken. True when it is not to be tried any more. */
  isLast(batch: string): boolean {
    this.#attempts = this.#batch === batch ? this.#attempts + 1 : 1
    this.#batch = batch
    if (this.#attempts < attemptsMax) return false
    this.#attempts = 0
    return true
  }
}
