// Takes the PROXY header from what a trusted proxy sends, in as many pieces as it comes. The reading of it is in core.
import type { Socket } from 'node:net'
import { EMPTY_BYTES } from '#libs/base'
import type { Peer } from '#libs/topics'
import { readProxyHeader } from '../core/proxy-protocol.js'
import type { ProxyHeader } from '../core/proxy-protocol.js'

/** Gathers bytes until they are a header. */
export class HeaderIntake {
  /** Everything that came so far: `bytes[from..to)`. Valid until the next `take`. */
  bytes: Uint8Array = EMPTY_BYTES
  from = 0
  to = 0
  #held: Buffer | undefined

  /** `buffer` is copied only when the header does not end in it. */
  take(buffer: Uint8Array, from: number, to: number): ProxyHeader {
    if (this.#held === undefined) {
      this.bytes = buffer
      this.from = from
      this.to = to
    } else this.#append(buffer, from, to)
    const header = readProxyHeader(this.bytes, this.from, this.to)
    if (header.kind === 'more' && this.#held === undefined) this.#hold(buffer.subarray(from, to))
    return header
  }

  #hold(bytes: Uint8Array): void {
    this.#held = Buffer.allocUnsafeSlow(Math.max(256, bytes.length * 2))
    this.#held.set(bytes)
    this.bytes = this.#held
    this.from = 0
    this.to = bytes.length
  }

  #append(buffer: Uint8Array, from: number, to: number): void {
    const held = this.#held
    if (held === undefined) return
    const length = this.to + to - from
    if (length > held.length) {
      this.#held = Buffer.allocUnsafeSlow(length * 2)
      this.#held.set(held.subarray(0, this.to))
      this.bytes = this.#held
    }
    this.#held?.set(buffer.subarray(from, to), this.to)
    this.to = length
  }
}

/** The peer as the header names it. */
export function forwardedPeer(peer: Peer, header: ProxyHeader & { readonly kind: 'header' }): Peer {
  return { ...peer, ...header.source, forwarded: header.forwarded }
}

export interface IntakeOptions {
  readonly peer: Peer
  /** False: the client's own bytes may come at once. */
  readonly isRequired: boolean
  /** The socket is paused and gives the client's own bytes again from their first on. */
  readonly introduced: (peer: Peer) => void
  /** With a sentence; the caller closes the socket. */
  readonly refused: (reason: string) => void
}

/** What is said of a trusted proxy that sends no header where one must be. */
export const headerMissing = 'The proxy sent no PROXY header.'

/** Takes the header from a socket that does not read yet. */
export function takeHeader(socket: Socket, { peer, isRequired, introduced, refused }: IntakeOptions): void {
  const intake = new HeaderIntake()
  const finish = (): void => {
    socket.off('data', take)
    socket.pause()
  }
  const take = (bytes: Buffer): void => {
    const header = intake.take(bytes, 0, bytes.length)
    if (header.kind === 'more') return
    finish()
    if (header.kind === 'malformed') refused(header.sentence)
    else if (header.kind === 'none' && isRequired) refused(headerMissing)
    else {
      const behind = intake.from + (header.kind === 'header' ? header.length : 0)
      // Copied: the intake's memory is let go, and what is unshifted stays in the socket for a while.
      if (behind < intake.to) socket.unshift(Buffer.from(intake.bytes.subarray(behind, intake.to)))
      introduced(header.kind === 'header' ? forwardedPeer(peer, header) : peer)
    }
  }
  socket.on('data', take)
  socket.resume()
}
