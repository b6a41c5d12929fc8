// The connections of a gateway by their number. A number is used once per incarnation: its low part is a place in the table, its high
// part counts how often that place was taken.
import type { Connection } from './connection.js'

const placeBits = 20
const places = 1 << placeBits

export class ConnectionTable {
  count = 0
  readonly #slots: (Connection | null)[] = []
  /** The number that each place gives out next. */
  readonly #numbers: number[] = []
  /** Free places, the one that was free longest first. */
  readonly #free: number[] = []
  #freeFrom = 0

  /** Takes a place and gives the connection's number; undefined when there are a million. */
  take(make: (number: number) => Connection): Connection | undefined {
    const place = this.#freeFrom < this.#free.length ? this.#free[this.#freeFrom++] : this.#slots.length
    if (place === undefined || place >= places) return undefined
    if (this.#freeFrom > 1024 && this.#freeFrom * 2 > this.#free.length) {
      this.#free.splice(0, this.#freeFrom)
      this.#freeFrom = 0
    }
    // Number 0 is nobody's: records use it for "none".
    const number = this.#numbers[place] ?? places + place
    this.#numbers[place] = number + places
    const connection = make(number)
    this.#slots[place] = connection
    this.count++
    return connection
  }

  find(number: number): Connection | undefined {
    const connection = this.#slots[number % places] ?? null
    return connection !== null && connection.number === number ? connection : undefined
  }

  remove(connection: Connection): void {
    const place = connection.number % places
    if (this.#slots[place] !== connection) return
    this.#slots[place] = null
    this.#free.push(place)
    this.count--
  }

  each(visit: (connection: Connection) => void): void {
    for (const connection of this.#slots) if (connection !== null) visit(connection)
  }
}
