// A queue that cannot grow without bound: it has a name, a maximum, and a policy for when it is full.

/** What the owner of a full queue does: let the sender wait, drop what was offered and count it, or close the sender. */
export type WhenFull = 'wait' | 'drop' | 'close'

export interface BoundedQueueOptions {
  readonly name: string
  readonly maximum: number
  readonly whenFull: WhenFull
}

/** First in, first out, in a ring that doubles up to its maximum; every operation takes constant time. */
export class BoundedQueue<T> {
  readonly name: string
  readonly maximum: number
  readonly whenFull: WhenFull
  /** How many offers found the queue full. */
  refused = 0
  #ring: (T | undefined)[]
  #first = 0
  #length = 0

  constructor({ name, maximum, whenFull }: BoundedQueueOptions) {
    this.name = name
    this.maximum = maximum
    this.whenFull = whenFull
    this.#ring = new Array<T | undefined>(Math.min(8, maximum)).fill(undefined)
  }

  get length(): number {
    return this.#length
  }

  get isFull(): boolean {
    return this.#length >= this.maximum
  }

  /** Takes the item, or says what is to be done with it instead. */
  offer(item: T): 'taken' | WhenFull {
    if (this.#length >= this.maximum) {
      this.refused++
      return this.whenFull
    }
    if (this.#length === this.#ring.length) this.#grow()
    this.#ring[(this.#first + this.#length) % this.#ring.length] = item
    this.#length++
    return 'taken'
  }

  /** The oldest item, taken out; undefined when empty. */
  take(): T | undefined {
    if (this.#length === 0) return undefined
    const item = this.#ring[this.#first]
    this.#ring[this.#first] = undefined
    this.#first = (this.#first + 1) % this.#ring.length
    this.#length--
    return item
  }

  /** The oldest item, left where it is. */
  peek(): T | undefined {
    return this.at(0)
  }

  /** The item that `index` others come before. */
  at(index: number): T | undefined {
    return index < this.#length ? this.#ring[(this.#first + index) % this.#ring.length] : undefined
  }

  /** Forgets all items, and the memory that held them. */
  clear(): void {
    this.#ring = new Array<T | undefined>(Math.min(8, this.maximum)).fill(undefined)
    this.#first = 0
    this.#length = 0
  }

  #grow(): void {
    const ring = new Array<T | undefined>(Math.min(this.#ring.length * 2, this.maximum)).fill(undefined)
    for (let i = 0; i < this.#length; i++) ring[i] = this.#ring[(this.#first + i) % this.#ring.length]
    this.#ring = ring
    this.#first = 0
  }
}
