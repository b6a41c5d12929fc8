// The few calls of Node's Buffer that `bytes.ts` makes, declared by hand: naming Node's own types, even in one file,
// would open every pure room to all of Node. Only `tsconfig.pure.json` includes this file, and ESLint keeps Buffer
// out of every other file of the pure rooms.

interface Buffer extends Uint8Array {
  toString(encoding?: 'utf8' | 'hex', start?: number, end?: number): string
  write(text: string, offset?: number): number
  copy(target: Uint8Array, targetStart?: number, sourceStart?: number, sourceEnd?: number): number
  compare(
    target: Uint8Array,
    targetStart?: number,
    targetEnd?: number,
    sourceStart?: number,
    sourceEnd?: number,
  ): -1 | 0 | 1
}

declare const Buffer: {
  from(buffer: ArrayBufferLike, byteOffset?: number, length?: number): Buffer
  from(text: string, encoding: 'hex'): Buffer
  isBuffer(value: unknown): value is Buffer
  byteLength(text: string): number
  allocUnsafeSlow(size: number): Buffer
  compare(a: Uint8Array, b: Uint8Array): -1 | 0 | 1
}
