// A connection's way out, as the machine sees it: bytes to write to, and three things to ask of whoever holds the socket.

/** Implemented by the shell (and by tests). The machine writes into `bytes` at `at` after making sure that there is room. */
export interface Outlet {
  /** Where outgoing bytes are gathered until the end of the turn. */
  bytes: Uint8Array
  at: number
  /** Bytes that the socket was given and has not taken yet. */
  readonly pending: number
  /** Memory for what was received and not taken, and for what the socket has not taken, in bytes. */
  readonly held: number
  /** The socket is gone: nobody reads what is written. */
  readonly isGone: boolean
  /** Makes room for `length` bytes at `at`, perhaps in another `bytes`; to be called when `at + length > bytes.length`. */
  room(length: number): void
  /** The client has its session: for the log. */
  accepted(sessionPresent: boolean): void
  /** The connection's `ending` is set: for the log. */
  ended(): void
  /** A mistake of ours while something was handed to this connection: it ends, and no other. */
  failed(error: unknown): void
  /** What kept the machine from reading on is over: give it what came in the meantime. */
  resume(): void
  /** Send what is gathered, then close the socket. */
  close(): void
  /** Close the socket at once, and let go of what is held. */
  cut(): void
}
