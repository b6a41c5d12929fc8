// Stands where the driver stands, for tests of listeners: sends back whatever comes, and remembers who came.
import type { Peer } from '#libs/topics'
import type { LineWriter } from '../connection-driver.js'
import type { Reception } from '../listeners/listener.js'
import type { Transport, TransportEvents } from '../transport.js'

export class EchoReception implements Reception {
  readonly peers: Peer[] = []
  readonly transports: Transport[] = []
  /** Bytes and ends, in order, of all connections. */
  received = 0
  drained = 0
  closed = 0
  halfOpen = 0
  halfOpenMax = 1000
  isFull = false
  /** What connections say of themselves. */
  isLoggedIn = true
  readonly #callbacks: (() => void)[] = []

  get hasRoomForHalfOpen(): boolean {
    return this.halfOpen < this.halfOpenMax
  }

  open(transport: Transport): TransportEvents | undefined {
    if (this.isFull) return undefined
    this.peers.push(transport.peer)
    this.transports.push(transport)
    const { isLoggedIn } = this
    return {
      isLoggedIn,
      received: (buffer, from, to) => {
        this.received += to - from
        if (to > from) transport.write(Uint8Array.from(buffer.subarray(from, to)), to - from)
      },
      drained: () => {
        this.drained++
      },
      finished: () => false,
      closed: () => {
        this.closed++
      },
    }
  }

  whenHalfOpenFree(callback: () => void): void {
    this.#callbacks.push(callback)
  }

  arrive(): void {
    this.halfOpen++
  }

  arrived(): void {
    this.halfOpen--
    for (const callback of this.#callbacks) callback()
  }
}

export interface Line {
  readonly level: string
  readonly sentence: string
  readonly fields: object
}

/** Keeps what is written. */
export class Lines implements LineWriter {
  readonly all: Line[] = []

  debug(fields: object, sentence: string): void {
    this.all.push({ level: 'debug', sentence, fields })
  }

  info(fields: object, sentence: string): void {
    this.all.push({ level: 'info', sentence, fields })
  }

  warn(fields: object, sentence: string): void {
    this.all.push({ level: 'warn', sentence, fields })
  }

  error(fields: object, sentence: string): void {
    this.all.push({ level: 'error', sentence, fields })
  }

  of(level: string): string[] {
    return this.all.filter((line) => line.level === level).map(({ sentence }) => sentence)
  }
}
