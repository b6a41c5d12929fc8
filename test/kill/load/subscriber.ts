// A subscriber: what it asked for, since when it is promised what, and what came.
import { Peer, type PeerOptions } from '../client/peer.js'
import { matches } from './filter.js'
import type { Publisher } from './publisher.js'
import { Receipts } from './receipts.js'

type Filters = Readonly<Record<string, 0 | 1 | 2>>

export class Subscriber {
  readonly peer: Peer
  readonly receipts = new Receipts()
  /** For each publisher the first number that was sent after the first SUBACK. */
  readonly since = new Map<string, number>()
  isSubscribed = false
  #publishers: readonly Publisher[] = []

  constructor(
    options: PeerOptions,
    readonly filters: Filters,
  ) {
    this.peer = new Peer({
      ...options,
      receive: (packet, connection) => this.receipts.take(packet, connection),
      accepted: () => void this.#subscribe(),
    })
  }

  get name(): string {
    return this.peer.options.clientId
  }

  /** In its session for good, or here with a new one. */
  get isSettled(): boolean {
    return this.peer.isHere && this.isSubscribed
  }

  /** Comes and stays; subscribes as soon as it is there, unless its session has. */
  stay(publishers: readonly Publisher[]): void {
    this.#publishers = publishers
    void this.peer.stay()
  }

  /** The QoS that it has for a topic; undefined when it has not subscribed to it. */
  qosOf(topic: string): 0 | 1 | 2 | undefined {
    const shared = /^\$share\/[^/]+\//
    return Object.entries(this.filters).find(([filter]) => matches(filter.replace(shared, ''), topic))?.[1]
  }

  async #subscribe(): Promise<void> {
    const { kept, notes } = this.peer.options
    if (!kept) this.isSubscribed = false
    if (this.isSubscribed) return
    const codes = await this.peer.subscribe(this.filters)
    if (codes === undefined) return
    const wanted = Object.values(this.filters)
    if (codes.some((code, index) => code !== wanted[index]))
      notes.broken(`${this.name} was granted ${codes.join(' ')} instead of ${wanted.join(' ')}`)
    this.isSubscribed = true
    for (const { name, entries } of this.#publishers)
      if (!this.since.has(name)) this.since.set(name, entries.length)
  }
}
