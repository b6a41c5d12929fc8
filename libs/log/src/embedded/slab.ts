// A piece of memory with appended batches in it, and its way back when nobody looks at any of them: new memory costs a page fault
// per 4 KiB and, as the garbage collector sees it, a reason to collect.
import type { Lease } from '#libs/batch'

/** A turn of a busy gateway with QoS 0 appends a megabyte and a half at once. */
const slabSize = 2 * 1024 * 1024

/** So many slabs wait for their next use; what comes back beyond that is left to the garbage collector. */
const idleMax = 12

const idle: Slab[] = []

export class Slab implements Lease {
  /** A larger batch has a slab of its own, which is used once. */
  readonly bytes: Buffer
  /** One for whoever fills it. */
  #holders = 1

  private constructor(size: number) {
    this.bytes = Buffer.allocUnsafeSlow(size)
  }

  /** A slab of at least `size` bytes, held by the caller. What is in it is old. */
  static take(size: number): Slab {
    const used = size <= slabSize ? idle.pop() : undefined
    if (used === undefined) return new Slab(Math.max(size, slabSize))
    used.#holders = 1
    return used
  }

  keep(): void {
    this.#holders++
  }

  letGo(): void {
    if (--this.#holders === 0 && this.bytes.length === slabSize && idle.length < idleMax) idle.push(this)
  }
}
