// Topic names in order, each with a value, and the page of them that a filter matches: the shape of retained messages.
import { filterMatches } from './topic-filter.js'

/** One page. `next` is what to give as `after` for the following page; undefined when there is none. */
export interface NamePage<V> {
  readonly entries: readonly (readonly [name: string, value: V])[]
  readonly next: string | undefined
}

export interface NameQuery {
  /** A plain filter (no `$share/`). */
  readonly filter: string
  /** Only names behind this one; undefined for the first page. The name itself need not be there any more. */
  readonly after: string | undefined
  /** Entries in a page, at most. */
  readonly limit: number
  /** Names looked at for a page, at most: a filter that matches few of many must not hold up others. */
  readonly scanMax: number
}

interface Scan<V> extends NameQuery {
  /** What every match begins with. */
  readonly prefix: string
  /** What the page has already. */
  readonly entries: (readonly [string, V])[]
}

/** A chunk is split in two above this size: inserting moves at most so many names. */
const CHUNK_MAX = 512

/**
 * A map from topic names to values that also knows the order of the names (by UTF-16 unit). Adding and removing costs a
 * search and the move of a part of one chunk; a page costs a search and the names it looks at. Pages stay right while names
 * come and go: a name that is there all the time is in exactly one page.
 */
export class NameStore<V> {
  readonly #values = new Map<string, V>()
  /** Every chunk is sorted and not empty, and lies behind the one before it. */
  readonly #chunks: string[][] = []

  get size(): number {
    return this.#values.size
  }

  get(name: string): V | undefined {
    return this.#values.get(name)
  }

  has(name: string): boolean {
    return this.#values.has(name)
  }

  /** Adds the name, or replaces its value. */
  set(name: string, value: V): void {
    if (!this.#values.has(name)) this.#insert(name)
    this.#values.set(name, value)
  }

  /** Takes the name out; false when it was not there. */
  delete(name: string): boolean {
    if (!this.#values.delete(name)) return false
    this.#remove(name)
    return true
  }

  /** All names with their values, in no promised order. */
  entries(): IterableIterator<[name: string, value: V]> {
    return this.#values.entries()
  }

  /** The next page of names that the filter matches, in order. */
  match({ filter, after, limit, scanMax }: NameQuery): NamePage<V> {
    const wildcardAt = firstWildcard(filter)
    if (wildcardAt === filter.length) return this.#matchExact(filter, after)
    const prefix = filter.slice(0, wildcardAt)
    const entries: (readonly [string, V])[] = []
    // `a/b/#` matches `a/b` too, which lies before all that begins with `a/b/`, with strangers such as `a/b-c` between.
    const parent = filter.endsWith('/#') && wildcardAt === filter.length - 1 ? prefix.slice(0, -1) : ''
    if (parent !== '' && (after === undefined || after < parent)) {
      const value = this.#values.get(parent)
      if (value !== undefined) entries.push([parent, value])
      if (entries.length >= limit) return { entries, next: parent }
    }
    const isBehindPrefix = after !== undefined && after >= prefix
    return this.#scan({ filter, prefix, after: isBehindPrefix ? after : undefined, entries, limit, scanMax })
  }

  #matchExact(name: string, after: string | undefined): NamePage<V> {
    const value = this.#values.get(name)
    const isDue = value !== undefined && (after === undefined || after < name)
    return { entries: isDue ? [[name, value]] : [], next: undefined }
  }

  #scan({ filter, prefix, after, entries, limit, scanMax }: Scan<V>): NamePage<V> {
    const from = after ?? prefix
    let chunkAt = Math.max(0, this.#chunkOf(from))
    let at = positionOf(this.#chunks[chunkAt] ?? [], from, after !== undefined)
    let last = after
    for (let scanned = 0; ;) {
      const chunk = this.#chunks[chunkAt]
      if (chunk === undefined) return { entries, next: undefined }
      const name = chunk[at]
      if (name === undefined) {
        chunkAt++
        at = 0
        continue
      }
      if (!name.startsWith(prefix)) return { entries, next: undefined }
      if (entries.length >= limit || scanned >= scanMax) return { entries, next: last }
      const value = this.#values.get(name)
      if (value !== undefined && filterMatches(filter, name)) entries.push([name, value])
      last = name
      scanned++
      at++
    }
  }

  #insert(name: string): void {
    const chunkAt = Math.max(0, this.#chunkOf(name))
    const chunk = this.#chunks[chunkAt]
    if (chunk === undefined) {
      this.#chunks.push([name])
      return
    }
    chunk.splice(positionOf(chunk, name, false), 0, name)
    if (chunk.length > CHUNK_MAX) this.#chunks.splice(chunkAt + 1, 0, chunk.splice(CHUNK_MAX / 2))
  }

  #remove(name: string): void {
    const chunkAt = this.#chunkOf(name)
    const chunk = this.#chunks[chunkAt]
    if (chunk === undefined) return
    chunk.splice(positionOf(chunk, name, false), 1)
    // Small neighbours become one, so that chunks are never many and nearly empty.
    const previous = this.#chunks[chunkAt - 1]
    if (previous !== undefined && previous.length + chunk.length <= CHUNK_MAX / 2) {
      previous.push(...chunk)
      this.#chunks.splice(chunkAt, 1)
    } else if (chunk.length === 0) this.#chunks.splice(chunkAt, 1)
  }

  /** The last chunk that begins at or before the name; -1 when all begin behind it. */
  #chunkOf(name: string): number {
    let low = 0
    let high = this.#chunks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#chunks[middle]?.[0] ?? '') <= name) low = middle + 1
      else high = middle
    }
    return low - 1
  }
}

/** The place of the first name that is not before `name`; with `behind`, of the first that is behind it. */
function positionOf(chunk: readonly string[], name: string, behind: boolean): number {
  let low = 0
  let high = chunk.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const other = chunk[middle] ?? ''
    if (other < name || (behind && other === name)) low = middle + 1
    else high = middle
  }
  return low
}

function firstWildcard(filter: string): number {
  for (let at = 0; at < filter.length; at++) if (filter[at] === '+' || filter[at] === '#') return at
  return filter.length
}
