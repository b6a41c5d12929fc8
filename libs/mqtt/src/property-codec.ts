// Reading and writing properties. PropertyScanner judges them in place without making anything; the rest is for packets that are rare.
import type { ByteWriter } from '#libs/base'
import { utf8Decode, copyOf } from '#libs/base'
import type { PacketReader } from './packet-reader.js'
import { PROPERTIES, propertyOf } from './properties.js'
import type { Properties, PropertyPlace, UserProperty } from './properties.js'
import { PropertyScanner } from './property-scanner.js'
import type { Limits, Sender } from './protocol.js'

/** What a packet without properties has, and every packet of 3.1 and 3.1.1. */
export const NO_PROPERTIES: Properties = Object.freeze({})

export interface PropertyContext {
  readonly place: PropertyPlace
  readonly sender: Sender
  readonly limits: Limits
}

/** Reads the property length and the properties at the reader's place; throws `ProtocolError`. */
export function readProperties(reader: PacketReader, context: PropertyContext): Properties {
  const length = reader.variable()
  const from = reader.skip(length)
  if (length === 0) return NO_PROPERTIES
  return decodeProperties(reader.buffer, from, from + length, context)
}

/** Reads the properties in `buffer[from..to)`, the length before them not included; throws `ProtocolError`. */
export function decodeProperties(
  buffer: Uint8Array,
  from: number,
  to: number,
  context: PropertyContext,
): Properties {
  const scanner = new PropertyScanner()
  scanner.start(buffer, from, to, context.place, context.sender, context.limits)
  const properties: Mutable<Properties> = {}
  const identifiers: number[] = []
  const pairs: UserProperty[] = []
  while (scanner.next()) {
    const row = propertyOf(scanner.id)
    const { valueFrom, valueTo } = scanner
    switch (row?.type) {
      case 'bit':
        properties[row.name] = scanner.number === 0 ? 0 : 1
        break
      case 'flag':
        properties[row.name] = scanner.number === 1
        break
      case 'uint16':
      case 'uint32':
        properties[row.name] = scanner.number
        break
      case 'variable':
        identifiers.push(scanner.number)
        break
      case 'text':
        properties[row.name] = utf8Decode(buffer, valueFrom + 2, valueTo)
        break
      case 'binary':
        properties[row.name] = copyOf(buffer, valueFrom + 2, valueTo)
        break
      case 'pair':
        pairs.push([
          utf8Decode(buffer, valueFrom + 2, scanner.middle),
          utf8Decode(buffer, scanner.middle + 2, valueTo),
        ])
        break
      case undefined:
    }
  }
  if (identifiers.length > 0) properties.subscriptionIdentifiers = identifiers
  if (pairs.length > 0) properties.userProperties = pairs
  return properties
}

/** Writes the property length and the properties, in the order of their identifiers; lists in their own order. */
export function writeProperties(writer: ByteWriter, properties: Properties): void {
  const at = writer.position
  for (const row of PROPERTIES) writeProperty(writer, row, properties)
  writer.insertLength(at)
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

function writeProperty(writer: ByteWriter, row: (typeof PROPERTIES)[number], properties: Properties): void {
  switch (row.type) {
    case 'bit':
    case 'flag': {
      const value = properties[row.name]
      if (value !== undefined) writeId(writer, row.id).u8(Number(value))
      break
    }
    case 'uint16': {
      const value = properties[row.name]
      if (value !== undefined) writeId(writer, row.id).u16(value)
      break
    }
    case 'uint32': {
      const value = properties[row.name]
      if (value !== undefined) writeId(writer, row.id).u32(value)
      break
    }
    case 'variable':
      for (const value of properties[row.name] ?? []) writeId(writer, row.id).varint(value)
      break
    case 'text': {
      const value = properties[row.name]
      if (value !== undefined) writeId(writer, row.id).text16(value)
      break
    }
    case 'binary': {
      const value = properties[row.name]
      if (value !== undefined) writeId(writer, row.id).bytes16(value)
      break
    }
    case 'pair':
      for (const [name, value] of properties[row.name] ?? []) {
        writeId(writer, row.id).text16(name)
        writer.text16(value)
      }
  }
}

function writeId(writer: ByteWriter, id: number): ByteWriter {
  writer.u8(id)
  return writer
}
