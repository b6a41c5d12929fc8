// What other rooms may use of base: tools without a domain word.
export { assert, AssertionError, unreachable } from './assert.js'
export { BoundedQueue } from './bounded-queue.js'
export type { BoundedQueueOptions, WhenFull } from './bounded-queue.js'
export { ByteReader, ShortRead } from './byte-reader.js'
export { ByteWriter } from './byte-writer.js'
export {
  allocate,
  allocateUnsafeSlow,
  copy,
  copyOf,
  EMPTY_BYTES,
  equalBytes,
  fromHex,
  toHex,
  utf8Decode,
  utf8Encode,
  utf8Length,
  utf8Write,
} from './bytes.js'
export { hash32, partitionOf } from './hash.js'
export { formatIpAddress, IpNetworks, parseIpAddress } from './ip-address.js'
export type { IpAddress } from './ip-address.js'
export { SeededRandom } from './seeded-random.js'
export { DAY, HOUR, MINUTE, SECOND } from './time.js'
export type { Millis } from './time.js'
