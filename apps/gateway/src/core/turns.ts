// What must wait until the log has stored it, in order: a turn holds the answers to the packets of one turn of the event loop. It is
// released when all that was appended in it, and all turns before it, are stored: so acknowledgements leave in order of arrival.
import type { Connection } from './connection.js'
import { sendAck } from './send-ack.js'
import type { AckType } from './send-ack.js'

/** Answers of one turn. Parallel arrays, used again: nothing is made per message. */
export class Turn {
  number = 0
  count = 0
  /** Appends that are not stored yet. */
  owed = 0
  connections: (Connection | null)[] = new Array<Connection | null>(64).fill(null)
  packetIds = new Uint16Array(64)
  types = new Uint8Array(64)
  codes = new Uint8Array(64)
  /** The append that an answer depends on, by its target's number; NO_TARGET for none. */
  targets = new Uint16Array(64)
  /** Targets whose append failed. */
  readonly failed: number[] = []
  /** Connections that wait for the end of this turn. */
  readonly waiters: Connection[] = []

  add(connection: Connection, type: AckType, packetId: number, code: number, target: number): void {
    const at = this.count++
    if (at === this.connections.length) this.#grow()
    this.connections[at] = connection
    this.packetIds[at] = packetId
    this.types[at] = type
    this.codes[at] = code
    this.targets[at] = target
  }

  get isEmpty(): boolean {
    return this.count === 0 && this.owed === 0 && this.waiters.length === 0
  }

  #grow(): void {
    const size = this.connections.length * 2
    while (this.connections.length < size) this.connections.push(null)
    this.packetIds = enlarged(this.packetIds, new Uint16Array(size))
    this.types = enlarged(this.types, new Uint8Array(size))
    this.codes = enlarged(this.codes, new Uint8Array(size))
    this.targets = enlarged(this.targets, new Uint16Array(size))
  }
}

export const NO_TARGET = 0xffff

/** Turns whose memory is kept for later ones: while a sync is under way, many turns begin. */
const spareTurns = 64

function enlarged<A extends Uint8Array | Uint16Array>(from: A, to: A): A {
  to.set(from)
  return to
}

/** The open turns, oldest first, and the one that is being filled. */
export class Turns {
  /** The turn that this event-loop turn's packets fill. */
  current: Turn
  /** The last turn of which everything is stored and answered. */
  storedNumber = 0
  /** True when a connection has begun to wait for turns that are appended: the log should not take its time. */
  isAwaited = false
  readonly #open: Turn[] = []
  readonly #spare: Turn[] = []
  #next = 1
  readonly #failedAnswer: (connection: Connection, type: AckType, packetId: number) => void

  /** `failed` is called instead of the answer when the append that it depends on was not taken by the log. */
  constructor(failed: (connection: Connection, type: AckType, packetId: number) => void) {
    this.#failedAnswer = failed
    this.current = this.#begin()
  }

  /** Closes the current turn and begins the next. The caller appends what the turn has, then calls `stored` for each append. */
  close(): Turn {
    const turn = this.current
    this.#open.push(turn)
    this.current = this.#begin()
    return turn
  }

  /** One append of the turn is stored, or has failed; also called for a turn without appends, with no target. */
  stored(turn: Turn, target: number, failed: boolean): void {
    if (target !== NO_TARGET) turn.owed--
    if (failed) turn.failed.push(target)
    let first = this.#open[0]
    while (first !== undefined && first.owed === 0) {
      this.#open.shift()
      this.#release(first)
      first = this.#open[0]
    }
  }

  /** Calls `appendsStored` of the connection when the turn with this number is released; at once if it is already. */
  await(connection: Connection, number: number): void {
    if (number <= this.storedNumber) connection.appendsStored()
    else this.#wait(connection, number)
  }

  #wait(connection: Connection, number: number): void {
    this.isAwaited = true
    if (number === this.current.number) this.current.waiters.push(connection)
    else this.#open[number - (this.#open[0]?.number ?? number)]?.waiters.push(connection)
  }

  #begin(): Turn {
    const turn = this.#spare.pop() ?? new Turn()
    turn.number = this.#next++
    return turn
  }

  #release(turn: Turn): void {
    this.storedNumber = turn.number
    const { count, connections, packetIds, types, codes, targets, failed } = turn
    for (let i = 0; i < count; i++) {
      const connection = connections[i] ?? null
      connections[i] = null
      if (connection === null) continue
      const type = types[i] ?? 0
      const packetId = packetIds[i] ?? 0
      if (failed.length > 0 && failed.includes(targets[i] ?? NO_TARGET)) {
        this.#failedAnswer(connection, type, packetId)
      } else sendAck(connection, type, packetId, codes[i] ?? 0)
    }
    turn.count = 0
    failed.length = 0
    if (turn.waiters.length > 0) for (const waiter of turn.waiters.splice(0)) waiter.appendsStored()
    if (this.#spare.length < spareTurns) this.#spare.push(turn)
  }
}
