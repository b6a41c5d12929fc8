// Memory for outgoing bytes, used again: small pieces for answers, large ones for many messages.

const smallBytes = 2_048
const largeBytes = 65_536
const smallKept = 4_096
const largeKept = 128

const small: Buffer[] = []
const large: Buffer[] = []

/** A buffer of at least `length` bytes, from the pool if one fits. */
export function takeBuffer(length: number): Buffer {
  if (length <= smallBytes) return small.pop() ?? Buffer.allocUnsafeSlow(smallBytes)
  if (length <= largeBytes) return large.pop() ?? Buffer.allocUnsafeSlow(largeBytes)
  return Buffer.allocUnsafeSlow(length)
}

/** Gives back a buffer that nobody reads any more. */
export function giveBuffer(buffer: Uint8Array): void {
  if (!Buffer.isBuffer(buffer)) return
  if (buffer.length === smallBytes) {
    if (small.length < smallKept) small.push(buffer)
  } else if (buffer.length === largeBytes && large.length < largeKept) large.push(buffer)
}

/** The size that a growing way out takes before it is sent in parts. */
export const outBytesMax = largeBytes
