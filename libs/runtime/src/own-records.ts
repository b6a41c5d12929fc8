// The runtime's own records in a main state topic, beside the facts of the service. Their keys begin with kind 0, which no fact has.
//
//   key: 0 · input (below 16)             value: offset up to which that input has been read
//   key: 0 · 16                           value: number of the last commit with sends
//   key: 0 · 17 · number                  value: an outbox (outbox.ts); a tombstone when all of it has arrived
//   key: 0 · 18 · input · source          value: number and index of the newest origin read from that input
//   key: 0 · 19                           value: offsets of the inbox whose records were dropped, as repetitions
import { copyOf, type ByteReader, type ByteWriter } from '#libs/base'
import { UnknownRecord } from '#libs/topics'
import type { Origin } from './origin.js'

/** First byte of the keys. */
export const ownKind = 0

const numberKey = 16
const outboxKey = 17
const originKey = 18
const droppedKey = 19

export type OwnRecord =
  | { readonly kind: 'position'; readonly input: number; readonly offset: number }
  | { readonly kind: 'number'; readonly number: number }
  | { readonly kind: 'outbox'; readonly number: number; readonly sends: Uint8Array | undefined }
  | { readonly kind: 'origin'; readonly input: number; readonly origin: Origin }
  | { readonly kind: 'dropped'; readonly offsets: readonly number[] }

/** False writes a tombstone. */
export function writeOwnRecord(key: ByteWriter, value: ByteWriter, record: OwnRecord): boolean {
  key.u8(ownKind)
  switch (record.kind) {
    case 'position':
      key.varint(record.input)
      value.varint(record.offset)
      return true
    case 'number':
      key.varint(numberKey)
      value.varint(record.number)
      return true
    case 'outbox':
      key.varint(outboxKey)
      key.varint(record.number)
      if (record.sends === undefined) return false
      value.raw(record.sends)
      return true
    case 'origin':
      key.varint(originKey)
      key.varint(record.input)
      key.varint(record.origin.source)
      value.varint(record.origin.number)
      value.varint(record.origin.index)
      return true
    case 'dropped':
      key.varint(droppedKey)
      value.varint(record.offsets.length)
      for (const offset of record.offsets) value.varint(offset)
      return true
  }
}

/** What stands behind the kind byte; undefined for a tombstone of what needs no forgetting. */
export function readOwnRecord(key: ByteReader, value: ByteReader | undefined): OwnRecord | undefined {
  const what = key.varint()
  if (what === outboxKey) {
    const number = key.varint()
    return {
      kind: 'outbox',
      number,
      sends: value && copyOf(value.buffer.subarray(value.position, value.end)),
    }
  }
  if (value === undefined) return undefined
  switch (what) {
    case numberKey:
      return { kind: 'number', number: value.varint() }
    case originKey: {
      const input = key.varint()
      const source = key.varint()
      return { kind: 'origin', input, origin: { source, number: value.varint(), index: value.varint() } }
    }
    case droppedKey:
      return { kind: 'dropped', offsets: Array.from({ length: value.varint() }, () => value.varint()) }
    default:
      if (what >= numberKey)
        throw new UnknownRecord('a record of the runtime that this version does not know')
      return { kind: 'position', input: what, offset: value.varint() }
  }
}
