// Drives all connections of a gateway: gives bytes to the machines, and at the end of each turn of the event loop appends what they want
// stored, then writes what they want sent: one append per partition and one write per socket, however many packets there were.
import type { LogFailure } from '#libs/log'
import { REASON } from '#libs/mqtt'
import type { Connection } from '../core/connection.js'
import { Connection as Machine } from '../core/connection.js'
import type { Gateway } from '../core/gateway.js'
import { releaseHeld } from '../core/disk-pressure.js'
import { onInbox } from '../core/on-inbox.js'
import { NO_TARGET } from '../core/turns.js'
import type { AppendLog } from './fenced-log.js'
import type { Transport, TransportEvents } from './transport.js'
import { Sweep } from './sweep.js'
import { Wire } from './wire.js'

/** What the driver writes lines with. */
export interface LineWriter {
  debug(fields: object, sentence: string): void
  info(fields: object, sentence: string): void
  warn(fields: object, sentence: string): void
  error(fields: object, sentence: string): void
}

export interface DriverOptions {
  readonly gateway: Gateway
  readonly log: AppendLog
  readonly logger: LineWriter
  readonly now: () => number
}

/** At a graceful stop clients have so long to take what they are told. */
const goodbyeMillisMax = 500

/** Buffers that are being filled in a turn, at most, in bytes; then sockets are written to at once, and the buffers filled again. */
const gatheredBytesMax = 8 * 1024 * 1024

export class ConnectionDriver {
  readonly gateway: Gateway
  readonly now: () => number
  readonly #log: AppendLog
  readonly #logger: LineWriter
  readonly #wires = new Set<Wire>()
  #dirty: Wire[] = []
  #gathered = 0
  #continuing: Wire[] = []
  #waitingForWindow: Wire[] = []
  #scheduled = false
  #halfOpen = 0
  readonly #sweep: Sweep
  readonly #seconds: NodeJS.Timeout
  readonly #onHalfOpenFree: (() => void)[] = []
  readonly #endTurn = (): void => {
    this.#turnEnds()
  }

  constructor({ gateway, log, logger, now }: DriverOptions) {
    this.gateway = gateway
    this.#log = log
    this.#logger = logger
    this.now = now
    this.#sweep = new Sweep(gateway, this.#wires)
    this.#seconds = setInterval(() => {
      this.tick()
    }, 1000)
  }

  /** A listener has accepted a connection. Undefined: there is no place for it; the caller destroys the transport. */
  open(transport: Transport): TransportEvents | undefined {
    const { gateway } = this
    // It was accepted before the listeners closed, and came through its handshake after.
    if (gateway.stopping) return undefined
    gateway.now = this.now()
    const wire = new Wire(transport, this)
    const connection = gateway.connections.take(
      (number) => new Machine(gateway, number, transport.peer, wire),
    )
    if (connection === undefined) return undefined
    wire.connection = connection
    this.#wires.add(wire)
    gateway.counters.socketsOpened++
    this.#halfOpen++
    gateway.counters.halfOpen = this.#halfOpen
    return wire
  }

  /** True while a listener may open one more. */
  get hasRoomForHalfOpen(): boolean {
    return this.#halfOpen < this.gateway.settings.halfOpenMax
  }

  /** Called whenever a half-open connection has become a whole one or is gone. */
  whenHalfOpenFree(callback: () => void): void {
    this.#onHalfOpenFree.push(callback)
  }

  /** A socket takes a half-open place before it is a connection: a handshake or a header comes first. */
  arrive(): void {
    this.#halfOpen++
    this.gateway.counters.halfOpen = this.#halfOpen
  }

  /** It has become a connection, which `open` has given a place of its own, or it is gone. */
  arrived(): void {
    this.#noLongerHalfOpen()
  }

  /** True while so much is appended and not stored that sockets are not read. */
  get isWindowFull(): boolean {
    const { counters, settings } = this.gateway
    return counters.unstoredBytes > settings.appendWindowBytesMax
  }

  // ---- from wires

  /** Something comes in from outside: sets the clock and sees to it that the turn will end. */
  enter(received: number): void {
    const { gateway } = this
    gateway.now = this.now()
    gateway.counters.bytesReceived += received
    if (this.#scheduled) return
    gateway.writable = this.#log.writable
    gateway.pressure = this.#log.pressure
    this.#scheduled = true
    setImmediate(this.#endTurn)
  }

  /** Gives bytes to a machine. A mistake of ours in it ends that connection and no other. */
  receive(connection: Connection, buffer: Uint8Array, from: number, to: number): number {
    try {
      return connection.receive(buffer, from, to)
    } catch (error) {
      this.failed(connection, error)
      return to
    } finally {
      if (this.gateway.appends.isFull) this.#append()
    }
  }

  /** Records of the inbox were forgotten before they were read, or cannot be: nobody knows what the connections have lost, so they end. */
  missed(): void {
    this.gateway.counters.failures++
    this.#logger.error({}, 'the gateway has missed records of its inbox; its connections end')
    for (const wire of this.#wires) {
      wire.connection?.end(
        'server',
        REASON.implementationSpecificError,
        'The server has missed something that was to be sent.',
      )
    }
  }

  /** A mistake of ours ends that connection and no other. */
  failed(connection: Connection, error: unknown): void {
    this.gateway.counters.failures++
    this.#logger.error(
      { ...lineOf(connection), detail: detailOf(error) },
      'a mistake in the broker ended a connection',
    )
    connection.end('server', REASON.unspecifiedError, 'The server made a mistake.')
  }

  /** A socket takes again what waits for it. */
  flow(connection: Connection): void {
    try {
      connection.flow()
    } catch (error) {
      this.failed(connection, error)
    }
  }

  /** A record of the gateway's inbox. If it cannot be read, nobody knows whom it was for. */
  inbox(buffer: Uint8Array, from: number, to: number): void {
    try {
      onInbox(this.gateway, buffer, from, to)
    } catch (error) {
      this.#logger.error({ detail: detailOf(error) }, 'a record of the inbox could not be read')
      this.missed()
    }
  }

  mark(wire: Wire): void {
    if (this.#gathered > gatheredBytesMax) {
      this.#gathered = 0
      this.#dirty = this.#dirty.filter((other) => !other.relieve())
    }
    this.#dirty.push(wire)
    if (!this.#scheduled) this.enter(0)
  }

  /** A wire has taken a buffer of so many bytes. */
  gather(bytes: number): void {
    this.#gathered += bytes
  }

  continue(wire: Wire): void {
    this.#continuing.push(wire)
    if (!this.#scheduled) this.enter(0)
  }

  waitForWindow(wire: Wire): void {
    this.gateway.counters.appendWindowWaits++
    this.#waitingForWindow.push(wire)
  }

  accepted(wire: Wire, sessionPresent: boolean): void {
    const { connection } = wire
    if (connection === null) return
    const { counters } = this.gateway
    this.#noLongerHalfOpen()
    wire.phase = 'open'
    counters.connections++
    counters.connectionsMax = Math.max(counters.connectionsMax, counters.connections)
    counters.connectionsOpened++
    const { version, kept } = connection
    this.#logger.info({ ...lineOf(connection), version, kept, sessionPresent }, 'connected')
  }

  /** The connection's end is decided; the socket may live a little longer. */
  ended(wire: Wire): void {
    const { connection, phase } = wire
    if (connection === null || connection.ending === undefined || phase === 'over') return
    wire.phase = 'over'
    const { cause, reasonCode, sentence } = connection.ending
    const line = { ...lineOf(connection), cause, reasonCode, reason: sentence }
    if (phase === 'halfOpen') {
      this.#noLongerHalfOpen()
      // Not for every port scan and health check that opens a socket and leaves.
      if (connection.versionKnown) this.#logger.info(line, 'not connected')
      return
    }
    const { counters } = this.gateway
    counters.connections--
    counters.connectionsClosed++
    this.#logger.info(line, 'disconnected')
  }

  /** The socket of this wire is closed. */
  gone(wire: Wire): void {
    this.#wires.delete(wire)
  }

  // ---- turns

  #turnEnds(): void {
    this.#scheduled = false
    if (this.#continuing.length > 0) {
      const wires = this.#continuing
      this.#continuing = []
      for (const wire of wires) wire.takeUp()
    }
    this.#append()
    const dirty = this.#dirty
    if (dirty.length === 0) return
    this.#dirty = []
    this.#gathered = 0
    for (const wire of dirty) wire.flush()
  }

  #append(): void {
    const { gateway } = this
    const { appends, counters, turns } = gateway
    gateway.acknowledgements.flush()
    if (appends.isEmpty && turns.current.isEmpty && !turns.isAwaited) return
    const turn = turns.close()
    turn.owed = appends.filled
    const isAwaited = turns.isAwaited || turn.count > 0
    turns.isAwaited = false
    appends.take(({ topic, partition, batch, number, awaited }) => {
      const { size } = batch
      counters.unstoredBytes += size
      const stored = (failure: LogFailure | undefined): void => {
        counters.unstoredBytes -= size
        this.enter(0)
        turns.stored(turn, number, failure !== undefined)
        if (this.#waitingForWindow.length > 0 && !this.isWindowFull) this.#openWindow()
      }
      this.#log.append({ topic, partition }, batch, stored, awaited || isAwaited)
    })
    if (turn.owed > 0) return
    if (isAwaited) this.#log.barrier(() => undefined)
    turns.stored(turn, NO_TARGET, false)
  }

  #openWindow(): void {
    const wires = this.#waitingForWindow
    this.#waitingForWindow = []
    for (const wire of wires) wire.windowOpened()
  }

  // ---- time

  /** Once a second: looks at the disk, and at all connections. */
  tick(): void {
    const { gateway } = this
    gateway.now = this.now()
    gateway.pressure = this.#log.pressure
    if (gateway.pressure !== 'hold' && gateway.held.length > 0) releaseHeld(gateway.held)
    this.#sweep.begin()
  }

  /** Closes all connections: 5.0 clients are told why. Resolves when everything of theirs is stored. */
  async stop(): Promise<void> {
    const { gateway } = this
    gateway.stopping = true
    this.enter(0)
    for (const wire of this.#wires)
      wire.connection?.end('server', REASON.serverShuttingDown, 'The server is shutting down.')
    await new Promise<void>((resolve) => {
      const check = (): void => {
        if (
          gateway.connections.count === 0 &&
          gateway.appends.isEmpty &&
          gateway.counters.unstoredBytes === 0
        )
          resolve()
        else setTimeout(check, 2)
      }
      check()
    })
    clearInterval(this.#seconds)
    // A socket that is cut with its last bytes in it takes them along.
    for (let waited = 0; this.#wires.size > 0 && waited < goodbyeMillisMax; waited += 10) {
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    for (const wire of this.#wires) wire.destroy()
  }

  #noLongerHalfOpen(): void {
    this.#halfOpen--
    this.gateway.counters.halfOpen = this.#halfOpen
    for (const callback of this.#onHalfOpenFree) callback()
  }
}

/** What every line about a connection says. */
function lineOf({ peer, number, clientId }: Connection): object {
  return { clientId, address: peer.host, port: peer.port, transport: peer.transport, connection: number }
}

function detailOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
