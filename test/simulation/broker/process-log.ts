// The log as one process of the simulation sees it: the memory log's client, with a note of whose code runs when it calls back.
import type {
  Append,
  Claim,
  EventLog,
  MemoryClient,
  Pressure,
  Reader,
  ReaderOptions,
  RecordBatchBuilder,
  Stored,
  TopicPartition,
} from '#libs/log'
import type { Life, World } from '../world/world.js'

type Batch = Parameters<ReaderOptions['handle']>[0]

export class ProcessLog implements EventLog {
  readonly #world: World
  readonly #life: Life
  readonly #client: MemoryClient
  readonly #epochs = new Map<string, number>()

  constructor(world: World, life: Life, client: MemoryClient) {
    this.#world = world
    this.#life = life
    this.#client = client
  }

  /** True while nobody has claimed that partition after this process. */
  holds(service: string, partition: number): boolean {
    const id = `${service}-${String(partition)}`
    return this.#epochs.get(id) === this.#world.log.epochOf(id)
  }

  get atomicCommit(): boolean {
    return this.#client.atomicCommit
  }

  get pressure(): Pressure {
    return this.#world.pressure
  }

  get writable(): boolean {
    return this.#world.stalled || this.#client.writable
  }

  createTopics(topics: Parameters<EventLog['createTopics']>[0]): Promise<void> {
    return this.#heard(this.#client.createTopics(topics))
  }

  append(target: TopicPartition, batch: RecordBatchBuilder, stored?: Stored): void {
    this.#client.append(target, batch, stored && this.#stored(stored))
  }

  async claim(service: string, partition: number, states: readonly TopicPartition[]): Promise<Claim> {
    const claim = await this.#heard(this.#client.claim(service, partition, states))
    const id = `${service}-${String(partition)}`
    this.#epochs.set(id, this.#world.log.epochOf(id))
    return {
      commit: (facts: readonly Append[], sends: readonly Append[], stored: Stored) => {
        claim.commit(facts, sends, this.#stored(stored))
      },
      release: () => claim.release(),
    }
  }

  readState(target: TopicPartition, visit: (batch: Batch) => void): Promise<number> {
    const reading = this.#client.readState(target, (batch) => {
      this.#enter()
      visit(batch)
    })
    return this.#heard(reading)
  }

  read(target: TopicPartition, options: ReaderOptions): Reader {
    const { handle, failed } = options
    return this.#client.read(target, {
      ...options,
      handle: (batch) => {
        this.#enter()
        return handle(batch)
      },
      failed: (error) => {
        this.#enter()
        failed(error)
      },
    })
  }

  startOffset(target: TopicPartition): number {
    return this.#client.startOffset(target)
  }

  endOffset(target: TopicPartition): number {
    return this.#client.endOffset(target)
  }

  trim(target: TopicPartition, before: number): void {
    this.#client.trim(target, before)
  }

  barrier(stored: () => void): void {
    this.#client.barrier(() => {
      this.#enter()
      stored()
    })
  }

  close(): Promise<void> {
    return this.#client.close()
  }

  #enter(): void {
    this.#world.current = this.#life
  }

  /** An answer that comes to a process that has died meanwhile lets nothing in it go on. */
  async #heard<T>(answer: Promise<T>): Promise<T> {
    const value = await answer
    if (!this.#life.alive) await new Promise(() => undefined)
    this.#enter()
    return value
  }

  #stored(stored: Stored): Stored {
    return (failure, baseOffset) => {
      this.#enter()
      stored(failure, baseOffset)
    }
  }
}
