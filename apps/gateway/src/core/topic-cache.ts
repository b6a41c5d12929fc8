// Topic names that were judged before, found by their bytes: a name that comes again costs one hash and one comparison. Bounded.
import { allocateUnsafeSlow, copy, EMPTY_BYTES, equalBytes, utf8Decode, utf8Encode } from '#libs/base'
import { partitionOfTopicBytes } from '#libs/topics'

/** A valid topic name and what is remembered about it. */
export class TopicEntry {
  next: TopicEntry | null = null
  /** Below `$SYS/`, where only the broker publishes. */
  readonly isReserved: boolean
  #text: string | undefined

  constructor(
    readonly bytes: Uint8Array,
    readonly hash: number,
    /** Its partition in byTopic topics. */
    readonly partition: number,
  ) {
    this.isReserved = isReserved(bytes)
  }

  get text(): string {
    return (this.#text ??= utf8Decode(this.bytes))
  }

  /** True for this very name. */
  is(buffer: Uint8Array, from: number, length: number): boolean {
    return this.bytes.length === length && equalBytes(this.bytes, 0, buffer, from, length)
  }
}

/**
 * Two generations: when the young one is full it becomes the old one and what was old is forgotten, so a million topics that
 * come once each cost no more memory than the bound, and names in use move over to the young one.
 */
export class TopicCache {
  #young: Generation
  #old: Generation
  readonly #partitions: number
  readonly #entriesMax: number
  readonly #bytesMax: number

  constructor(options: {
    readonly partitions: number
    readonly entriesMax?: number
    readonly bytesMax?: number
  }) {
    this.#partitions = options.partitions
    this.#entriesMax = options.entriesMax ?? 16_384
    this.#bytesMax = options.bytesMax ?? 4_194_304
    this.#young = new Generation()
    this.#old = new Generation()
  }

  /** How many names are remembered, at most twice the bound. */
  get size(): number {
    return this.#young.entries + this.#old.entries
  }

  /** The entry of the name in `buffer[from..to)`; undefined when it was not judged yet (or was forgotten). */
  find(buffer: Uint8Array, from: number, to: number): TopicEntry | undefined {
    const hash = hashOf(buffer, from, to)
    const length = to - from
    const young = this.#young.find(hash, buffer, from, length)
    if (young !== undefined) return young
    const old = this.#old.find(hash, buffer, from, length)
    if (old === undefined) return undefined
    // A new object: the old one stays a link of the old generation's chain.
    return this.#keep(old.bytes, 0, length, hash, old.partition)
  }

  /** Remembers a name that the caller has found valid. */
  add(buffer: Uint8Array, from: number, to: number): TopicEntry {
    const partition = partitionOfTopicBytes(buffer, this.#partitions, from, to)
    return this.#keep(buffer, from, to, hashOf(buffer, from, to), partition)
  }

  #keep(buffer: Uint8Array, from: number, to: number, hash: number, partition: number): TopicEntry {
    if (this.#young.entries >= this.#entriesMax || this.#young.bytes >= this.#bytesMax) {
      this.#old = this.#young
      this.#young = new Generation()
    }
    const entry = new TopicEntry(this.#young.copyOf(buffer, from, to), hash, partition)
    this.#young.add(entry)
    return entry
  }
}

const buckets = 16_384

/** Names of a generation lie in chunks: a million small buffers that come and go would leave holes everywhere. */
const chunkBytes = 65_536

class Generation {
  entries = 0
  bytes = 0
  readonly #heads = new Array<TopicEntry | null>(buckets).fill(null)
  #chunk = EMPTY_BYTES
  #used = 0

  find(hash: number, buffer: Uint8Array, from: number, length: number): TopicEntry | undefined {
    let entry = this.#heads[hash & (buckets - 1)] ?? null
    while (entry !== null) {
      if (entry.hash === hash && entry.is(buffer, from, length)) return entry
      entry = entry.next
    }
    return undefined
  }

  /** A copy that lives in this generation's memory. */
  copyOf(buffer: Uint8Array, from: number, to: number): Uint8Array {
    const length = to - from
    if (this.#used + length > this.#chunk.length) {
      this.#chunk = allocateUnsafeSlow(Math.max(chunkBytes, length))
      this.#used = 0
    }
    const at = this.#used
    this.#used += length
    copy(buffer, from, to, this.#chunk, at)
    return this.#chunk.subarray(at, this.#used)
  }

  add(entry: TopicEntry): void {
    const at = entry.hash & (buckets - 1)
    entry.next = this.#heads[at] ?? null
    this.#heads[at] = entry
    this.entries++
    this.bytes += entry.bytes.length
  }
}

/** FNV-1a with a last mix; its low bits choose the bucket. */
function hashOf(buffer: Uint8Array, from: number, to: number): number {
  let hash = to - from
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ (buffer[i] ?? 0), 16_777_619)
  return hash ^ (hash >>> 15)
}

const reserved = utf8Encode('$SYS/')

function isReserved(topic: Uint8Array): boolean {
  return topic.length >= reserved.length && equalBytes(topic, 0, reserved, 0, reserved.length)
}
