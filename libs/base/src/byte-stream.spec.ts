// Writer and reader against each other, against known bytes, and at the end of what there is.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteReader, ShortRead } from './byte-reader.js'
import { ByteWriter } from './byte-writer.js'

function written(write: (writer: ByteWriter) => void): number[] {
  const writer = new ByteWriter(1)
  write(writer)
  return [...writer.view()]
}

describe('ByteWriter', () => {
  it.each<[string, (writer: ByteWriter) => void, number[]]>([
    ['u8', (w) => w.u8(255), [255]],
    ['u8 of -1', (w) => w.u8(-1), [255]],
    ['u16', (w) => w.u16(0x0102), [1, 2]],
    ['u32', (w) => w.u32(0xff020304), [255, 2, 3, 4]],
    ['u32 of -1', (w) => w.u32(-1), [255, 255, 255, 255]],
    ['u64', (w) => w.u64(2 ** 53 - 1), [0, 31, 255, 255, 255, 255, 255, 255]],
    ['u64 of -1', (w) => w.u64(-1), [255, 255, 255, 255, 255, 255, 255, 255]],
    ['u64 of -2^40', (w) => w.u64(-(2 ** 40)), [255, 255, 255, 0, 0, 0, 0, 0]],
    ['varint 0', (w) => w.varint(0), [0]],
    ['varint 127', (w) => w.varint(127), [127]],
    ['varint 128', (w) => w.varint(128), [0x80, 1]],
    ['varint 2^31', (w) => w.varint(2 ** 31), [0x80, 0x80, 0x80, 0x80, 8]],
    ['text', (w) => w.text('é'), [2, 0xc3, 0xa9]],
    ['text16', (w) => w.text16('é'), [0, 2, 0xc3, 0xa9]],
    ['bytes', (w) => w.bytes(Uint8Array.of(1, 2, 3), 1), [2, 2, 3]],
    ['bytes16', (w) => w.bytes16(Uint8Array.of(1, 2, 3), 0, 2), [0, 2, 1, 2]],
  ])('writes %s', (_name, write, bytes) => {
    expect(written(write)).toEqual(bytes)
  })

  it.each([0, 1, 127, 128, 20_000])('puts a length before %i bytes that are there already', (length) => {
    const writer = new ByteWriter(1)
    writer.u8(9)
    writer.raw(new Uint8Array(length).fill(7))
    writer.insertLength(1)
    const reader = new ByteReader(writer.copyOf())
    expect(reader.u8()).toBe(9)
    expect([...reader.bytes()]).toEqual(new Array(length).fill(7))
    expect(reader.remaining).toBe(0)
  })

  it('starts again in the same memory', () => {
    const writer = new ByteWriter(8)
    writer.u32(1)
    const { buffer } = writer
    writer.reset().u8(5)
    expect(writer.buffer).toBe(buffer)
    expect([...writer.view()]).toEqual([5])
  })

  it('overwrites what it wrote', () => {
    const writer = new ByteWriter(8)
    writer.u32(0)
    writer.u8(1)
    writer.u32At(0, 0xdeadbeef)
    expect([...writer.view()]).toEqual([0xde, 0xad, 0xbe, 0xef, 1])
  })
})

describe('ByteReader', () => {
  it('reads back any numbers and texts', () => {
    const whole = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
    const anyText = fc.string({ unit: 'binary' })
    fc.assert(
      fc.property(whole, anyText, fc.uint8Array({ maxLength: 200 }), (number, text, bytes) => {
        const writer = new ByteWriter(1)
        writer.varint(number)
        writer.u32(number)
        writer.u64(number)
        writer.text(text)
        writer.text16(text)
        writer.bytes(bytes)
        writer.bytes16(bytes)
        const reader = new ByteReader(writer.view())
        expect(reader.varint()).toBe(number)
        expect(reader.u32()).toBe(number % 2 ** 32)
        expect(reader.u64()).toBe(number)
        expect(reader.text()).toBe(text)
        expect(reader.text16()).toBe(text)
        expect([...reader.bytes()]).toEqual([...bytes])
        expect([...reader.bytes16()]).toEqual([...bytes])
        expect(reader.remaining).toBe(0)
      }),
    )
  })

  it('throws ShortRead at every length that is too short, and reads nothing behind its end', () => {
    const bytes = Uint8Array.of(0, 5, 1, 2, 3, 4, 5, 6, 7, 8)
    const reads: ((reader: ByteReader) => unknown)[] = [
      (r) => r.u16(),
      (r) => r.u32(),
      (r) => r.u64(),
      (r) => r.text16(),
      (r) => r.bytes16(), // prettier-ignore
    ]
    const needs = [2, 4, 8, 7, 7]
    for (const [i, read] of reads.entries()) {
      for (let end = 0; end < (needs[i] ?? 0); end++) {
        expect(() => read(new ByteReader(bytes, 0, end))).toThrow(ShortRead)
      }
      expect(() => read(new ByteReader(bytes, 0, needs[i]))).not.toThrow()
    }
  })

  it('refuses a varint that is cut, longer than eight bytes, or above 2^53', () => {
    expect(() => new ByteReader(Uint8Array.of(0x80)).varint()).toThrow(ShortRead)
    expect(() => new ByteReader(new Uint8Array(20).fill(0x80)).varint()).toThrow(ShortRead)
    expect(() => new ByteReader(Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 127)).varint()).toThrow(
      ShortRead,
    )
    expect(() => new ByteReader(Uint8Array.of(1)).skip(-1)).toThrow(ShortRead)
  })
})
