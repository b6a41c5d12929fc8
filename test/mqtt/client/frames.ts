// Cuts a stream of bytes into MQTT frames. The suite's own reading of the fixed header: it must not trust the broker's.

/** Collects bytes and hands over each whole frame, fixed header included. */
export class Frames {
  #rest: Buffer = Buffer.alloc(0)

  constructor(private readonly onFrame: (frame: Buffer) => void) {}

  /** Bytes that belong to no whole frame yet. */
  get pending(): number {
    return this.#rest.length
  }

  take(bytes: Uint8Array): void {
    this.#rest = this.#rest.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#rest, bytes])
    let at = 0
    for (;;) {
      const end = frameEnd(this.#rest, at)
      if (end === undefined || end > this.#rest.length) break
      this.onFrame(this.#rest.subarray(at, end))
      at = end
    }
    this.#rest = this.#rest.subarray(at)
  }
}

function frameEnd(bytes: Buffer, start: number): number | undefined {
  let length = 0
  for (let index = 0, factor = 1; index < 4; index += 1, factor *= 128) {
    const at = start + 1 + index
    if (at >= bytes.length) return undefined
    const digit = bytes.readUInt8(at)
    length += (digit & 0x7f) * factor
    if (digit < 0x80) return at + 1 + length
  }
  throw new Error('the broker sent a remaining length of five bytes')
}
