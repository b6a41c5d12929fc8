// One connection's wire: between its transport and its machine. Holds what came but was not taken, gathers what goes out.
import { EMPTY_BYTES, type Millis } from '#libs/base'
import type { Connection } from '../core/connection.js'
import { makeRoom } from '../core/make-room.js'
import type { Outlet } from '../core/outlet.js'
import type { ConnectionDriver } from './connection-driver.js'
import { giveBuffer, outBytesMax, takeBuffer } from './out-buffers.js'
import type { Transport, TransportEvents } from './transport.js'

/** The machine has a packet in hand, or waits: so much is held of what comes behind it before the socket is paused. */
const heldBytesMax = 65_536

export class Wire implements Outlet, TransportEvents {
  bytes: Uint8Array = EMPTY_BYTES
  at = 0
  /** True from a write that the system did not take whole until it has. */
  #isPending = false
  /** When the socket last took something while bytes were pending; 0: nothing is pending. */
  #pendingSince = 0
  /** Bytes given to the transport, and how many of them the system had taken when it was last looked at. */
  #given = 0
  #taken = 0
  #held: Buffer | null = null
  #heldLength = 0
  #paused = false
  #closing = false
  #closed = false
  /** What it was given is no longer held. */
  #isCut = false
  /** The other side sends nothing more; what it has asked is still answered. */
  #finished = false
  /** When it began to close; 0: it did not. A peer that does not close its side is cut. */
  closingSince = 0
  /** When the sweep looks at it next. */
  lookAt: Millis = 0
  /** How the driver counts it: half-open until its session is there, over when its end is decided. */
  phase: 'halfOpen' | 'open' | 'over' = 'halfOpen'
  /** Given before the first byte comes; the connection is made with its wire in hand. */
  connection: Connection | null = null

  constructor(
    readonly transport: Transport,
    readonly driver: ConnectionDriver,
  ) {}

  // ---- from the transport

  get isLoggedIn(): boolean {
    return this.phase !== 'halfOpen'
  }

  received(buffer: Uint8Array, from: number, to: number): void {
    const { connection, driver } = this
    if (connection === null || this.#closing) return
    driver.enter(to - from)
    makeRoom(driver.gateway)
    if (this.#closing) return
    if (this.#heldLength > 0) {
      this.#hold(buffer, from, to)
      this.#takeHeld(connection)
    } else {
      const taken = driver.receive(connection, buffer, from, to)
      if (taken < to && !this.#closing) this.#hold(buffer, taken, to)
    }
    this.#pauseIfNeeded(connection)
  }

  drained(): void {
    this.#isPending = this.transport.pending > 0
    this.#pendingSince = 0
    const { connection } = this
    if (connection === null || this.#closing) return
    this.driver.enter(0)
    this.flush()
    this.driver.flow(connection)
    connection.weigh()
  }

  finished(): boolean {
    const { connection, driver } = this
    if (connection === null) return false
    driver.enter(0)
    this.#finished = true
    // Its last words are on their way out.
    if (this.#closing) return true
    if (connection.state === 'connecting') return false
    return connection.stalled || !connection.isAnswered()
  }

  closed(): void {
    if (this.#closed) return
    this.#closed = true
    const { connection } = this
    // The client may have said DISCONNECT before it left: what it sent is taken first.
    if (connection !== null && !this.#closing && connection.stalled && this.#heldLength > 0) return
    this.#leave()
  }

  #leave(): void {
    this.#closed = true
    this.#isCut = true
    this.#closing = true
    this.#held = null
    this.#heldLength = 0
    if (this.at > 0) giveBuffer(this.bytes)
    this.bytes = EMPTY_BYTES
    this.at = 0
    this.driver.gone(this)
    this.driver.enter(0)
    this.connection?.socketClosed()
    this.connection?.weigh()
  }

  /** Everything is answered: the connection is broken now, and its last bytes leave. */
  #finish(connection: Connection): void {
    connection.socketClosed()
    this.close()
  }

  // ---- from the machine

  get isGone(): boolean {
    return this.#closed
  }

  /** True while there is something to watch besides the client's silence. */
  get isBusy(): boolean {
    return this.#pendingSince !== 0 || this.#paused || this.#closing
  }

  /** True while the socket is not read. */
  get isPaused(): boolean {
    return this.#paused
  }

  /** True when nothing more will come. */
  get isFinished(): boolean {
    return this.#finished
  }

  get pending(): number {
    return this.#isPending ? this.transport.pending : 0
  }

  get held(): number {
    return this.#isCut ? 0 : (this.#held?.length ?? 0) + this.pending
  }

  room(length: number): void {
    const needed = this.at + length
    if (this.at === 0) {
      if (this.bytes.length > 0) giveBuffer(this.bytes)
      else this.driver.mark(this)
      this.bytes = takeBuffer(length)
      this.driver.gather(this.bytes.length)
      return
    }
    if (needed <= outBytesMax) {
      const larger = takeBuffer(needed)
      larger.set(this.bytes.subarray(0, this.at))
      giveBuffer(this.bytes)
      this.bytes = larger
      this.driver.gather(larger.length)
      return
    }
    this.#write()
    this.bytes = takeBuffer(length)
  }

  accepted(sessionPresent: boolean): void {
    this.driver.accepted(this, sessionPresent)
  }

  ended(): void {
    this.driver.ended(this)
  }

  failed(error: unknown): void {
    if (this.connection !== null) this.driver.failed(this.connection, error)
  }

  resume(): void {
    // Not from within the packet that ends the stall: after it.
    this.driver.continue(this)
  }

  close(): void {
    this.#closing = true
    this.closingSince = this.driver.now()
    this.lookAt = 0
    this.driver.mark(this)
  }

  // ---- from the driver

  /** At the end of the turn: what was gathered goes out, unless the socket still has enough to send. */
  flush(): void {
    if (this.at > 0 && (!this.#isPending || this.#closing)) this.#write()
    if (this.at === 0 && this.bytes.length > 0) {
      giveBuffer(this.bytes)
      this.bytes = EMPTY_BYTES
    }
    if (!this.#closing) return
    if (this.#closed) this.#leave()
    else this.transport.end()
  }

  /** Before the end of the turn: gives its buffer back if the socket takes what is in it. False when there is nothing that it can write now. */
  relieve(): boolean {
    if (this.at === 0 || this.#isPending || this.#closing) return false
    this.#write()
    return true
  }

  /** Takes up again what the machine had not taken. */
  takeUp(): void {
    const { connection } = this
    if (connection === null) return
    if (this.#closing) {
      if (this.#closed) this.#leave()
      return
    }
    if (this.#heldLength > 0) this.#takeHeld(connection)
    if (this.#closing || connection.stalled) return this.#pauseIfNeeded(connection)
    if (this.#closed) this.#leave()
    else if (this.#finished && connection.isAnswered()) this.#finish(connection)
    else this.#pauseIfNeeded(connection)
  }

  /** The append window has room again. */
  windowOpened(): void {
    if (this.connection !== null) this.#pauseIfNeeded(this.connection)
  }

  /** For how long the socket has taken nothing of what is pending, as far as looking now and then can tell. */
  stuckMillis(now: number): number {
    if (this.#pendingSince === 0) return 0
    const taken = this.#given - this.transport.pending
    if (taken > this.#taken) this.#pendingSince = now
    this.#taken = taken
    return now - this.#pendingSince
  }

  destroy(): void {
    this.#closing = true
    if (!this.#closed) this.transport.destroy()
  }

  cut(): void {
    this.#isCut = true
    this.#held = null
    this.#heldLength = 0
    this.destroy()
  }

  #write(): void {
    const { bytes, at } = this
    this.at = 0
    this.bytes = EMPTY_BYTES
    this.driver.gateway.counters.bytesSent += at
    if (this.#closed) return
    this.#given += at
    if (this.transport.write(bytes, at)) giveBuffer(bytes)
    else {
      this.#isPending = true
      this.connection?.weigh()
      if (this.#pendingSince !== 0) return
      this.#pendingSince = this.driver.now()
      this.lookAt = 0
      this.#taken = this.#given - this.transport.pending
    }
  }

  #hold(buffer: Uint8Array, from: number, to: number): void {
    const length = this.#heldLength + to - from
    let held = this.#held
    if (held === null || held.length < length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(256, length < 4096 ? length : length * 2))
      if (held !== null) held.copy(larger, 0, 0, this.#heldLength)
      this.#held = held = larger
      this.connection?.weigh()
    }
    held.set(from === 0 && to === buffer.length ? buffer : buffer.subarray(from, to), this.#heldLength)
    this.#heldLength = length
  }

  #takeHeld(connection: Connection): void {
    const held = this.#held
    if (held === null) return
    const taken = this.driver.receive(connection, held, 0, this.#heldLength)
    this.#heldLength -= taken
    if (this.#heldLength === 0 || this.#closing) {
      this.#held = null
      this.#heldLength = 0
      connection.weigh()
    } else held.copyWithin(0, taken, taken + this.#heldLength)
  }

  /** The only place where a socket is paused: while its machine waits, or while too much is not stored. */
  #pauseIfNeeded(connection: Connection): void {
    const mustPause = (connection.stalled && this.#heldLength >= heldBytesMax) || this.driver.isWindowFull
    // The sweep takes note that it is not read.
    if (mustPause || connection.stalled) this.lookAt = 0
    if (mustPause === this.#paused || this.#closing || this.#closed) return
    this.#paused = mustPause
    if (mustPause) {
      this.transport.pause()
      if (this.driver.isWindowFull) this.driver.waitForWindow(this)
    } else this.transport.resume()
  }
}
