// Hashes of bytes. Murmur2 with Kafka's seed, so that any Kafka client that keys a record as we do finds the same partition.

const MULTIPLIER = 0x5bd1e995
const SEED = 0x9747b28c

/** 32-bit murmur2 of `bytes[from..to)`, unsigned; the hash of Kafka's default partitioner. */
export function hash32(bytes: Uint8Array, from = 0, to = bytes.length): number {
  let hash = SEED ^ (to - from)
  let at = from
  for (; at + 4 <= to; at += 4) {
    let word =
      (bytes[at] ?? 0) |
      ((bytes[at + 1] ?? 0) << 8) |
      ((bytes[at + 2] ?? 0) << 16) |
      ((bytes[at + 3] ?? 0) << 24)
    word = Math.imul(word, MULTIPLIER)
    word ^= word >>> 24
    hash = Math.imul(hash, MULTIPLIER) ^ Math.imul(word, MULTIPLIER)
  }
  const rest = to - at
  if (rest > 2) hash ^= (bytes[at + 2] ?? 0) << 16
  if (rest > 1) hash ^= (bytes[at + 1] ?? 0) << 8
  if (rest > 0) hash = Math.imul(hash ^ (bytes[at] ?? 0), MULTIPLIER)
  hash = Math.imul(hash ^ (hash >>> 13), MULTIPLIER)
  return (hash ^ (hash >>> 15)) >>> 0
}

/** The partition, 0 to `partitions` - 1, of the key in `bytes[from..to)`, as Kafka's default partitioner has it. */
export function partitionOf(bytes: Uint8Array, partitions: number, from = 0, to = bytes.length): number {
  return partitions === 1 ? 0 : (hash32(bytes, from, to) & 0x7fffffff) % partitions
}
