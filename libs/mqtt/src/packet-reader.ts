// Reading the parts that all packets are made of, with MQTT's own rules and errors. Cold packets only: PUBLISH and its acks are read in place.
import { ByteReader, utf8Decode } from '#libs/base'
import type { Frame } from './framing.js'
import { malformed, protocolError } from './protocol-error.js'
import { isText } from './text.js'

/** Reads one packet's body. Whatever is missing or wrong is a `ProtocolError`. */
export class PacketReader extends ByteReader {
  constructor(buffer: Uint8Array, frame: Frame) {
    super(buffer, frame.bodyFrom, frame.bodyTo)
  }

  /** A UTF-8 encoded string [MQTT-1.5.4-1], [MQTT-1.5.4-2]; `what` names it in the error. */
  string(what: string): string {
    const length = this.u16()
    const at = this.skip(length)
    if (!isText(this.buffer, at, at + length)) {
      throw malformed(`The ${what} is not well-formed UTF-8 text without U+0000.`, 'MQTT-1.5.4-1')
    }
    return utf8Decode(this.buffer, at, at + length)
  }

  /** Binary data, as a copy: the buffer is used again for what the socket brings next. */
  binary(): Uint8Array {
    return this.bytes16()
  }

  /** A packet identifier [MQTT-2.2.1-3]. */
  packetId(): number {
    const id = this.u16()
    if (id === 0) throw protocolError('A packet identifier must not be 0.', 'MQTT-2.2.1-3')
    return id
  }

  /** At most four bytes, and no more than needed [MQTT-1.5.5-1]. */
  variable(): number {
    let value = 0
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.u8()
      value |= (byte & 127) << shift
      if (byte < 128) {
        if (byte === 0 && shift > 0) break
        return value
      }
    }
    throw malformed('A variable byte integer is longer than it may be.', 'MQTT-1.5.5-1')
  }

  /** Nothing may follow. */
  finish(): void {
    if (this.remaining > 0) throw malformed('The packet is longer than its content.')
  }

  protected override short(): never {
    throw malformed('The packet ends before its content does.')
  }
}
