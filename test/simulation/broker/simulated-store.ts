// The kept-session store as one process of the simulation sees it: every answer takes its time, in order; and what it held may be gone.
import type { KeptSessionStore, MemoryStore, MessagePage, SessionPartition, StoreChange } from '#libs/store'
import type { Life, World } from '../world/world.js'

/** An answer comes within so many microseconds. */
const answerMicrosMax = 3_000

export class SimulatedStore implements KeptSessionStore {
  readonly #world: World
  readonly #life: Life
  readonly #store: MemoryStore
  readonly #partitions = new Map<number, SlowSessions>()

  constructor(world: World, life: Life, store: MemoryStore) {
    this.#world = world
    this.#life = life
    this.#store = store
  }

  partition(index: number): SessionPartition {
    let partition = this.#partitions.get(index)
    if (partition === undefined) {
      partition = new SlowSessions(this.#world, this.#life, this.#store.partition(index))
      this.#partitions.set(index, partition)
    }
    return partition
  }

  close(): Promise<void> {
    return this.#store.close()
  }

  /** Somebody empties it, or it comes back without what it had. */
  async lose(): Promise<void> {
    for (const partition of this.#partitions.values()) await partition.inner.wipe()
  }
}

class SlowSessions implements SessionPartition {
  readonly inner: SessionPartition
  readonly #world: World
  readonly #life: Life
  #last = 0

  constructor(world: World, life: Life, inner: SessionPartition) {
    this.#world = world
    this.#life = life
    this.inner = inner
  }

  applied(): Promise<number | undefined> {
    return this.#inTime(() => this.inner.applied())
  }

  checkpoint(applied: number, changes: readonly StoreChange[]): Promise<void> {
    return this.#inTime(() => this.inner.checkpoint(applied, changes))
  }

  session(clientId: string): Promise<Uint8Array | undefined> {
    return this.#inTime(() => this.inner.session(clientId))
  }

  pages(
    session: { readonly clientId: string; readonly birth: number },
    from: number,
    count: number,
  ): Promise<MessagePage[]> {
    return this.#inTime(() => this.inner.pages(session, from, count))
  }

  subscriptions(clientId: string): Promise<string[]> {
    return this.#inTime(() => this.inner.subscriptions(clientId))
  }

  wipe(): Promise<void> {
    return this.#inTime(() => this.inner.wipe())
  }

  #inTime<T>(act: () => Promise<T>): Promise<T> {
    const { schedule, random } = this.#world
    const at = Math.max(this.#last, schedule.micros + random.below(answerMicrosMax))
    this.#last = at
    return new Promise((resolve, reject) => {
      this.#world.afterIn(this.#life, at - schedule.micros, () => {
        act().then(resolve, reject)
      })
    })
  }
}
