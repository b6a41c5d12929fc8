// Who published a message, read from its metadata in place.
import { utf8Decode } from '#libs/base'
import type { MetadataView } from '#libs/topics'

/** The publisher's client id, in place: the text with which its part of the metadata begins. */
export function publisherOf(metadata: MetadataView, bytes: Uint8Array): string {
  let at = metadata.publisherFrom
  let length = 0
  let factor = 1
  let byte: number
  do {
    byte = bytes[at++] ?? 0
    length += (byte & 127) * factor
    factor *= 128
  } while (byte > 127)
  return utf8Decode(bytes, at, Math.min(at + length, metadata.publisherTo))
}
