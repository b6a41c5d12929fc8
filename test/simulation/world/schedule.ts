// Simulated time: what will happen when, in microseconds. Nothing here waits; whoever runs it moves the time on.
import type { Millis } from '#libs/base'

interface Task {
  readonly at: number
  /** Of two tasks at the same time, the one that was planned first. */
  readonly order: number
  act: (() => void) | undefined
}

/** When every simulation begins, in milliseconds since 1970. */
const beginMillis: Millis = 1_700_000_000_000

export class Schedule {
  /** Since the beginning. */
  micros = 0
  readonly #heap: Task[] = []
  #order = 0

  get millis(): Millis {
    return beginMillis + Math.floor(this.micros / 1000)
  }

  /** Plans `act`; the result takes it back. */
  after(micros: number, act: () => void): () => void {
    const task: Task = { at: this.micros + Math.max(0, Math.floor(micros)), order: this.#order++, act }
    this.#add(task)
    return () => {
      task.act = undefined
    }
  }

  /** When the next task is due; undefined when nothing is planned. */
  get nextAt(): number | undefined {
    let first = this.#heap[0]
    while (first !== undefined && first.act === undefined) {
      this.#removeFirst()
      first = this.#heap[0]
    }
    return first?.at
  }

  /** Runs the next task if it is due; false when none is. */
  runDue(): boolean {
    const at = this.nextAt
    if (at === undefined || at > this.micros) return false
    const act = this.#heap[0]?.act
    this.#removeFirst()
    act?.()
    return true
  }

  #add(task: Task): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(task)
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = heap[above]
      if (parent === undefined || isBefore(parent, task)) break
      heap[at] = parent
      at = above
    }
    heap[at] = task
  }

  #removeFirst(): void {
    const heap = this.#heap
    const moved = heap.pop()
    if (moved === undefined || heap.length === 0) return
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      let child = heap[below]
      if (child === undefined) break
      const right = heap[below + 1]
      if (right !== undefined && isBefore(right, child)) {
        child = right
        below++
      }
      if (isBefore(moved, child)) break
      heap[at] = child
      at = below
    }
    heap[at] = moved
  }
}

const isBefore = (a: Task, b: Task): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)
