// What a decoder throws when the peer is at fault. Nothing else leaves a decoder, whatever the bytes are.
import { REASON } from './reason-codes.js'

/** The peer broke the protocol, or a limit: answer with the reason code (5.0) or close (3.x). */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError'

  constructor(
    /** The code for CONNACK or DISCONNECT. */
    readonly reasonCode: number,
    sentence: string,
    /** The statement that was broken, e.g. `MQTT-3.3.1-4`, where there is a numbered one. */
    readonly requirement?: string,
  ) {
    super(sentence)
  }
}

/** 0x81: the bytes cannot be read as the packet that they say they are. */
export function malformed(sentence: string, requirement?: string): ProtocolError {
  return new ProtocolError(REASON.malformedPacket, sentence, requirement)
}

/** 0x82: the packet can be read, but it says what is not allowed. */
export function protocolError(sentence: string, requirement?: string): ProtocolError {
  return new ProtocolError(REASON.protocolError, sentence, requirement)
}
