// Time as the runtime is given it: the process's clock, or the simulation's.
import type { Millis } from '#libs/base'

/** A clock and its alarms. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): Millis
  /** Calls back once after `millis` (capped to what a timer can hold; who needs more sets it again); the result cancels it. */
  after(millis: Millis, callback: () => void): () => void
}

/** Longer delays make Node's timers fire at once. */
const longestDelay = 2 ** 31 - 1

/** The process's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(millis, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(millis, 0), longestDelay))
    return () => {
      clearTimeout(timer)
    }
  },
}
