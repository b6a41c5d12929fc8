// One alarm that can be moved: when a partition has to look at its deadlines again.
import type { Millis } from '#libs/base'
import type { Clock } from './clock.js'

export class Wake {
  readonly #clock: Clock
  readonly #ring: () => void
  #cancel: (() => void) | undefined
  #at = Infinity

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock
    this.#ring = ring
  }

  /** When it rings; Infinity for never. */
  get at(): Millis {
    return this.#at
  }

  /** Rings then, and not when it was to ring before. */
  set(at: Millis | undefined): void {
    const next = at ?? Infinity
    if (next === this.#at) return
    this.#cancel?.()
    this.#cancel = undefined
    this.#at = next
    if (next === Infinity) return
    this.#cancel = this.#clock.after(next - this.#clock.now(), () => {
      this.#cancel = undefined
      this.#at = Infinity
      this.#ring()
    })
  }
}
