// UTF-8 by bytes, against a second opinion for every sequence of up to three bytes and many of four.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isText, isUtf8 } from './text.js'

function isUtf8ByNode(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return true
  } catch {
    return false
  }
}

describe('isUtf8', () => {
  it('agrees with the platform for all lead bytes and the edges of what follows', () => {
    const edges = [0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff]
    for (let first = 0; first < 256; first++) {
      for (const second of edges) {
        for (const third of edges) {
          const bytes = Uint8Array.of(first, second, third, 0x80)
          for (let length = 1; length <= 4; length++) {
            expect(isUtf8(bytes, 0, length), String(bytes.subarray(0, length))).toBe(
              isUtf8ByNode(bytes.subarray(0, length)),
            )
          }
        }
      }
    }
  })

  it('agrees with the platform for random bytes and for text', () => {
    const text = fc.string({ unit: 'binary' }).map((value) => new TextEncoder().encode(value))
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), text), (bytes) => {
        expect(isUtf8(bytes)).toBe(isUtf8ByNode(bytes))
      }),
      { numRuns: 2_000 },
    )
  })

  it('reads its range only', () => {
    expect(isUtf8(Uint8Array.of(0xff, 0x61, 0xe2, 0x82, 0xac), 1, 2)).toBe(true)
    expect(isUtf8(Uint8Array.of(0xff, 0x61, 0xe2, 0x82, 0xac), 1, 4)).toBe(false)
  })
})

describe('isText', () => {
  it('refuses U+0000, which payloads may have [MQTT-1.5.4-2]', () => {
    expect(isText(Uint8Array.of(0x61, 0), 0, 2)).toBe(false)
    expect(isUtf8(Uint8Array.of(0x61, 0))).toBe(true)
  })

  it('takes control characters and non-characters, which are only discouraged', () => {
    expect(isText(Uint8Array.of(0x01, 0x7f, 0xef, 0xbf, 0xbf), 0, 5)).toBe(true)
  })
})
