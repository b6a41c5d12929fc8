// The seam between listeners and connections: a transport carries bytes, whatever lies below it (TCP, TLS, WebSocket).
import type { Peer } from '#libs/topics'

/** Made by a listener for each accepted connection, then handed to `ConnectionDriver.open`. */
export interface Transport {
  readonly peer: Peer
  /** Bytes that were written and that the other side's system has not taken yet. */
  readonly pending: number
  /**
   * Sends `bytes[0..length)`. True when all of it has left: the caller may use the memory again at once. False: the transport keeps
   * the memory, and calls `drained` when everything written has left.
   */
  write(bytes: Uint8Array, length: number): boolean
  /** Stops bringing bytes; one more chunk may still come. */
  pause(): void
  resume(): void
  /** Sends what was written, then closes. */
  end(): void
  /** Closes at once. */
  destroy(): void
}

/** What a transport tells. `received` may keep nothing of the buffer: it is used again. */
export interface TransportEvents {
  /** False: nobody knows yet who this is, so little is held for it. */
  readonly isLoggedIn: boolean
  received(buffer: Uint8Array, from: number, to: number): void
  drained(): void
  /** Nothing more will come, but the other side may still read. True: `end` follows; false: there is nothing to say, close at once. */
  finished(): boolean
  /** Called once, last. */
  closed(): void
}
