// Messages on their way to receivers: one record per target and batch, written and read in place.
//
// MessageRun (from a matcher, to a gateway or to delivery):
//   kind u8 = 100 · incarnation varint (to delivery: routedRun or directRun) · route partition varint (of tbmq.msg.all) · base offset varint · items
//   item 0x01  receivers: count varint · count × receiver; they hold for all messages until the next item of this kind
//     receiver: id varint (connection, or birth of a session or group) · options u8 · [ids count varint · subscription ids varint]
//       · [group birth varint · delivery partition varint · number varint] with originOption
//   item 0x02  publisher: u16, a hash of the client id; it holds until the next of its kind. Only where a group is among the receivers.
//   item 0x80+ message: tag u8 · offset delta varint · [deadline u64] · topic (u16 + bytes) · [properties varint + bytes]
//     · payload (varint + bytes)
//
// PassingRun (from a matcher to a gateway): kind u8 = 102, then as a MessageRun. None of its messages was published with QoS 1 or 2, or to be
// retained: it promises nothing, and may leave before it is stored.
//
// KeptRun (from delivery to a gateway), one receiver per message:
//   kind u8 = 101 · incarnation varint · items
//   item 0x01  to: connection varint · number varint · packet id u16 · options u8 · [ids] · [group birth varint · delivery partition varint]
//     it holds for the next message only. With groupOption the message belongs to a group and goes to a transient member: the packet
//     id is 0 (the gateway's own), and what becomes of a QoS 1 or 2 message goes back as an acknowledgement with group birth and
//     number (acknowledge-run.ts: puback, pubrec for QoS 2, dropped, gone) to that partition of tbmq.delivery.inbox.
//   item 0x80+ message: as above, offset delta 0
//
// Message tag: bit 7 · bits 0-1 QoS · bit 2 retain (as published, or 1 for a retained message sent to a new subscription)
//   · bit 3 deadline is there · bit 4 properties are there
// The deadline is milliseconds since 1970: the moment when the message expires.
import type { ByteWriter } from '#libs/base'
import { ByteReader } from '#libs/base'
import { UnknownRecord } from '../field.js'

export const messageRunKind = 100
export const keptRunKind = 101
export const passingRunKind = 102

/** In a MessageRun to delivery, in the incarnation's place: routed from the stream, dropped where its offset was seen before. */
export const routedRun = 0
/** The same: a page of retained messages, or what a group hands to a kept member; never compared with what was seen. */
export const directRun = 1

export const receiversItem = 0x01
const publisherItem = 0x02
export const messageItem = 0x80

/** Options of a receiver: bits 0-1 the granted QoS, then these. */
export const retainAsPublishedOption = 0x04
/** Subscription identifiers follow. */
export const subscriptionIdsOption = 0x08
/** To delivery: the id is a group's birth. In a KeptRun: the message belongs to a group, whose birth and partition follow. */
export const groupOption = 0x10
/** In a KeptRun: sent before, DUP is set. */
export const dupOption = 0x20
/**
 * To delivery: a group gives the message to a kept member, and wants to hear what becomes of it, under this number. Its birth, the
 * partition of tbmq.delivery.inbox that owns it, and the number follow.
 */
export const originOption = 0x40

export const messageRetain = 0x04
export const messageDeadline = 0x08
export const messageProperties = 0x10

/** Begins a MessageRun (or, by its `kind`, a PassingRun) in an empty writer. */
export function beginMessageRun(
  writer: ByteWriter,
  incarnation: number,
  partition: number,
  baseOffset: number,
  kind: typeof messageRunKind | typeof passingRunKind = messageRunKind,
): void {
  writer.u8(kind)
  writer.varint(incarnation)
  writer.varint(partition)
  writer.varint(baseOffset)
}

/** Begins a KeptRun in an empty writer. */
export function beginKeptRun(writer: ByteWriter, incarnation: number): void {
  writer.u8(keptRunKind)
  writer.varint(incarnation)
}

/** One receiver of a receivers item; the caller writes the item's tag and count (and may keep the bytes for the next time). */
export function writeReceiver(
  writer: ByteWriter,
  id: number,
  options: number,
  subscriptionIds: readonly number[],
): void {
  writer.varint(id)
  writer.u8(subscriptionIds.length === 0 ? options : options | subscriptionIdsOption)
  if (subscriptionIds.length === 0) return
  writer.varint(subscriptionIds.length)
  for (const subscriptionId of subscriptionIds) writer.varint(subscriptionId)
}

/** The same for a kept member of a group, whose queue answers to the group. `partition`: of tbmq.delivery.inbox, where the group is. */
export function writeHandedReceiver(
  writer: ByteWriter,
  id: number,
  options: number,
  subscriptionIds: readonly number[],
  groupBirth: number,
  partition: number,
  number: number,
): void {
  writeReceiver(writer, id, options | originOption, subscriptionIds)
  writer.varint(groupBirth)
  writer.varint(partition)
  writer.varint(number)
}

/** Who published the messages that follow. `hash`: of the client id, sixteen bits. */
export function writePublisher(writer: ByteWriter, hash: number): void {
  writer.u8(publisherItem)
  writer.u16(hash)
}

/** The receiver of the next message of a KeptRun. */
export function writeKeptReceiver(
  writer: ByteWriter,
  connection: number,
  number: number,
  packetId: number,
  options: number,
  subscriptionIds: readonly number[],
): void {
  writer.u8(receiversItem)
  writer.varint(connection)
  writer.varint(number)
  writer.u16(packetId)
  writer.u8(subscriptionIds.length === 0 ? options : options | subscriptionIdsOption)
  if (subscriptionIds.length === 0) return
  writer.varint(subscriptionIds.length)
  for (const subscriptionId of subscriptionIds) writer.varint(subscriptionId)
}

/** The same for a transient member of a group. `partition`: of tbmq.delivery.inbox, where the acknowledgement belongs. */
export function writeGroupReceiver(
  writer: ByteWriter,
  connection: number,
  number: number,
  options: number,
  subscriptionIds: readonly number[],
  groupBirth: number,
  partition: number,
): void {
  writeKeptReceiver(writer, connection, number, 0, options | groupOption, subscriptionIds)
  writer.varint(groupBirth)
  writer.varint(partition)
}

/** A message from ranges of two buffers (topic and properties in `source`, payload in `payloadSource`). `deadline` 0: none. */
export function writeMessage(
  writer: ByteWriter,
  qosAndRetain: number,
  offsetDelta: number,
  deadline: number,
  source: Uint8Array,
  topicFrom: number,
  topicTo: number,
  propertiesFrom: number,
  propertiesTo: number,
  payloadSource: Uint8Array,
  payloadFrom: number,
  payloadTo: number,
): void {
  const withProperties = propertiesTo > propertiesFrom
  writer.reserve(40 + topicTo - topicFrom + propertiesTo - propertiesFrom + payloadTo - payloadFrom)
  writer.u8(
    messageItem |
      qosAndRetain |
      (deadline === 0 ? 0 : messageDeadline) |
      (withProperties ? messageProperties : 0),
  )
  writer.varint(offsetDelta)
  if (deadline !== 0) writer.u64(deadline)
  writer.bytes16(source, topicFrom, topicTo)
  if (withProperties) writer.bytes(source, propertiesFrom, propertiesTo)
  writer.bytes(payloadSource, payloadFrom, payloadTo)
}

/**
 * Reads a run in place: `open`, then `next` until it gives `end`. After `receivers` the caller reads `count` receivers with
 * `receiver()`, or skips them (they are skipped by themselves). After `to` and `message` the fields tell all. Throws ShortRead.
 */
export class RunReader {
  kind = 0
  incarnation = 0
  partition = 0
  baseOffset = 0
  /** Of a receivers item: how many. */
  count = 0
  /** Of the receiver read last. */
  id = 0
  options = 0
  /** Subscription ids of the receiver read last: `[idsFrom, idsTo)` holds `idsCount` varints. */
  idsCount = 0
  idsFrom = 0
  idsTo = 0
  /** Of a KeptRun's receiver, and of one with originOption. */
  number = 0
  /** Of a KeptRun's receiver. */
  packetId = 0
  /** Of a KeptRun's receiver with groupOption, and of one with originOption: the group, and the partition of tbmq.delivery.inbox that owns it. */
  groupBirth = 0
  groupPartition = 0
  /** The hash of who published the message; 0 where it is not said. */
  publisher = 0
  /** Of a message. */
  tag = 0
  offset = 0
  deadline = 0
  topicFrom = 0
  topicTo = 0
  propertiesFrom = 0
  propertiesTo = 0
  payloadFrom = 0
  payloadTo = 0
  /** Where the item read last begins; for messages, where a copy of it would begin. */
  itemFrom = 0
  readonly reader = new ByteReader(new Uint8Array(0))
  #left = 0

  get buffer(): Uint8Array {
    return this.reader.buffer
  }

  /** Opens a record's value; `kind` tells which run it is. */
  open(buffer: Uint8Array, from: number, to: number): void {
    const reader = this.reader.reset(buffer, from, to)
    this.#left = this.publisher = 0
    this.kind = reader.u8()
    this.incarnation = reader.varint()
    if (this.kind === keptRunKind) return
    if (this.kind !== messageRunKind && this.kind !== passingRunKind)
      throw new UnknownRecord('not a run of messages')
    this.partition = reader.varint()
    this.baseOffset = reader.varint()
  }

  /** Goes on to the next item. */
  next(): 'receivers' | 'message' | 'end' {
    while (this.#left > 0) this.receiver()
    const reader = this.reader
    let tag: number
    do {
      if (reader.position >= reader.end) return 'end'
      this.itemFrom = reader.position
      tag = reader.u8()
      if (tag === publisherItem) this.publisher = reader.u16()
    } while (tag === publisherItem)
    if (tag === receiversItem) {
      if (this.kind === keptRunKind) this.#to()
      else this.#left = this.count = reader.varint()
      return 'receivers'
    }
    if ((tag & messageItem) === 0) throw new UnknownRecord('an item that this version does not know')
    this.#message(tag)
    return 'message'
  }

  /** Reads the next receiver of the item; false after the last. */
  receiver(): boolean {
    if (this.#left === 0) return false
    this.#left--
    this.id = this.reader.varint()
    this.#options()
    if ((this.options & originOption) !== 0) {
      this.#group()
      this.number = this.reader.varint()
    }
    return true
  }

  #to(): void {
    this.count = 1
    this.id = this.reader.varint()
    this.number = this.reader.varint()
    this.packetId = this.reader.u16()
    this.#options()
    if ((this.options & groupOption) !== 0) this.#group()
  }

  #group(): void {
    this.groupBirth = this.reader.varint()
    this.groupPartition = this.reader.varint()
  }

  #options(): void {
    const reader = this.reader
    this.options = reader.u8()
    this.idsCount = 0
    if ((this.options & subscriptionIdsOption) === 0) return
    this.idsCount = reader.varint()
    this.idsFrom = reader.position
    for (let i = this.idsCount; i > 0; i--) reader.varint()
    this.idsTo = reader.position
  }

  #message(tag: number): void {
    const reader = this.reader
    this.tag = tag
    this.offset = this.baseOffset + reader.varint()
    this.deadline = (tag & messageDeadline) === 0 ? 0 : reader.u64()
    let length = reader.u16()
    this.topicFrom = reader.skip(length)
    this.topicTo = this.topicFrom + length
    length = (tag & messageProperties) === 0 ? 0 : reader.varint()
    this.propertiesFrom = reader.skip(length)
    this.propertiesTo = this.propertiesFrom + length
    length = reader.varint()
    this.payloadFrom = reader.skip(length)
    this.payloadTo = this.payloadFrom + length
  }

  /** QoS of the message as published. */
  get qos(): number {
    return this.tag & 3
  }

  get retain(): boolean {
    return (this.tag & messageRetain) !== 0
  }
}
