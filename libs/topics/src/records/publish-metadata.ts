// The publish metadata: the one header (key `m`) of a record in tbmq.msg.all, beside the topic name (key) and payload (value).
//
//   version u8 = 1 · flags u8 · publisher (varint length + bytes) · [expiry u32, seconds] · [forwarded properties, to the end]
//   flags: bits 0-1 QoS · bit 2 retain · bit 3 expiry is there · bit 4 properties are there · bit 5 stored first: what a service
//   publishes (a will) follows from a fact, and fires twice when it is seen and that fact is lost
//
// The publisher's bytes are the same for all messages of a connection, so that a gateway writes them once (`publisherBytes`).
import { ByteReader, ByteWriter, copy } from '#libs/base'
import { struct, text, UnknownRecord, whole, type ValueOf } from '../field.js'

/** The header's key, one ASCII byte: 'm'. */
export const metadataKey = 0x6d

const version = 1
export const retainFlag = 0x04
export const expiryFlag = 0x08
export const propertiesFlag = 0x10
export const storedFirstFlag = 0x20

/** Who published: the client, its session's birth (0: none) and the connection it came by. */
const publisher = struct({
  clientId: text,
  birth: whole,
  gateway: text,
  incarnation: whole,
  connection: whole,
})
export type Publisher = ValueOf<typeof publisher>

const scratch = new ByteWriter(256)

/** A publisher's bytes, made once per connection. */
export function publisherBytes(value: Publisher): Uint8Array {
  publisher.write(scratch.reset(), value)
  scratch.insertLength(0)
  return scratch.copyOf()
}

/** Length of the metadata. `publisherLength`: of `publisherBytes`; `propertiesLength` 0 and `expirySeconds` -1 mean none. */
export function metadataLength(
  publisherLength: number,
  expirySeconds: number,
  propertiesLength: number,
): number {
  return 2 + publisherLength + (expirySeconds < 0 ? 0 : 4) + propertiesLength
}

/** Writes the metadata at `at` of `target`; `flags` are QoS, retain and stored first, the others follow from what is given. */
export function writeMetadata(
  target: Uint8Array,
  at: number,
  flags: number,
  publisherPart: Uint8Array,
  expirySeconds: number,
  properties: Uint8Array,
  propertiesFrom: number,
  propertiesTo: number,
): void {
  const withProperties = propertiesTo > propertiesFrom
  target[at] = version
  target[at + 1] = flags | (expirySeconds < 0 ? 0 : expiryFlag) | (withProperties ? propertiesFlag : 0)
  copy(publisherPart, 0, publisherPart.length, target, at + 2)
  let next = at + 2 + publisherPart.length
  if (expirySeconds >= 0) {
    target[next] = expirySeconds >>> 24
    target[next + 1] = expirySeconds >>> 16
    target[next + 2] = expirySeconds >>> 8
    target[next + 3] = expirySeconds
    next += 4
  }
  if (withProperties) copy(properties, propertiesFrom, propertiesTo, target, next)
}

/** A reused view of one record's metadata; positions are indexes into the buffer it was opened on. */
export class MetadataView {
  flags = 0
  qos = 0
  retain = false
  /** False when nobody was promised anything about this message: QoS 0, not retained, from a client. */
  isPromised = false
  /** Seconds; -1: never. */
  expirySeconds = -1
  publisherFrom = 0
  publisherTo = 0
  propertiesFrom = 0
  propertiesTo = 0

  /** False for bytes that nobody of ours wrote. Throws UnknownRecord for a version of the future. */
  open(buffer: Uint8Array, from: number, to: number): boolean {
    if (to - from < 3 || buffer[from] === 0) return false
    if (buffer[from] !== version) throw new UnknownRecord('publish metadata of a newer version')
    const flags = buffer[from + 1] ?? 0
    this.flags = flags
    this.qos = flags & 3
    this.retain = (flags & retainFlag) !== 0
    this.isPromised = (flags & (3 | retainFlag | storedFirstFlag)) !== 0
    let at = from + 2
    let length = 0
    let factor = 1
    let byte: number
    do {
      byte = buffer[at++] ?? 0
      length += (byte & 127) * factor
      factor *= 128
    } while (byte > 127)
    this.publisherFrom = at
    at += length
    this.publisherTo = at
    this.expirySeconds = -1
    if ((flags & expiryFlag) !== 0) {
      this.expirySeconds =
        (((buffer[at] ?? 0) << 24) |
          ((buffer[at + 1] ?? 0) << 16) |
          ((buffer[at + 2] ?? 0) << 8) |
          (buffer[at + 3] ?? 0)) >>>
        0
      at += 4
    }
    if (at > to) return false
    this.propertiesFrom = at
    this.propertiesTo = (flags & propertiesFlag) === 0 ? at : to
    return true
  }

  /** The publisher; makes an object, so only for what is rare. */
  publisher(buffer: Uint8Array): Publisher {
    return publisher.read(new ByteReader(buffer, this.publisherFrom, this.publisherTo))
  }
}
