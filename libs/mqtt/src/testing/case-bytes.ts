// A little notation in which the tables of packets are written: numbers are bytes, texts bring their length.
import { utf8Encode } from '#libs/base'

/** A byte, a text with its length in two bytes, or bytes that stand there as they are. */
export type Part = number | string | Uint8Array

/** The parts one after the other. */
export function bytesOf(...parts: readonly Part[]): Uint8Array {
  return Uint8Array.from(parts.flatMap(expand))
}

/** A whole packet: first byte, remaining length, body. */
export function packetOf(first: number, ...body: readonly Part[]): Uint8Array {
  return bytesOf(first, lengthed(...body))
}

/** Parts with their length before them, as a variable byte integer of one or two bytes: properties. */
export function lengthed(...parts: readonly Part[]): Uint8Array {
  const content = bytesOf(...parts)
  const length = content.length < 128 ? [content.length] : [(content.length & 127) | 128, content.length >> 7]
  return Uint8Array.from([...length, ...content])
}

/** Bytes as they are, without a length. */
export function plain(text: string): Uint8Array {
  return utf8Encode(text)
}

function expand(part: Part): number[] {
  if (typeof part === 'number') return [part]
  if (typeof part !== 'string') return [...part]
  const bytes = utf8Encode(part)
  return [bytes.length >> 8, bytes.length & 255, ...bytes]
}
