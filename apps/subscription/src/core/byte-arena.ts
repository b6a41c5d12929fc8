// Memory for many small values that live long: they lie side by side in slabs, so that none costs a buffer of its own or pins a
// large one. A slab that is half empty is emptied: what lives in it moves, the slab goes.
import { copy } from '#libs/base'

const SLAB_BYTES = 256 * 1024
/** Longer values get a slab of their own. */
const SHARED_MAX = 32 * 1024

/** A slab: `used` bytes are given away, `live` of them are still in use. */
class Slab {
  used = 0
  live = 0
  /** Everything that was ever placed here; what has moved or gone points elsewhere. */
  readonly items: Placed[] = []
  constructor(readonly bytes: Uint8Array) {}
}

const NOWHERE = new Slab(new Uint8Array(0))

/** A value's place: `bytes[from .. from + length)`. It may move whenever something is placed or released: do not keep `bytes`. */
export class Placed {
  slab = NOWHERE
  from = 0
  length = 0

  get bytes(): Uint8Array {
    return this.slab.bytes
  }
}

export class ByteArena {
  #current = new Slab(new Uint8Array(0))
  #live = 0
  #held = 0

  /** Bytes in use. */
  get live(): number {
    return this.#live
  }

  /** Bytes of all slabs: at most about twice `live`, and one slab. */
  get held(): number {
    return this.#held
  }

  /** Gives the item `length` (at least 1) bytes, which the caller fills at once. */
  place(item: Placed, length: number): void {
    const slab = this.#room(length)
    item.slab = slab
    item.from = slab.used
    item.length = length
    slab.used += length
    slab.live += length
    slab.items.push(item)
    this.#live += length
  }

  release(item: Placed): void {
    const slab = item.slab
    if (slab === NOWHERE) return
    item.slab = NOWHERE
    slab.live -= item.length
    this.#live -= item.length
    if (slab !== this.#current && slab.live * 2 <= slab.bytes.length) this.#empty(slab)
  }

  #room(length: number): Slab {
    if (length > SHARED_MAX) return this.#slab(length)
    const current = this.#current
    if (current.used + length <= current.bytes.length) return current
    const next = (this.#current = this.#slab(SLAB_BYTES))
    // What the full slab lost while it was the current one is looked at only now.
    if (current.live * 2 <= current.bytes.length) this.#empty(current)
    return next.used + length <= next.bytes.length ? next : this.#room(length)
  }

  #slab(length: number): Slab {
    this.#held += length
    return new Slab(new Uint8Array(length))
  }

  #empty(slab: Slab): void {
    this.#held -= slab.bytes.length
    for (const item of slab.items) {
      if (item.slab !== slab) continue
      const from = item.from
      this.#live -= item.length
      this.place(item, item.length)
      copy(slab.bytes, from, from + item.length, item.bytes, item.from)
    }
  }
}
