// Remembers something about topic names, found by a name's bytes where they lie: no string is made per message, and no object per
// name. Bounded: the names live in two generations; when the young one is full, or in time, it becomes the old one, and the old
// one goes.
import { copy, equalBytes, hash32 } from '#libs/base'

/** How much one generation may hold; the table holds at most two of them. */
export interface TopicTableLimits {
  readonly namesMax: number
  readonly bytesMax: number
}

/** A name this many steps down its chain takes the place of the one there, so that chosen collisions cannot make a lookup slow. */
const CHAIN_MAX = 64

const ABSENT = -1

/** One generation: an open hash in typed arrays. Name i is `names[froms[i] .. froms[i] + lengths[i])`. */
class Generation<T> {
  count = 0
  nameBytes = 0
  heads: Int32Array
  nexts: Int32Array
  hashes: Int32Array
  froms: Uint32Array
  lengths: Uint16Array
  names: Uint8Array
  versions: Float64Array
  readonly values: T[] = []

  constructor(capacity: number) {
    this.heads = new Int32Array(capacity).fill(ABSENT)
    this.nexts = new Int32Array(capacity)
    this.hashes = new Int32Array(capacity)
    this.froms = new Uint32Array(capacity)
    this.lengths = new Uint16Array(capacity)
    this.names = new Uint8Array(capacity * 16)
    this.versions = new Float64Array(capacity)
  }

  lookup(hash: number, bytes: Uint8Array, from: number, length: number): number {
    const { hashes, names, froms, lengths, nexts, heads } = this
    let slot = heads[hash & (heads.length - 1)] ?? ABSENT
    while (slot !== ABSENT) {
      if (
        hashes[slot] === hash &&
        lengths[slot] === length &&
        equalBytes(names, froms[slot] ?? 0, bytes, from, length)
      ) {
        return slot
      }
      slot = nexts[slot] ?? ABSENT
    }
    return ABSENT
  }

  add(hash: number, bytes: Uint8Array, from: number, length: number, value: T): number {
    if (this.count === this.heads.length) this.#grow()
    const slot = this.#place(hash)
    this.#reserve(length)
    copy(bytes, from, from + length, this.names, this.nameBytes)
    this.hashes[slot] = hash
    this.froms[slot] = this.nameBytes
    this.lengths[slot] = length
    this.nameBytes += length
    this.versions[slot] = ABSENT
    this.values[slot] = value
    return slot
  }

  /** A new slot at the end of the hash's chain, or the last one of a chain that is too long. */
  #place(hash: number): number {
    const head = hash & (this.heads.length - 1)
    let last = ABSENT
    let steps = 0
    for (let slot = this.heads[head] ?? ABSENT; slot !== ABSENT; slot = this.nexts[slot] ?? ABSENT) {
      last = slot
      steps++
    }
    if (steps >= CHAIN_MAX) return last
    const slot = this.count++
    this.nexts[slot] = ABSENT
    if (last === ABSENT) this.heads[head] = slot
    else this.nexts[last] = slot
    return slot
  }

  /** Holds no name any more, and keeps its memory for others. */
  empty(): this {
    this.heads.fill(ABSENT)
    this.count = 0
    this.nameBytes = 0
    this.values.length = 0
    return this
  }

  #reserve(length: number): void {
    if (this.nameBytes + length <= this.names.length) return
    const names = new Uint8Array(Math.max(this.names.length * 2, this.nameBytes + length))
    names.set(this.names)
    this.names = names
  }

  #grow(): void {
    const capacity = this.heads.length * 2
    this.nexts = new Int32Array(capacity)
    this.hashes = enlarged(this.hashes, new Int32Array(capacity))
    this.froms = enlarged(this.froms, new Uint32Array(capacity))
    this.lengths = enlarged(this.lengths, new Uint16Array(capacity))
    this.versions = enlarged(this.versions, new Float64Array(capacity))
    this.heads = new Int32Array(capacity).fill(ABSENT)
    // Older names stay nearer to the head only by chance; a chain has no order that matters.
    for (let slot = 0; slot < this.count; slot++) {
      const head = (this.hashes[slot] ?? 0) & (capacity - 1)
      this.nexts[slot] = this.heads[head] ?? ABSENT
      this.heads[head] = slot
    }
  }
}

function enlarged<A extends { set(from: A): void }>(from: A, to: A): A {
  to.set(from)
  return to
}

/**
 * Values by topic name, each with the version at which it was right. Slots are good until the next `find`.
 * Names are at most 65,535 bytes long.
 */
export class TopicTable<T> {
  readonly #limits: TopicTableLimits
  readonly #nothing: T
  #young: Generation<T>
  #old: Generation<T> | undefined

  /** `nothing`: the value of a name that has just been added; its version is -1. */
  constructor(limits: TopicTableLimits, nothing: T) {
    this.#limits = limits
    this.#nothing = nothing
    this.#young = new Generation(1024)
  }

  /** Names held now. */
  get size(): number {
    return this.#young.count + (this.#old?.count ?? 0)
  }

  /** The slot of the name `bytes[from..to)`; the name is added if it is new. */
  find(bytes: Uint8Array, from: number, to: number): number {
    const hash = hash32(bytes, from, to) | 0
    const slot = this.#young.lookup(hash, bytes, from, to - from)
    return slot === ABSENT ? this.#admit(hash, bytes, from, to - from) : slot
  }

  valueAt(slot: number): T {
    return this.#young.values[slot] ?? this.#nothing
  }

  versionAt(slot: number): number {
    return this.#young.versions[slot] ?? ABSENT
  }

  put(slot: number, value: T, version: number): void {
    this.#young.values[slot] = value
    this.#young.versions[slot] = version
  }

  /** Makes the name's value worthless (version -1), if the name is held. */
  invalidate(bytes: Uint8Array, from = 0, to = bytes.length): void {
    const hash = hash32(bytes, from, to) | 0
    for (const generation of [this.#young, this.#old]) {
      const slot = generation?.lookup(hash, bytes, from, to - from) ?? ABSENT
      if (generation !== undefined && slot !== ABSENT) {
        generation.versions[slot] = ABSENT
        generation.values[slot] = this.#nothing
      }
    }
  }

  /** Forgets the names that were not asked for since the call before. */
  age(): void {
    this.#old = this.#young.count > 0 ? this.#young : undefined
    if (this.#old !== undefined) this.#young = new Generation(1024)
  }

  clear(): void {
    this.#old = undefined
    this.#young = new Generation(1024)
  }

  #admit(hash: number, bytes: Uint8Array, from: number, length: number): number {
    const young = this.#young
    if (young.count >= this.#limits.namesMax || young.nameBytes + length > this.#limits.bytesMax) {
      // The old one is used again: else many names that come once each would leave megabytes behind for the collector.
      const spare = this.#old?.empty()
      this.#old = young
      this.#young = spare ?? new Generation(1024)
    }
    const slot = this.#young.add(hash, bytes, from, length, this.#nothing)
    const old = this.#old?.lookup(hash, bytes, from, length) ?? ABSENT
    if (this.#old !== undefined && old !== ABSENT) {
      this.put(slot, this.#old.values[old] ?? this.#nothing, this.#old.versions[old] ?? ABSENT)
    }
    return slot
  }
}
