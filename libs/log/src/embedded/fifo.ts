// A first-in first-out row without an object per entry; entries can also be looked at by their running number.

/** Entries have running numbers from 0 on: `start` is the first one still here, `end` the one that the next push gets. */
export class Fifo<T> {
  #entries: (T | undefined)[] = []
  #base = 0
  #head = 0

  get start(): number {
    return this.#base + this.#head
  }

  get end(): number {
    return this.#base + this.#entries.length
  }

  get length(): number {
    return this.#entries.length - this.#head
  }

  push(entry: T): void {
    this.#entries.push(entry)
  }

  /** The entry with this running number; undefined if it has left or is still to come. */
  at(index: number): T | undefined {
    return this.#entries[index - this.#base]
  }

  first(): T | undefined {
    return this.#entries[this.#head]
  }

  shift(): T | undefined {
    const head = this.#head
    const entry = this.#entries[head]
    if (entry === undefined) return undefined
    this.#entries[head] = undefined
    this.#head = head + 1
    if (this.#head === this.#entries.length) {
      this.#base += this.#head
      this.#head = 0
      this.#entries.length = 0
    } else if (this.#head >= 1024 && this.#head * 2 >= this.#entries.length) {
      this.#entries.splice(0, this.#head)
      this.#base += this.#head
      this.#head = 0
    }
    return entry
  }
}
