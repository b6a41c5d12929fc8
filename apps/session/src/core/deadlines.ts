// When something is due for which client: a heap of moments. Entries are not taken out when a row changes; whoever takes the first
// one compares it with the row, and the heap is built anew when too many are out of date.
import type { Millis } from '#libs/base'

interface Deadline {
  readonly dueMillis: Millis
  readonly clientId: string
}

/** A heap of deadlines, the earliest first; of equal ones in no order. */
export class Deadlines {
  #heap: Deadline[] = []

  get size(): number {
    return this.#heap.length
  }

  /** The earliest, or undefined. */
  get first(): Deadline | undefined {
    return this.#heap[0]
  }

  add(dueMillis: Millis, clientId: string): void {
    const heap = this.#heap
    const entry = { dueMillis, clientId }
    let at = heap.length
    heap.push(entry)
    while (at > 0) {
      const parentAt = (at - 1) >> 1
      const parent = heap[parentAt]
      if (parent === undefined || parent.dueMillis <= dueMillis) break
      heap[at] = parent
      at = parentAt
    }
    heap[at] = entry
  }

  removeFirst(): void {
    const heap = this.#heap
    const moved = heap.pop()
    if (moved === undefined || heap.length === 0) return
    let at = 0
    for (;;) {
      let childAt = 2 * at + 1
      let child = heap[childAt]
      if (child === undefined) break
      const right = heap[childAt + 1]
      if (right !== undefined && right.dueMillis < child.dueMillis) {
        child = right
        childAt++
      }
      if (child.dueMillis >= moved.dueMillis) break
      heap[at] = child
      at = childAt
    }
    heap[at] = moved
  }

  clear(): void {
    this.#heap = []
  }
}
