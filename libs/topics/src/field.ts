// The little language in which records are written down: fields, structures, and unions with one byte for the kind.
// A record type is its TypeScript value and its bytes at once. Golden bytes hold every version: add kinds, never edit them.
import { copyOf, type ByteReader, type ByteWriter } from '#libs/base'

/** A value's way to bytes and back. `read` throws `ShortRead` when the bytes end too early, `UnknownRecord` for what it cannot know. */
export interface Field<T> {
  write(writer: ByteWriter, value: T): void
  read(reader: ByteReader): T
}

/** The TypeScript value of a field. */
export type ValueOf<F> = F extends Field<infer T> ? T : never

/** A record of a newer version, or none at all. */
export class UnknownRecord extends Error {
  override readonly name = 'UnknownRecord'
}

export const u8: Field<number> = { write: (w, v) => w.u8(v), read: (r) => r.u8() }
export const u16: Field<number> = { write: (w, v) => w.u16(v), read: (r) => r.u16() }
export const u32: Field<number> = { write: (w, v) => w.u32(v), read: (r) => r.u32() }
/** A whole number from 0 to 2^53 - 1 in as few bytes as it needs. */
export const whole: Field<number> = { write: (w, v) => w.varint(v), read: (r) => r.varint() }
export const flag: Field<boolean> = { write: (w, v) => w.u8(v ? 1 : 0), read: (r) => r.u8() !== 0 }
/** UTF-8 with its length before it. */
export const text: Field<string> = { write: (w, v) => w.text(v), read: (r) => r.text() }
/** Bytes with their length before them; reading copies, so that a small value does not keep a large buffer alive. */
export const bytes: Field<Uint8Array> = { write: (w, v) => w.bytes(v), read: (r) => copyOf(r.bytes()) }

/** A value that may be absent. */
export function optional<T>(field: Field<T>): Field<T | undefined> {
  return {
    write(writer, value) {
      writer.u8(value === undefined ? 0 : 1)
      if (value !== undefined) field.write(writer, value)
    },
    read: (reader) => (reader.u8() === 0 ? undefined : field.read(reader)),
  }
}

/** Any number of values. */
export function list<T>(field: Field<T>): Field<readonly T[]> {
  return {
    write(writer, values) {
      writer.varint(values.length)
      for (const value of values) field.write(writer, value)
    },
    read(reader) {
      const values: T[] = []
      for (let left = reader.varint(); left > 0; left--) values.push(field.read(reader))
      return values
    },
  }
}

/** One of these words, as one byte: its place in the list (add at the end, never reorder). */
export function word<const W extends readonly string[]>(words: W): Field<W[number]> {
  return {
    write: (writer, value) => writer.u8(words.indexOf(value)),
    read(reader) {
      const value = words[reader.u8()]
      if (value === undefined) throw new UnknownRecord('a word that this version does not know')
      return value
    },
  }
}

type Fields = Readonly<Record<string, Field<unknown>>>
type StructOf<F extends Fields> = { readonly [K in keyof F]: ValueOf<F[K]> }

/** Named fields, written one after the other in the order given here. */
export function struct<F extends Fields>(fields: F): Field<StructOf<F>> {
  const entries = Object.entries(fields)
  return {
    write(writer, value) {
      for (const [name, field] of entries) field.write(writer, Reflect.get(value, name))
    },
    read(reader) {
      const value = Object.create(Object.prototype)
      for (const [name, field] of entries) value[name] = field.read(reader)
      return value
    },
  }
}

type Kinds = Readonly<Record<string, readonly [number, Field<object>]>>
type UnionOf<K extends Kinds> = {
  [N in keyof K & string]: { readonly kind: N } & ValueOf<K[N]['1']>
}[keyof K & string]

/** One of several structures, told apart by one byte. A kind's number is for ever. */
export function union<K extends Kinds>(kinds: K): Field<UnionOf<K>> {
  const byName = new Map(Object.entries(kinds))
  const byNumber = new Map(Object.entries(kinds).map(([name, [number, field]]) => [number, { name, field }]))
  return {
    write(writer, value) {
      const kind = byName.get(value.kind)
      if (kind === undefined) throw new UnknownRecord(value.kind)
      writer.u8(kind[0])
      kind[1].write(writer, value)
    },
    read(reader) {
      const kind = byNumber.get(reader.u8())
      if (kind === undefined) throw new UnknownRecord('a kind of record that this version does not know')
      return Object.assign(Object.create(Object.prototype), { kind: kind.name }, kind.field.read(reader))
    },
  }
}
