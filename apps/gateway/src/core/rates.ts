// How often things may happen, in windows of a second: CONNECTs of one address, PUBLISHes of one client. Both limits are off by default.
import { SECOND } from '#libs/base'
import type { Millis } from '#libs/base'
import type { Connection } from './connection.js'

/** The second in which a moment lies. */
const secondOf = (now: Millis): number => Math.floor(now / SECOND)

/** Counts per address. What a second has counted is forgotten with it, so no more is held than comes in one. */
export class AddressRates {
  #second = 0
  readonly #counts = new Map<string, number>()

  /** Counts one more; false when it is one too many. `most` 0: there is no limit. */
  take(address: string, now: Millis, most: number): boolean {
    if (most === 0) return true
    const second = secondOf(now)
    if (second !== this.#second) this.#counts.clear()
    this.#second = second
    const count = (this.#counts.get(address) ?? 0) + 1
    this.#counts.set(address, count)
    return count <= most
  }
}

/** Counts one more PUBLISH of this connection; false when it is one too many. */
export function mayPublishNow(connection: Connection, most: number): boolean {
  const second = secondOf(connection.gateway.now)
  if (second !== connection.publishSecond) connection.publishCount = 0
  connection.publishSecond = second
  return ++connection.publishCount <= most
}
