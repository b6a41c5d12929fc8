// The facts of delivery (tbmq.client.delivery). Queues follow from the inbox itself; facts hold how a session or a group stood at some
// offset, so that the inbox before it may be forgotten. Restoring = the facts, then a replay of the inbox from the base on.
//
// Keys: kind u8, then 1 nothing · 2 birth · 3 and 5 birth, number · 4 birth · 6 share, filter, client id · 7 nothing · 8 address
import { unreachable, type ByteReader, type ByteWriter } from '#libs/base'
import type { FactCodec } from '#libs/service'
import {
  flag,
  list,
  optional,
  sessionIdentity,
  address,
  struct,
  text,
  u16,
  u8,
  whole,
  word,
  type Address,
  type Field,
  type ValueOf,
  UnknownRecord,
} from '#libs/topics'
import { labelIn, labelMark, withoutLabel } from './line.js'
import { noIds, type Origin } from './message.js'
import { groupStrategies } from './settings.js'

const limitsRow = struct({
  queueLengthMax: whole,
  queueBytesMax: whole,
  whenFull: word(['dropOldest', 'refuseNewest']),
  windowMax: whole,
  windowOldMax: whole,
  groupStrategy: word(groupStrategies),
})

/** From `offset` on the inbox is needed; how far the routes had been seen there, and which limits hold from which offset on. */
const baseRow = struct({
  offset: whole,
  /** Highest offset seen per partition of tbmq.msg.all, plus one. */
  routes: list(whole),
  limits: list(struct({ offset: whole, limits: limitsRow })),
})
export type BaseRow = ValueOf<typeof baseRow>

/** Left out at the end of a row that needs none. */
function trailing<T>(field: Field<T>): Field<T | undefined> {
  return {
    write(writer, value) {
      if (value !== undefined) field.write(writer, value)
    },
    read: (reader) => (reader.remaining === 0 ? undefined : field.read(reader)),
  }
}

/** How a kept session stood before the record at `offset`. Its messages are facts of their own, those below `next` belong to this row. */
const sessionRowFact = struct({
  clientId: text,
  birth: whole,
  offset: whole,
  next: whole,
  /** Messages below this number are on their way to the client. */
  live: whole,
  /** Messages below this number have been sent before. */
  sent: whole,
  /** Received by the client (PUBREC), to be released. */
  released: list(whole),
  /** Packet ids of QoS 2 publishes received from the client and not released by it. */
  received: list(u16),
  online: optional(address),
  windowMax: whole,
  overflowing: flag,
  /** When ids were passed over: how many, and the ids that messages have. Otherwise they follow from the numbers. */
  passedOver: trailing(struct({ shift: whole, packetIds: list(struct({ number: whole, packetId: u16 })) })),
})
export type SessionRowFact = ValueOf<typeof sessionRowFact>

/** A queued message; its marks may have a label (line.ts). `bytes[from..to)` is its body as in QueuedMessage, a part of the record that held it. */
export interface KeptRow {
  readonly marks: number
  readonly tag: number
  readonly deadline: number
  readonly subscriptionIds: readonly number[]
  readonly origin: Origin | undefined
  readonly bytes: Uint8Array
  readonly from: number
  readonly to: number
}

/**
 * `marks u8 (bit 7: a label follows · bit 6: an origin) · [label u16] · [group varint · partition varint · number varint] · tag u8 · deadline
 * varint · ids count varint · ids · body`, by hand: a restore may read a million of them, and a copy of each body costs more than all the
 * rest.
 */
const withLabel = 0x80
const withOrigin = 0x40
const keptRow: Field<KeptRow> = {
  write(writer, { marks, tag, deadline, subscriptionIds, origin, bytes, from, to }) {
    const label = labelIn(marks)
    writer.u8(withoutLabel(marks) | (label === 0 ? 0 : withLabel) | (origin === undefined ? 0 : withOrigin))
    if (label !== 0) writer.u16(label)
    if (origin !== undefined) writeOrigin(writer, origin)
    writer.u8(tag)
    writer.varint(deadline)
    writer.varint(subscriptionIds.length)
    for (const id of subscriptionIds) writer.varint(id)
    writer.raw(bytes, from, to)
  },
  read(reader) {
    const first = reader.u8()
    const plain = first & ~(withLabel | withOrigin)
    const marks = (first & withLabel) === 0 ? plain : plain | labelMark(reader.u16())
    const origin = (first & withOrigin) === 0 ? undefined : readOrigin(reader)
    const tag = reader.u8()
    const deadline = reader.varint()
    const count = reader.varint()
    const subscriptionIds = count === 0 ? noIds : Array.from({ length: count }, () => reader.varint())
    const { buffer, position, end } = reader
    return { marks, tag, deadline, subscriptionIds, origin, bytes: buffer, from: position, to: end }
  },
}

function writeOrigin(writer: ByteWriter, { group, partition, number }: Origin): void {
  writer.varint(group)
  writer.varint(partition)
  writer.varint(number)
}

const readOrigin = (reader: ByteReader): Origin => ({
  group: reader.varint(),
  partition: reader.varint(),
  number: reader.varint(),
})

const memberRow = struct({
  session: sessionIdentity,
  kept: flag,
  address: optional(address),
  qos: u8,
  retainAsPublished: flag,
  subscriptionId: whole,
  windowMax: whole,
})
export type MemberRow = ValueOf<typeof memberRow>

const groupRow = struct({
  share: text,
  filter: text,
  birth: whole,
  offset: whole,
  next: whole,
  live: whole,
  members: list(memberRow),
  /** Left, but messages are still on their way to them. */
  former: list(memberRow),
  cursor: whole,
  stored: list(whole),
  answers: list(struct({ address, request: whole, place: u16, code: u8 })),
  /** Messages handed to a member and not done with there; the holder is a place in `members` and `former`, one after the other. */
  handed: list(struct({ number: whole, holder: whole })),
  /** Handed to a member that is gone: the next in turn. */
  returned: list(whole),
  overflowing: flag,
})
export type GroupRow = ValueOf<typeof groupRow>

/** From which offset on a connection joins and leaves groups no more, and behind which nothing of it comes. */
const displacedRow = struct({ from: whole, over: optional(whole) })
export type DisplacedRow = ValueOf<typeof displacedRow>

export type Holder = 'session' | 'group'

export type DeliveryFact =
  | { readonly kind: 'BaseMoved'; readonly base: BaseRow }
  | { readonly kind: 'SessionStood'; readonly row: SessionRowFact }
  | { readonly kind: 'SessionEnded'; readonly birth: number }
  | {
      readonly kind: 'MessageKept'
      readonly of: Holder
      readonly birth: number
      readonly number: number
      readonly row: KeptRow
    }
  | {
      readonly kind: 'MessageForgotten'
      readonly of: Holder
      readonly birth: number
      readonly number: number
    }
  | { readonly kind: 'GroupStood'; readonly row: GroupRow }
  | { readonly kind: 'GroupEnded'; readonly birth: number }
  /** For readers of the topic only: who is in which group. */
  | {
      readonly kind: 'MemberJoined'
      readonly share: string
      readonly filter: string
      readonly member: MemberRow
    }
  | {
      readonly kind: 'MemberLeft'
      readonly share: string
      readonly filter: string
      readonly clientId: string
    }
  /** What the inbox up to here asked to publish or to hand over is in the log: it makes the runtime save its position with it. */
  | { readonly kind: 'PublishedThrough'; readonly offset: number }
  | { readonly kind: 'ConnectionDisplaced'; readonly address: Address; readonly row: DisplacedRow }
  /** No record before the one that displaced it, or of itself, is read any more. */
  | { readonly kind: 'DisplacedForgotten'; readonly address: Address }

const kinds = {
  base: 1,
  session: 2,
  sessionMessage: 3,
  group: 4,
  groupMessage: 5,
  member: 6,
  published: 7,
  displaced: 8,
} as const

export const deliveryFacts: FactCodec<DeliveryFact> = {
  topicOf: () => 0,
  writeKey,
  writeValue,
  read(_topic, key, value) {
    switch (key.u8()) {
      case kinds.base:
        return value === undefined ? undefined : { kind: 'BaseMoved', base: baseRow.read(value) }
      case kinds.session:
        if (value === undefined) return { kind: 'SessionEnded', birth: key.varint() }
        return { kind: 'SessionStood', row: sessionRowFact.read(value) }
      case kinds.sessionMessage:
        return readMessage('session', key, value)
      case kinds.group:
        if (value === undefined) return { kind: 'GroupEnded', birth: key.varint() }
        return { kind: 'GroupStood', row: groupRow.read(value) }
      case kinds.groupMessage:
        return readMessage('group', key, value)
      case kinds.displaced: {
        const displaced = address.read(key)
        if (value === undefined) return { kind: 'DisplacedForgotten', address: displaced }
        return { kind: 'ConnectionDisplaced', address: displaced, row: displacedRow.read(value) }
      }
      // For other readers.
      case kinds.member:
      case kinds.published:
        return undefined
      default:
        throw new UnknownRecord('a fact of delivery that this version does not know')
    }
  },
}

function readMessage(of: Holder, key: ByteReader, value: ByteReader | undefined): DeliveryFact {
  const birth = key.varint()
  const number = key.varint()
  if (value === undefined) return { kind: 'MessageForgotten', of, birth, number }
  return { kind: 'MessageKept', of, birth, number, row: keptRow.read(value) }
}

function writeKey(writer: ByteWriter, fact: DeliveryFact): void {
  switch (fact.kind) {
    case 'BaseMoved':
      return writer.u8(kinds.base)
    case 'SessionStood':
      return writeNumbers(writer, kinds.session, fact.row.birth)
    case 'SessionEnded':
      return writeNumbers(writer, kinds.session, fact.birth)
    case 'MessageKept':
    case 'MessageForgotten':
      writeNumbers(writer, fact.of === 'session' ? kinds.sessionMessage : kinds.groupMessage, fact.birth)
      return writer.varint(fact.number)
    case 'GroupStood':
      return writeNumbers(writer, kinds.group, fact.row.birth)
    case 'GroupEnded':
      return writeNumbers(writer, kinds.group, fact.birth)
    case 'MemberJoined':
      return writeMemberKey(writer, fact.share, fact.filter, fact.member.session.clientId)
    case 'MemberLeft':
      return writeMemberKey(writer, fact.share, fact.filter, fact.clientId)
    case 'PublishedThrough':
      return writer.u8(kinds.published)
    case 'ConnectionDisplaced':
    case 'DisplacedForgotten':
      writer.u8(kinds.displaced)
      return address.write(writer, fact.address)
    default:
      return unreachable(fact)
  }
}

function writeNumbers(writer: ByteWriter, kind: number, birth: number): void {
  writer.u8(kind)
  writer.varint(birth)
}

function writeMemberKey(writer: ByteWriter, ...names: readonly string[]): void {
  writer.u8(kinds.member)
  for (const name of names) writer.text(name)
}

function writeValue(writer: ByteWriter, fact: DeliveryFact): boolean {
  switch (fact.kind) {
    case 'BaseMoved':
      return written(writer, baseRow, fact.base)
    case 'SessionStood':
      return written(writer, sessionRowFact, fact.row)
    case 'MessageKept':
      return written(writer, keptRow, fact.row)
    case 'GroupStood':
      return written(writer, groupRow, fact.row)
    case 'MemberJoined':
      return written(writer, memberRow, fact.member)
    case 'PublishedThrough':
      writer.varint(fact.offset)
      return true
    case 'ConnectionDisplaced':
      return written(writer, displacedRow, fact.row)
    case 'SessionEnded':
    case 'MessageForgotten':
    case 'GroupEnded':
    case 'MemberLeft':
    case 'DisplacedForgotten':
      return false
    default:
      return unreachable(fact)
  }
}

function written<T>(writer: ByteWriter, field: Field<T>, value: T): true {
  field.write(writer, value)
  return true
}
