// What one client has under way to one partition, in a log of several machines: appends land in order, later their
// acknowledgements come back in order. A client that dies leaves behind what is on the wire.
import type { SeededRandom } from '#libs/base'
import type { LogFailure, Stored } from '../event-log.js'
import type { Actor } from './actor.js'
import type { MemoryPartition } from './memory-partition.js'

/** Who writes under a claim. */
export interface Producer {
  readonly id: string
  readonly epoch: number
}

export interface Flight {
  readonly bytes: Uint8Array
  readonly count: number
  readonly producer: Producer | undefined
  readonly done: Stored
}

interface Landed {
  readonly flight: Flight
  readonly failure: LogFailure | undefined
  readonly baseOffset: number
}

const refused: LogFailure = { kind: 'refused', sentence: 'another owner has claimed the partition' }

/** What a lane asks of its client. */
interface LaneClient {
  readonly connected: boolean
  readonly listens: boolean
  /** False while the way between the two is broken. */
  reaches(partition: MemoryPartition): boolean
}

/** What a lane asks of its log. */
export interface LaneHome {
  readonly random: SeededRandom
  readonly reachable: boolean
  now(): number
  laneEnded(lane: Lane): void
  writerRefused(): void
}

export class Lane implements Actor {
  readonly partition: MemoryPartition
  readonly #home: LaneHome
  #flying: Flight[] = []
  #landed: Landed[] = []
  #orphan = false
  readonly #client: LaneClient

  constructor(partition: MemoryPartition, home: LaneHome, client: LaneClient) {
    this.partition = partition
    this.#home = home
    this.#client = client
  }

  get empty(): boolean {
    return this.#flying.length === 0 && this.#landed.length === 0
  }

  get ready(): boolean {
    return this.#canLand || this.#canAcknowledge
  }

  /** What is on the wire lands also when its sender stands still or is dead. */
  get #canLand(): boolean {
    if (this.#flying.length === 0 || !this.#home.reachable) return false
    return this.#client.reaches(this.partition) && (this.#orphan || this.#client.connected)
  }

  get #canAcknowledge(): boolean {
    return this.#landed.length > 0 && this.#client.listens && this.#client.reaches(this.partition)
  }

  push(flight: Flight): void {
    this.#flying.push(flight)
  }

  act(): void {
    if (this.#canLand && (!this.#canAcknowledge || this.#home.random.chance(0.5))) this.#land()
    else this.#acknowledge()
    if (this.#orphan && this.empty) this.#home.laneEnded(this)
  }

  /** The client is dead: some of what it sent may still land, nobody hears of it. */
  orphan(): void {
    this.#orphan = true
    this.#landed = []
    this.#flying.length = this.#home.random.below(this.#flying.length + 1)
    if (this.empty) this.#home.laneEnded(this)
  }

  /** Lands and acknowledges everything at once. */
  flush(): void {
    while (this.#flying.length > 0) this.#land()
    while (this.#landed.length > 0) this.#acknowledge()
  }

  #land(): void {
    const flight = this.#flying.shift()
    if (flight === undefined) return
    const { producer, bytes, count } = flight
    const { partition } = this
    if (producer !== undefined && partition.refuses(producer.id, producer.epoch)) {
      this.#home.writerRefused()
      if (!this.#orphan) this.#landed.push({ flight, failure: refused, baseOffset: -1 })
      return
    }
    if (producer !== undefined) partition.epochs.set(producer.id, producer.epoch)
    const { baseOffset } = partition.push(bytes, count, this.#home.now())
    partition.storedOffset = partition.endOffset
    if (!this.#orphan) this.#landed.push({ flight, failure: undefined, baseOffset })
  }

  #acknowledge(): void {
    const landed = this.#landed.shift()
    landed?.flight.done(landed.failure, landed.baseOffset)
  }
}
