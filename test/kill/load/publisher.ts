// A publisher numbers its messages, keeps a few under way, and remembers of each what the broker has promised.
import type { Peer } from '../client/peer.js'

/** One numbered message and what became of it. */
export interface Entry {
  readonly publisher: string
  readonly topic: string
  readonly number: number
  readonly qos: 0 | 1 | 2
  /** An empty retained message: it deletes, and carries no number. */
  readonly deletes: boolean
  isAcknowledged: boolean
  /** How often it was sent again, on later connections. */
  resends: number
}

interface Shape {
  readonly qos: 0 | 1 | 2
  readonly bytes: number
  readonly deletes: boolean
}

export interface PublisherOptions {
  readonly peer: Peer
  readonly topics: readonly string[]
  readonly retain: boolean
  /** Messages that may be unacknowledged at a time. */
  readonly window: number
  /** QoS, size and whether it deletes, for each message. */
  readonly shape: (isLarge: boolean) => Shape
}

export class Publisher {
  readonly entries: Entry[] = []
  #isAsked = true

  constructor(readonly options: PublisherOptions) {}

  get name(): string {
    return this.options.peer.options.clientId
  }

  /** Messages that were sent on this connection and not acknowledged. */
  get inFlight(): number {
    return this.options.peer.isHere ? this.options.peer.session.unacknowledged : 0
  }

  /** Sends up to `count` messages as long as the window has room. */
  go(count: number, areLarge: boolean): void {
    const { peer, window } = this.options
    for (let sent = 0; sent < count && this.#isAsked; sent += 1) {
      if (!peer.isHere || peer.session.underWay >= window) return
      const { qos, bytes, deletes } = this.options.shape(areLarge)
      const topic = this.options.topics[this.entries.length % this.options.topics.length]
      if (topic !== undefined) this.#send(topic, qos, bytes, deletes)
    }
  }

  /** No more messages but what `fence` sends. */
  stop(): void {
    this.#isAsked = false
  }

  /** One more message on each topic, the last there: who has it has all that there was before. */
  fence(): void {
    for (const topic of this.options.topics) this.#send(topic, 2, 0, false)
  }

  #send(topic: string, qos: 0 | 1 | 2, bytes: number, deletes: boolean): void {
    const { peer, retain } = this.options
    const number = this.entries.length
    const entry: Entry = {
      publisher: this.name,
      topic,
      number,
      qos,
      deletes,
      isAcknowledged: false,
      resends: 0,
    }
    this.entries.push(entry)
    peer.publish({
      topic,
      payload: deletes ? Buffer.alloc(0) : payloadOf(entry, bytes),
      qos,
      retain,
      resent: () => (entry.resends += 1),
      acknowledged: () => (entry.isAcknowledged = true),
      refused: (code) =>
        peer.options.notes.broken(`${this.name} was refused message ${String(number)} with ${String(code)}`),
    })
  }
}

/** Who and which at the front, then as many bytes as asked for. */
function payloadOf(entry: Entry, bytes: number): Buffer {
  const head = `${entry.publisher} ${String(entry.number)} `
  return Buffer.from(head.padEnd(bytes, '.'))
}

/** Who sent a message and which of theirs it is; undefined for what no publisher of ours has made. */
export function readPayload(payload: string | Buffer): { publisher: string; number: number } | undefined {
  const head = typeof payload === 'string' ? payload.slice(0, 64) : payload.toString('latin1', 0, 64)
  const found = /^(\S+) (\d+) /.exec(head)
  return found === null ? undefined : { publisher: found[1] ?? '', number: Number(found[2]) }
}
