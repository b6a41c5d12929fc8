// What is published below $SYS/broker, with Mosquitto's names: what apps count, added up, and how fast it rises. Somebody else publishes it.

/** A topic below `$SYS/broker/` and its value. */
export type SysValues = Readonly<Record<string, () => number | string>>

const averages = { '1min': 60_000, '5min': 300_000, '15min': 900_000 } as const

export class SysTopics {
  readonly #readings = new Map<string, (() => number | string)[]>()
  readonly #loads = new Map<string, Load>()
  readonly #now: () => number

  /** `now` in milliseconds since whenever. */
  constructor(now: () => number) {
    this.#now = now
  }

  /** A name may be given by several apps: their numbers are added up. */
  add(values: SysValues): void {
    for (const [topic, read] of Object.entries(values)) {
      const given = this.#readings.get(topic)
      if (given === undefined) this.#readings.set(topic, [read])
      else given.push(read)
    }
  }

  /** Counts that rise from 0: how much a minute, on average, is published below `load/`. */
  addLoads(counts: Readonly<Record<string, () => number>>): void {
    for (const [name, count] of Object.entries(counts)) {
      const load = this.#loads.get(name) ?? new Load(name, this.#now())
      load.counts.push(count)
      this.#loads.set(name, load)
    }
  }

  /** What is to be published now. */
  values(): (readonly [topic: string, value: string])[] {
    const values = [...this.#readings].map(([topic, [first, ...others]]) => {
      const value = first?.() ?? 0
      return [topic, String(others.reduce<number | string>((sum, read) => plus(sum, read()), value))] as const
    })
    const now = this.#now()
    return [...values, ...[...this.#loads.values()].flatMap((load) => load.values(now))]
  }
}

const plus = (a: number | string, b: number | string): number | string =>
  typeof a === 'number' && typeof b === 'number' ? a + b : b

/** Bytes of the heap of JavaScript, now and the most that was seen. */
export function heapValues(): SysValues {
  let most = 0
  const current = (): number => {
    const { heapUsed } = process.memoryUsage()
    most = Math.max(most, heapUsed)
    return heapUsed
  }
  return { 'heap/current': current, 'heap/maximum': () => most }
}

/** Moving averages of one name, as Mosquitto makes them: each look counts for as long as it is since the last one. */
class Load {
  readonly counts: (() => number)[] = []
  readonly #name: string
  #at: number
  #counted = 0
  readonly #perMinute = { '1min': 0, '5min': 0, '15min': 0 }

  constructor(name: string, now: number) {
    this.#name = name
    this.#at = now
  }

  values(now: number): (readonly [topic: string, value: string])[] {
    const millis = now - this.#at
    const counted = this.counts.reduce((sum, count) => sum + count(), 0)
    const rate = millis > 0 ? ((counted - this.#counted) * 60_000) / millis : 0
    if (millis > 0) {
      this.#at = now
      this.#counted = counted
    }
    return (['1min', '5min', '15min'] as const).map((time) => {
      const kept = Math.exp(-millis / averages[time])
      this.#perMinute[time] = rate + kept * (this.#perMinute[time] - rate)
      return [`load/${this.#name}/${time}`, this.#perMinute[time].toFixed(2)] as const
    })
  }
}
