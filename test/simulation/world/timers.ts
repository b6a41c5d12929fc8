// While a simulation runs, this thread's timers are the simulation's: what a shell does "at the end of the turn" or "every second"
// happens in simulated time, in the order of the seed.
import type { World } from './world.js'

interface Handle {
  cancel: () => void
}

/** The end of a turn of the event loop comes within so many microseconds. */
const turnMicrosMax = 40

/** Replaces the timers; the result puts the real ones back. */
export function takeTimers(world: World): () => void {
  const { setImmediate, setTimeout, setInterval, clearImmediate, clearTimeout, clearInterval } = globalThis
  const plan = (micros: number, act: () => void): (() => void) => {
    const { current } = world
    return current === undefined ? world.after(micros, act) : world.afterIn(current, micros, act)
  }
  const once = (micros: number, act: () => void): Handle => ({ cancel: plan(micros, act) })
  const every = (micros: number, act: () => void): Handle => {
    const { current } = world
    const again = (): (() => void) =>
      (current === undefined ? world.after.bind(world) : world.afterIn.bind(world, current))(micros, () => {
        handle.cancel = again()
        act()
      })
    const handle: Handle = { cancel: () => undefined }
    handle.cancel = again()
    return handle
  }
  const clear = (handle?: Handle): void => {
    handle?.cancel()
  }
  Object.assign(globalThis, {
    setImmediate: (act: () => void) => once(world.random.below(turnMicrosMax), act),
    setTimeout: (act: () => void, millis = 0) => once(millis * 1000, act),
    setInterval: (act: () => void, millis = 0) => every(millis * 1000, act),
    clearImmediate: clear,
    clearTimeout: clear,
    clearInterval: clear,
  })
  return () => {
    Object.assign(globalThis, {
      setImmediate,
      setTimeout,
      setInterval,
      clearImmediate,
      clearTimeout,
      clearInterval,
    })
  }
}
