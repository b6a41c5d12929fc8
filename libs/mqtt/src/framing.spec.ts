// Framing: a hostile length is refused before anybody waits for its bytes.
import { describe, expect, it } from 'vitest'
import { Frame, readFrame, variableLength, VARIABLE_MAX } from './framing.js'
import type { FrameResult } from './framing.js'

describe('readFrame', () => {
  it.each<[string, number[], FrameResult]>([
    ['a packet without a body', [0xc0, 0], 'frame'],
    ['one byte', [0xc0], 'more'],
    ['a length that is cut', [0x30, 0x80], 'more'],
    ['a body that is cut', [0x30, 3, 0, 1], 'more'],
    ['a fifth byte of length', [0x30, 0x80, 0x80, 0x80, 0x80], 'malformed'],
    ['a fifth byte of length with more behind it', [0x30, 0xff, 0xff, 0xff, 0xff, 1], 'malformed'],
    ['more than the maximum, its body not there', [0x30, 99], 'too-large'],
    ['256 MiB', [0x30, 0xff, 0xff, 0xff, 0x7f], 'too-large'],
    ['just the maximum', [0x30, 98], 'more'],
    ['a length with more bytes than needed, in 3.x', [0xc0, 0x80, 0], 'frame'],
  ])('answers for %s', (_fact, bytes, result) => {
    expect(readFrame(Uint8Array.from(bytes), 0, bytes.length, new Frame(), 100)).toBe(result)
  })

  it('refuses a length with more bytes than needed when told so [MQTT-1.5.5-1]', () => {
    const frame = new Frame()
    frame.minimalLengths = true
    expect(readFrame(Uint8Array.of(0xc0, 0x80, 0), 0, 3, frame, 100)).toBe('malformed')
    expect(readFrame(Uint8Array.of(0xc0, 0), 0, 2, frame, 100)).toBe('frame')
    expect(readFrame(Uint8Array.of(0x30, 0x80, 1), 0, 3, frame, 1000)).toBe('more')
  })

  it('does not look behind the end of what has arrived', () => {
    expect(readFrame(Uint8Array.of(0xc0, 0), 0, 1, new Frame(), 100)).toBe('more')
    expect(readFrame(Uint8Array.of(0x30, 0x80, 0x80, 0x80, 0x80), 0, 3, new Frame(), 100)).toBe('more')
  })

  it('says where the packet lies, and where it will end', () => {
    const frame = new Frame()
    const bytes = Uint8Array.of(9, 9, 0x32, 0x81, 1, 0)
    expect(readFrame(bytes, 2, 6, frame, 1000)).toBe('more')
    expect(frame).toMatchObject({ typeAndFlags: 0x32, frameFrom: 2, bodyFrom: 5, bodyTo: 5 + 129 })
  })
})

describe('variableLength', () => {
  it('changes at each power of 128', () => {
    expect([0, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152, VARIABLE_MAX].map(variableLength)).toEqual([
      1, 1, 2, 2, 3, 3, 4, 4,
    ])
  })
})
