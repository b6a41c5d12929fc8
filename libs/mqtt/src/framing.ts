// Finding where packets begin and end in what came from a socket, before anything in them is looked at.

/** Where one packet lies in a buffer. One per connection, used again for each packet. */
export class Frame {
  /** The first byte: packet type in the high four bits, flags in the low four. */
  typeAndFlags = 0
  /** The packet's first byte. */
  frameFrom = 0
  /** The first byte after the remaining length. */
  bodyFrom = 0
  /** The packet's end. After 'more' the end that it will have, or 0 while that is not known. */
  bodyTo = 0
  /** Refuse lengths written with more bytes than needed [MQTT-1.5.5-1]; older versions allow them, and small devices write them. */
  minimalLengths = false
}

/**
 * `frame`: a whole packet lies there. `more`: not yet. `malformed`: the length does not end within four bytes, or is not
 * minimal. `too-large`: the packet would exceed the maximum; said before its body has arrived.
 */
export type FrameResult = 'frame' | 'more' | 'malformed' | 'too-large'

/** Looks at `buffer[from..to)`, fills `frame`. `maximumPacketSize` counts the whole packet in bytes. */
export function readFrame(
  buffer: Uint8Array,
  from: number,
  to: number,
  frame: Frame,
  maximumPacketSize: number,
): FrameResult {
  frame.bodyTo = 0
  if (to - from < 2) return 'more'
  frame.typeAndFlags = buffer[from] ?? 0
  frame.frameFrom = from
  let at = from + 1
  let byte = buffer[at++] ?? 0
  let length = byte & 127
  let shift = 7
  while (byte > 127) {
    if (shift > 21) return 'malformed'
    if (at >= to) return 'more'
    byte = buffer[at++] ?? 0
    length |= (byte & 127) << shift
    shift += 7
  }
  if (frame.minimalLengths && byte === 0 && at - from > 2) return 'malformed'
  frame.bodyFrom = at
  frame.bodyTo = at + length
  if (frame.bodyTo - from > maximumPacketSize) return 'too-large'
  return frame.bodyTo <= to ? 'frame' : 'more'
}

/** How many bytes a variable byte integer takes; also the remaining length's. */
export function variableLength(value: number): 1 | 2 | 3 | 4 {
  return value < 128 ? 1 : value < 16_384 ? 2 : value < 2_097_152 ? 3 : 4
}

/** The largest variable byte integer, so also the largest remaining length. */
export const VARIABLE_MAX = 268_435_455
