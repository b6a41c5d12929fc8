// Who published a message, read from its metadata in place: the client id is the text with which the publisher's part begins.
import { hash32, utf8Decode } from '#libs/base'
import type { MetadataView } from '#libs/topics'

/** Where the client id begins and ends; used again. */
const range = { from: 0, to: 0 }

function clientIdRange(metadata: MetadataView, bytes: Uint8Array): typeof range {
  let at = metadata.publisherFrom
  let length = 0
  let factor = 1
  let byte: number
  do {
    byte = bytes[at++] ?? 0
    length += (byte & 127) * factor
    factor *= 128
  } while (byte > 127)
  range.from = at
  range.to = Math.min(at + length, metadata.publisherTo)
  return range
}

/** The publisher's client id. */
export function publisherOf(metadata: MetadataView, bytes: Uint8Array): string {
  const { from, to } = clientIdRange(metadata, bytes)
  return utf8Decode(bytes, from, to)
}

/** Sixteen bits that are the same for everything that a client publishes. */
export function publisherHash(metadata: MetadataView, bytes: Uint8Array): number {
  const { from, to } = clientIdRange(metadata, bytes)
  return hash32(bytes, from, to) & 0xffff
}
