// Where appended batches lie in memory: slabs that are filled once, written to disk from there, and shown to readers.

const slabSize = 1024 * 1024

/** One chain per file, so that what waits for the disk is a few long ranges; and one per partition in memory. */
export class SlabChain {
  /** The slab and the place in it that the last `reserve` gave. */
  slab: Buffer = Buffer.alloc(0)
  at = 0
  #end = 0
  #taken = 0
  #ranges: Buffer[] = []

  /** Makes room for `size` bytes at `at` of `slab`. A slab is never used twice: somebody may still hold a batch in it. */
  reserve(size: number): void {
    if (this.#end + size > this.slab.length) {
      this.#close()
      this.slab = Buffer.allocUnsafeSlow(Math.max(slabSize, size))
      this.#end = 0
      this.#taken = 0
    }
    this.at = this.#end
    this.#end += size
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
    if (this.#end > this.#taken) this.#ranges.push(this.slab.subarray(this.#taken, this.#end))
    this.#taken = this.#end
  }
}
