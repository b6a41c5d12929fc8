// Topic names: what a message is published to. Judged by their bytes, because every PUBLISH brings one.
import { ProtocolError, malformed } from './protocol-error.js'
import type { Limits } from './protocol.js'
import { REASON } from './reason-codes.js'
import { characterEnd } from './text.js'

const SLASH = 0x2f
const PLUS = 0x2b
const HASH = 0x23

const ILL_FORMED = -1
const WILDCARD = -2

/** True when `buffer[from..to)` is a topic name: not empty, well-formed text, no wildcards. */
export function isTopicName(buffer: Uint8Array, from: number, to: number): boolean {
  return from < to && levelsOrFault(buffer, from, to) > 0
}

/** Throws `ProtocolError` for text that is ill-formed (0x81), has wildcards or is beyond the limits (0x90). Empty passes. */
export function checkTopicName(buffer: Uint8Array, from: number, to: number, limits: Limits): void {
  const levels = levelsOrFault(buffer, from, to)
  if (levels > 0 && levels <= limits.topicLevelsMax && to - from <= limits.topicBytesMax) return
  if (levels === ILL_FORMED) throw malformed('A topic name is not well-formed UTF-8 text.', 'MQTT-1.5.4-1')
  if (levels === WILDCARD) {
    throw new ProtocolError(REASON.topicNameInvalid, 'A topic name has a wildcard.', 'MQTT-3.3.2-2')
  }
  throw new ProtocolError(REASON.topicNameInvalid, 'A topic name has more bytes or levels than the limit.')
}

/** How many levels a name or filter has: its slashes and one. */
export function levelsOf(text: string): number {
  let levels = 1
  for (let at = text.indexOf('/'); at >= 0; at = text.indexOf('/', at + 1)) levels++
  return levels
}

function levelsOrFault(buffer: Uint8Array, from: number, to: number): number {
  let levels = 1
  let at = from
  while (at < to) {
    const byte = buffer[at] ?? 0
    // Digits and letters first: all that is special in ASCII lies below them.
    if (byte > SLASH) {
      if (byte < 0x80) at++
      else {
        at = characterEnd(buffer, at, to)
        if (at === 0) return ILL_FORMED
      }
    } else {
      if (byte === SLASH) levels++
      else if (byte === PLUS || byte === HASH) return WILDCARD
      else if (byte === 0) return ILL_FORMED
      at++
    }
  }
  return levels
}
