// Bytes and text: short and long ranges take different ways and must agree.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  allocate,
  copy,
  copyOf,
  equalBytes,
  fromHex,
  toHex,
  utf8Decode,
  utf8Encode,
  utf8Length,
  utf8Write, // prettier-ignore
} from './bytes.js'

const bytes = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 7 + 1) & 255)

describe('copy', () => {
  it.each([0, 1, 31, 32, 33, 47, 48, 49, 200])('copies %i bytes and no more', (length) => {
    const target = new Uint8Array(length + 10).fill(255)
    copy(bytes(300), 5, 5 + length, target, 4)
    expect([...target.subarray(4, 4 + length)]).toEqual([...bytes(300).subarray(5, 5 + length)])
    expect([...target.subarray(0, 4), ...target.subarray(4 + length)]).toEqual(new Array(10).fill(255))
  })

  it('works on a view with an offset, of either class', () => {
    const view = bytes(300).subarray(100)
    const target = allocate(100)
    copy(view, 0, 100, target, 0)
    expect([...target]).toEqual([...bytes(300).subarray(100, 200)])
    expect([...copyOf(view, 10, 90)]).toEqual([...bytes(300).subarray(110, 190)])
  })

  it('moves to the front of the same buffer', () => {
    for (const length of [20, 40, 100]) {
      const buffer = bytes(200)
      copy(buffer, 7, 7 + length, buffer, 0)
      expect([...buffer.subarray(0, length)]).toEqual([...bytes(200).subarray(7, 7 + length)])
    }
  })
})

describe('equalBytes', () => {
  it.each([0, 1, 32, 33, 100])('tells a difference in any of %i bytes', (length) => {
    const a = bytes(120)
    const b = bytes(130).copyWithin(9, 0, 120)
    expect(equalBytes(a, 2, b, 11, length)).toBe(true)
    for (let i = 0; i < length; i++) {
      const c = b.slice()
      c[11 + i] = (c[11 + i]! + 1) & 255
      expect(equalBytes(a, 2, c, 11, length)).toBe(false)
    }
  })
})

describe('text', () => {
  it('comes back as it was, with its length known before', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const encoded = utf8Encode(text)
        expect(encoded.length).toBe(utf8Length(text))
        expect(utf8Decode(encoded)).toBe(text)
        const target = new Uint8Array(encoded.length + 3)
        expect(utf8Write(text, target, 2)).toBe(encoded.length)
        expect([...target.subarray(2, 2 + encoded.length)]).toEqual([...encoded])
      }),
    )
  })

  it('keeps a byte order mark', () => {
    expect(utf8Decode(utf8Encode('\uFEFFa'))).toBe('\uFEFFa')
  })
})

describe('the rest', () => {
  it('reads and writes hexadecimal digits', () => {
    expect([...fromHex('00 ff 7f')]).toEqual([0, 255, 127])
    expect(toHex(Uint8Array.of(9, 0, 255), 1)).toBe('00ff')
  })
})
