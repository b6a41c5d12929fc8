// Which receivers a topic name has: remembered per name, found again when what it depends on has changed.
// A change of an exact filter forgets its own topic only; a change of a wildcard filter makes every name ask its filters once more
// (at its next message), but its receivers are written down anew only if one of those has really changed.
// Names that nobody publishes to any more are forgotten in time.
import { ByteWriter, SECOND, utf8Decode, type Millis } from '#libs/base'
import type { TopicTree } from '#libs/mqtt'
import type { Filter } from './filter.js'
import { buildReceivers, ReceiverSet } from './receivers.js'
import { TopicTable, type TopicTableLimits } from './topic-table.js'

/** Two generations of these are held at most. */
const tableLimits: TopicTableLimits = { namesMax: 131_072, bytesMax: 16 * 1024 * 1024 }

/** A name without a message for this long, and at the latest for twice as long, is forgotten. */
const AGE_MILLIS = 5 * SECOND

/** Sets that several wildcard filters share, remembered by the filters' numbers. */
const SHARED_SETS_MAX = 16_384

/** Variants without a publisher that a set remembers. */
const VARIANTS_MAX = 1_024

/** Bytes of all sets remembered; above it all are forgotten at once, and those that are still asked for built anew. */
const HELD_BYTES_MAX = 128 * 1024 * 1024
/** What a set takes beside its sections. */
const SET_BYTES = 256

const NOBODY = new ReceiverSet([])

/** For the bytes of a filter's text. */
const scratch = new ByteWriter()

export class TopicRouter {
  readonly #exact: ReadonlyMap<string, Filter>
  readonly #wildcards: TopicTree<Filter>
  readonly #table = new TopicTable<ReceiverSet>(tableLimits, NOBODY)
  readonly #shared = new Map<string, ReceiverSet>()
  /** Filters that hold a set. */
  readonly #holders = new Set<Filter>()
  /** Bytes of the sets that are remembered. */
  heldBytes = 0
  /** How often all of them were forgotten because they were too many. */
  timesFull = 0
  /** Rises with every change of a wildcard filter. */
  #version = 0
  #matched: Filter[] = []
  #ageAtMillis: Millis | undefined
  readonly #visit = (filter: Filter): void => {
    this.#matched.push(filter)
  }

  readonly heldBytesMax: number

  constructor(
    exact: ReadonlyMap<string, Filter>,
    wildcards: TopicTree<Filter>,
    heldBytesMax = HELD_BYTES_MAX,
  ) {
    this.#exact = exact
    this.heldBytesMax = heldBytesMax
    this.#wildcards = wildcards
  }

  /** Topic names remembered. */
  get size(): number {
    return this.#table.size
  }

  /** When `age` is due; undefined when nothing is remembered. */
  get ageAtMillis(): Millis | undefined {
    return this.#ageAtMillis
  }

  /** Names are about to be asked for: from now on they age. */
  beginAgeing(now: Millis): void {
    this.#ageAtMillis ??= now + AGE_MILLIS
  }

  /** Forgets what was not asked for since the last time that this was due. */
  age(now: Millis): void {
    if (this.#ageAtMillis === undefined || now < this.#ageAtMillis) return
    this.#table.age()
    this.#ageAtMillis = this.#table.size > 0 ? now + AGE_MILLIS : undefined
  }

  /** The filter has changed. */
  forget(filter: Filter): void {
    this.#release(filter)
    if (filter.isWildcard) this.#version++
    else {
      scratch.reset()
      scratch.rawText(filter.text)
      this.#table.invalidate(scratch.buffer, 0, scratch.position)
    }
  }

  /** The receivers of the message with this offset on the topic `bytes[from..to)`, whoever published it. */
  receiversOf(bytes: Uint8Array, from: number, to: number, offset: number): ReceiverSet {
    const table = this.#table
    const slot = table.find(bytes, from, to)
    if (table.versionAt(slot) === this.#version) {
      const set = table.valueAt(slot)
      if (offset >= set.from && offset < set.until) return set
    }
    const set = this.#match(utf8Decode(bytes, from, to), offset)
    // Not in the slot found above: matching may have cleared the table.
    table.put(table.find(bytes, from, to), set, this.#version)
    return set
  }

  /** The receivers in this set if `publisher` is one of those who do not want their own messages. */
  without(set: ReceiverSet, publisher: string, offset: number): ReceiverSet {
    if (set.noLocal?.has(publisher) !== true) return set
    set.variants ??= new Map()
    const known = set.variants.get(publisher)
    if (known !== undefined && offset >= known.from && offset < known.until) return known
    if (set.variants.size >= VARIANTS_MAX) set.variants.clear()
    const variant = this.#build(set.filters, publisher, offset)
    set.variants.set(publisher, variant)
    return variant
  }

  #match(topic: string, offset: number): ReceiverSet {
    const filters = (this.#matched = [])
    const exact = this.#exact.get(topic)
    if (exact !== undefined) this.#visit(exact)
    this.#wildcards.match(topic, this.#visit)
    return this.#setOf(filters, exact, offset)
  }

  /** The set of these filters, so that topics with the same filters share one. */
  #setOf(filters: readonly Filter[], exact: Filter | undefined, offset: number): ReceiverSet {
    const first = filters[0]
    if (first === undefined) return NOBODY
    const holder = filters.length === 1 ? first : exact
    const key = holder === undefined ? keyOf(filters) : ''
    const known = holder === undefined ? this.#shared.get(key) : holder.receivers
    if (known?.isFor(filters) === true && offset >= known.from && offset < known.until) return known
    const set = this.#build(filters, undefined, offset)
    if (holder === undefined) {
      if (this.#shared.size >= SHARED_SETS_MAX) this.#shared.clear()
      this.#shared.set(key, set)
    } else {
      this.#release(holder)
      this.#holders.add(holder)
      holder.receivers = set
    }
    return set
  }

  #release(holder: Filter): void {
    if (holder.receivers === undefined) return
    // Names that have the set of a wildcard filter let go of it when they are asked for, or aged: it counts until all is forgotten.
    if (!holder.isWildcard) this.heldBytes -= holder.receivers.bytes + SET_BYTES
    holder.receivers = undefined
    this.#holders.delete(holder)
  }

  /** Thousands of topics with thousands of receivers each would fill the memory: so what is remembered has a bound. */
  #build(filters: readonly Filter[], publisher: string | undefined, offset: number): ReceiverSet {
    const set = buildReceivers(filters, publisher, offset)
    this.heldBytes += set.bytes + SET_BYTES
    if (this.heldBytes <= this.heldBytesMax) return set
    this.timesFull++
    this.#table.clear()
    this.#shared.clear()
    for (const holder of this.#holders) holder.receivers = undefined
    this.#holders.clear()
    this.heldBytes = set.bytes + SET_BYTES
    return set
  }
}

function keyOf(filters: readonly Filter[]): string {
  let key = ''
  for (const filter of filters) key += `${String(filter.number)} `
  return key
}
