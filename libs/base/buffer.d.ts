// The few calls of Node's Buffer that `bytes.ts` makes, declared by hand: naming Node's own types, even in one file,
// would open every pure room to all of Node. Only `tsconfig.pure.json` includes this file, and ESLint keeps Buffer
// out of every other file of the pure rooms.

interface Buffer extends Uint8Array {
  toString(encoding?: 'utf8' | 'latin1' | 'hex', start?: number, end?: number): string
  utf8Slice(start?: number, end?: number): string
  latin1Slice(start?: number, end?: number): string
  utf8Write(text: string, offset?: number, length?: number): number
  latin1Write(text: string, offset?: number, length?: number): number
  write(text: string, offset?: number, length?: number, encoding?: 'utf8' | 'latin1'): number
  copy(target: Uint8Array, targetStart?: number, sourceStart?: number, sourceEnd?: number): number
  compare(
    target: Uint8Array,
    targetStart?: number,
    targetEnd?: number,
    sourceStart?: number,
    sourceEnd?: number,
  ): -1 | 0 | 1
  equals(other: Uint8Array): boolean
}

declare const Buffer: {
  from(buffer: ArrayBufferLike, byteOffset?: number, length?: number): Buffer
  from(text: string, encoding?: 'utf8' | 'latin1' | 'hex'): Buffer
  byteLength(text: string, encoding?: 'utf8' | 'latin1'): number
  allocUnsafeSlow(size: number): Buffer
  compare(a: Uint8Array, b: Uint8Array): -1 | 0 | 1
}
