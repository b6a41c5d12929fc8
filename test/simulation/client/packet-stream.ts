// Packets out of the bytes that come from a server.
import { decodeFromServer, Frame, NO_LIMITS, readFrame } from '#libs/mqtt'
import type { ProtocolVersion, ServerPacket } from '#libs/mqtt'

export class PacketStream {
  readonly #version: ProtocolVersion
  readonly #frame = new Frame()
  #rest = new Uint8Array(0)

  constructor(version: ProtocolVersion) {
    this.#version = version
  }

  /** The packets that are whole now. Throws for what no server may send. */
  take(bytes: Uint8Array): ServerPacket[] {
    const all = this.#rest.length === 0 ? bytes : joined(this.#rest, bytes)
    const packets: ServerPacket[] = []
    const frame = this.#frame
    let at = 0
    for (;;) {
      const result = readFrame(all, at, all.length, frame, Infinity)
      if (result === 'more') break
      if (result !== 'frame') throw new Error(`the server's bytes make no packet: ${result}`)
      packets.push(decodeFromServer(all, frame, this.#version, NO_LIMITS))
      at = frame.bodyTo
    }
    this.#rest = all.slice(at)
    return packets
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(first.length + second.length)
  all.set(first)
  all.set(second, first.length)
  return all
}
