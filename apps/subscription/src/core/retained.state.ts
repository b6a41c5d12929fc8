// The retained messages of a partition in memory: by topic name, in order of names, with their bytes side by side in an arena.
import { copy, utf8Length, utf8Write, type Millis } from '#libs/base'
import { NameStore } from '#libs/mqtt'
import type { RetainedRow } from '#libs/topics'
import { ByteArena, Placed } from './byte-arena.js'

/** A retained message. Its bytes: topic name, properties, payload, the publisher's client id. */
export class Retained extends Placed {
  propertiesAt = 0
  payloadAt = 0
  publisherAt = 0

  constructor(
    readonly topic: string,
    readonly offset: number,
    readonly qos: number,
    /** When it expires, milliseconds since 1970; undefined for never. */
    readonly deadlineMillis: Millis | undefined,
  ) {
    super()
  }

  hasExpired(now: Millis): boolean {
    return this.deadlineMillis !== undefined && this.deadlineMillis <= now
  }
}

/** What a wildcard finds, in pages. */
export interface RetainedPage {
  readonly messages: readonly Retained[]
  /** More may follow after this name; undefined when there is none. */
  readonly next: string | undefined
}

export class RetainedMessages {
  readonly #byName = new NameStore<Retained>()
  readonly #arena = new ByteArena()
  /** How many of them expire some time. */
  #mortal = 0
  /** Where the look for expired ones goes on. */
  #sweep: Iterator<[string, Retained]> | undefined

  get count(): number {
    return this.#byName.size
  }

  /** Bytes of names, properties and payloads. */
  get bytes(): number {
    return this.#arena.live
  }

  /** True when there is something that expires some time. */
  get hasMortal(): boolean {
    return this.#mortal > 0
  }

  get(topic: string): Retained | undefined {
    return this.#byName.get(topic)
  }

  set(row: RetainedRow): void {
    const message = new Retained(row.topic, row.offset, row.qos, row.deadlineMillis)
    this.#forget(this.#byName.get(row.topic))
    message.propertiesAt = utf8Length(row.topic)
    message.payloadAt = message.propertiesAt + row.properties.length
    message.publisherAt = message.payloadAt + row.payload.length
    this.#arena.place(message, message.publisherAt + utf8Length(row.publisherClientId))
    const { bytes, from } = message
    utf8Write(row.topic, bytes, from)
    copy(row.properties, 0, row.properties.length, bytes, from + message.propertiesAt)
    copy(row.payload, 0, row.payload.length, bytes, from + message.payloadAt)
    utf8Write(row.publisherClientId, bytes, from + message.publisherAt)
    if (row.deadlineMillis !== undefined) this.#mortal++
    this.#byName.set(row.topic, message)
  }

  delete(topic: string): void {
    this.#forget(this.#byName.get(topic))
    this.#byName.delete(topic)
  }

  /** At most `limit` of what the filter matches, after this name; looks at no more than `scanMax` names. */
  page(filter: string, after: string | undefined, limit: number, scanMax: number): RetainedPage {
    const { entries, next } = this.#byName.match({ filter, after, limit, scanMax })
    return { messages: entries.map(([, message]) => message), next }
  }

  /** Looks at some more messages, round after round, and gives the topics of those that have expired. */
  expired(now: Millis, scanMax: number): string[] {
    const topics: string[] = []
    // Entries may come and go during the walk.
    this.#sweep ??= this.#byName.entries()
    for (let scanned = 0; scanned < scanMax; scanned++) {
      const step = this.#sweep.next()
      if (step.done === true) {
        this.#sweep = undefined
        break
      }
      const [topic, message] = step.value
      if (message.hasExpired(now)) topics.push(topic)
    }
    return topics
  }

  all(): Retained[] {
    return Array.from(this.#byName.entries(), ([, message]) => message)
  }

  #forget(message: Retained | undefined): void {
    if (message === undefined) return
    this.#arena.release(message)
    if (message.deadlineMillis !== undefined) this.#mortal--
  }
}
