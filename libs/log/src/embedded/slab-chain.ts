// Where appended batches lie in memory: slabs that are filled once, written to disk from there, and shown to readers.
import { Slab } from './slab.js'

/** One chain per file, so that what waits for the disk is a few long ranges; and one per partition in memory. */
export class SlabChain {
  /** The place that the last `reserve` gave. */
  at = 0
  #slab: Slab | undefined
  #end = 0
  #taken = 0
  #ranges: Buffer[] = []

  /** Makes room for `size` bytes at `at` of the slab that it gives. */
  reserve(size: number): Slab {
    let slab = this.#slab
    if (slab === undefined || this.#end + size > slab.bytes.length) {
      this.#close()
      slab?.letGo()
      this.#slab = slab = Slab.take(size)
      this.#end = 0
      this.#taken = 0
    }
    this.at = this.#end
    this.#end += size
    return slab
  }

  /** Everything reserved since the last call, in order. */
  take(): Buffer[] {
    this.#close()
    const ranges = this.#ranges
    this.#ranges = []
    return ranges
  }

  /** Forgets what `take` would give: for batches that stay in memory. */
  skip(): void {
    this.#taken = this.#end
    if (this.#ranges.length > 0) this.#ranges = []
  }

  #close(): void {
    if (this.#slab !== undefined && this.#end > this.#taken)
      this.#ranges.push(this.#slab.bytes.subarray(this.#taken, this.#end))
    this.#taken = this.#end
  }
}
