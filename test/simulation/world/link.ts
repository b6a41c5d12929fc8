// A TCP connection between a client and a gateway: bytes both ways, in order, late, in pieces; cut at any moment, and each side
// learns of it in its own time.
import { copyOf } from '#libs/base'
import type { Peer } from '#libs/topics'
import type { Transport, TransportEvents } from '../../../apps/gateway/src/shell/transport.js'
import type { Life, World } from './world.js'

/** What the client's end of a link tells. */
export interface ClientEnd {
  received(bytes: Uint8Array): void
  /** Once, last. */
  closed(): void
}

export interface LinkOptions {
  readonly world: World
  /** The process that holds the other end. */
  readonly life: Life
  /** Microseconds that a piece takes, at least and at most. */
  readonly delayMicros: readonly [number, number]
}

interface Piece {
  readonly bytes: Uint8Array
  readonly arrived: (() => void) | undefined
}

/** One way of a link: pieces arrive in the order in which they were sent. */
class Way {
  #last = 0
  readonly #world: World
  readonly #delayMicros: readonly [number, number]
  readonly #under = new Set<() => void>()

  constructor({ world, delayMicros }: LinkOptions) {
    this.#world = world
    this.#delayMicros = delayMicros
  }

  carry(arrive: () => void): void {
    const { random, schedule } = this.#world
    const [least, most] = this.#delayMicros
    const at = Math.max(this.#last, schedule.micros + least + random.below(most - least + 1))
    this.#last = at
    const cancel = this.#world.after(at - schedule.micros, () => {
      this.#under.delete(cancel)
      arrive()
    })
    this.#under.add(cancel)
  }

  /** What has not arrived yet never will. */
  lose(): void {
    for (const cancel of this.#under) cancel()
    this.#under.clear()
  }
}

const peer: Peer = { host: '127.0.0.1', port: 40_000, transport: 'tcp', forwarded: false, sameOrigin: true }

export class Link implements Transport {
  readonly peer = peer
  pending = 0
  readonly #options: LinkOptions
  readonly #toServer: Way
  readonly #toClient: Way
  readonly #client: ClientEnd
  #server: TransportEvents | undefined
  #serverClosed = false
  #clientClosed = false
  /** The network between the two is gone. */
  #broken = false
  /** The gateway does not read: what has arrived waits here. */
  #paused = false
  #held: Piece[] = []
  #closesWhenAwake = false

  constructor(options: LinkOptions, client: ClientEnd) {
    this.#options = options
    this.#toServer = new Way(options)
    this.#toClient = new Way(options)
    this.#client = client
  }

  /** The gateway has taken the connection; undefined: it would not. */
  opened(events: TransportEvents | undefined): void {
    this.#server = events
    if (events === undefined) this.#closeClient(0)
  }

  // ---- the client's end

  /** Sends bytes, in one piece or in some. `arrived`: the gateway has read the last of them. */
  send(bytes: Uint8Array, arrived?: () => void): void {
    if (this.#broken) return
    const { random } = this.#options.world
    const cut = bytes.length > 1 && random.chance(0.15) ? 1 + random.below(bytes.length - 1) : bytes.length
    const pieces = [bytes.subarray(0, cut), bytes.subarray(cut)].filter(({ length }) => length > 0)
    for (const [index, piece] of pieces.entries()) {
      const isLast = index === pieces.length - 1
      this.#toServer.carry(() => {
        this.#give({ bytes: piece, arrived: isLast ? arrived : undefined })
      })
    }
  }

  /** The client closes its end when all it sent has arrived. */
  leave(): void {
    this.#clientClosed = true
    this.#toClient.lose()
    if (this.#broken) return
    this.#toServer.carry(() => {
      this.#closeServer()
    })
  }

  /** The network fails: what is under way is lost; each side learns of it after so many microseconds. */
  cut({ client, server }: { readonly client: number; readonly server: number }): void {
    this.#broken = true
    this.#toServer.lose()
    this.#toClient.lose()
    this.#closeClient(client)
    this.#options.world.after(server, () => {
      this.#closeServer()
    })
  }

  // ---- the gateway's end

  write(bytes: Uint8Array, length: number): boolean {
    const { world, life } = this.#options
    const piece = copyOf(bytes.subarray(0, length))
    if (this.#clientClosed || this.#broken || !life.alive) return true
    this.#toClient.carry(() => {
      if (!this.#clientClosed) this.#client.received(piece)
    })
    // Now and then the system takes no more for a while.
    if (this.pending === 0 && !world.random.chance(0.02)) return true
    if (this.pending === 0) {
      world.afterIn(life, world.random.below(20_000), () => {
        this.pending = 0
        if (!this.#serverClosed) this.#server?.drained()
      })
    }
    this.pending += length
    return false
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#giveHeld()
  }

  end(): void {
    if (this.#serverClosed) return
    this.#toClient.carry(() => {
      this.#closeClient(0)
    })
    const { world } = this.#options
    this.#toServer.lose()
    world.after(world.random.below(2000), () => {
      this.#closeServer()
    })
  }

  destroy(): void {
    this.#toServer.lose()
    this.#toClient.lose()
    this.#closeClient(100)
    this.#options.world.after(0, () => {
      this.#closeServer()
    })
  }

  /** The process is gone; the system closes its sockets, or the machine says nothing any more. */
  processDied(): void {
    this.#serverClosed = true
    this.#broken = true
    this.#toServer.lose()
    const { random } = this.#options.world
    this.#closeClient(random.below(5000))
  }

  /** The process that stood still goes on. */
  processWoke(): void {
    this.#giveHeld()
    if (this.#closesWhenAwake) this.#closeServer()
  }

  #give(piece: Piece): void {
    const { world, life } = this.#options
    if (this.#serverClosed || !life.alive) return
    if (this.#paused || life.paused) {
      this.#held.push(piece)
      return
    }
    world.current = life
    piece.arrived?.()
    this.#server?.received(piece.bytes, 0, piece.bytes.length)
  }

  #giveHeld(): void {
    const held = this.#held
    this.#held = []
    for (const piece of held) this.#give(piece)
  }

  #closeServer(): void {
    const { world, life } = this.#options
    if (this.#serverClosed || !life.alive) return
    if (life.paused) {
      this.#closesWhenAwake = true
      return
    }
    this.#serverClosed = true
    this.#held = []
    world.current = life
    this.#server?.closed()
  }

  #closeClient(micros: number): void {
    this.#options.world.after(micros, () => {
      if (this.#clientClosed) return
      this.#clientClosed = true
      this.#client.closed()
    })
  }
}
