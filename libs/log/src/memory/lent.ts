// A batch as its reader gets it for a while. Its memory is spoilt as soon as everybody has let go of it, so that who looks at it too
// long is found out here, and not when a log that uses its memory again has put somebody else's message there.
import { copyOf } from '#libs/base'
import type { Batch, Lease } from '#libs/batch'

const spoilt = 0xdb

export class Lent implements Lease {
  readonly batch: Batch
  /** One for the call that brings it. */
  #holders = 1

  constructor(batch: Batch) {
    this.batch = { ...batch, bytes: copyOf(batch.bytes), lease: this }
  }

  keep(): void {
    this.#holders++
  }

  letGo(): void {
    if (--this.#holders === 0) this.batch.bytes.fill(spoilt)
  }
}
