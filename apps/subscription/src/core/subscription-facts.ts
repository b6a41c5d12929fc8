// The facts of subscription and how they are written down.
//
// tbmq.client.subscriptions (topic 0)
//   key: 1 · client id · filter     value: subscriptionRow, a tombstone when it is removed
//   key: 2 · share name · filter    value: groupRow, a tombstone when the group is gone
//   key: 3 · address                value: 1; a tombstone when nothing of that connection comes any more
// tbmq.msg.retained (topic 1)
//   key: 1 · topic name             value: retainedRow, a tombstone when it is cleared or has expired
import { unreachable, type ByteReader, type ByteWriter } from '#libs/base'
import type { FactCodec } from '#libs/service'
import {
  address,
  groupRow,
  retainedRow,
  subscriptionRow,
  UnknownRecord,
  type Address,
  type GroupRow,
  type RetainedRow,
  type SubscriptionRow,
} from '#libs/topics'

export type SubscriptionFact =
  | { readonly kind: 'SubscriptionStored'; readonly row: SubscriptionRow }
  | { readonly kind: 'SubscriptionRemoved'; readonly clientId: string; readonly filter: string }
  | { readonly kind: 'GroupStored'; readonly row: GroupRow }
  | { readonly kind: 'GroupRemoved'; readonly share: string; readonly filter: string }
  /** What this connection still asks for does not count: its session has another one. */
  | { readonly kind: 'ConnectionDisplaced'; readonly address: Address }
  | { readonly kind: 'DisplacedForgotten'; readonly address: Address }
  | { readonly kind: 'RetainedStored'; readonly row: RetainedRow }
  | { readonly kind: 'RetainedCleared'; readonly topic: string }

const subscriptionKey = 1
const groupKey = 2
const displacedKey = 3
const retainedKey = 1

export const subscriptionFacts: FactCodec<SubscriptionFact> = { topicOf, writeKey, writeValue, read }

function topicOf(fact: SubscriptionFact): 0 | 1 {
  return fact.kind === 'RetainedStored' || fact.kind === 'RetainedCleared' ? 1 : 0
}

function writeKey(writer: ByteWriter, fact: SubscriptionFact): void {
  switch (fact.kind) {
    case 'SubscriptionStored':
      return write(writer, subscriptionKey, fact.row.clientId, fact.row.filter)
    case 'SubscriptionRemoved':
      return write(writer, subscriptionKey, fact.clientId, fact.filter)
    case 'GroupStored':
      return write(writer, groupKey, fact.row.share, fact.row.filter)
    case 'GroupRemoved':
      return write(writer, groupKey, fact.share, fact.filter)
    case 'ConnectionDisplaced':
    case 'DisplacedForgotten':
      writer.u8(displacedKey)
      return address.write(writer, fact.address)
    case 'RetainedStored':
      return write(writer, retainedKey, fact.row.topic)
    case 'RetainedCleared':
      return write(writer, retainedKey, fact.topic)
    default:
      return unreachable(fact)
  }
}

function write(writer: ByteWriter, kind: number, ...parts: readonly string[]): void {
  writer.u8(kind)
  for (const part of parts) writer.text(part)
}

function writeValue(writer: ByteWriter, fact: SubscriptionFact): boolean {
  switch (fact.kind) {
    case 'SubscriptionStored':
      subscriptionRow.write(writer, fact.row)
      return true
    case 'GroupStored':
      groupRow.write(writer, fact.row)
      return true
    case 'RetainedStored':
      retainedRow.write(writer, fact.row)
      return true
    case 'ConnectionDisplaced':
      writer.u8(1)
      return true
    case 'SubscriptionRemoved':
    case 'GroupRemoved':
    case 'DisplacedForgotten':
    case 'RetainedCleared':
      return false
    default:
      return unreachable(fact)
  }
}

function read(topic: 0 | 1, key: ByteReader, value: ByteReader | undefined): SubscriptionFact {
  const kind = key.u8()
  if (topic === 1 && kind === retainedKey) {
    if (value !== undefined) return { kind: 'RetainedStored', row: retainedRow.read(value) }
    return { kind: 'RetainedCleared', topic: key.text() }
  }
  if (topic === 0 && kind === subscriptionKey) {
    if (value !== undefined) return { kind: 'SubscriptionStored', row: subscriptionRow.read(value) }
    return { kind: 'SubscriptionRemoved', clientId: key.text(), filter: key.text() }
  }
  if (topic === 0 && kind === groupKey) {
    if (value !== undefined) return { kind: 'GroupStored', row: groupRow.read(value) }
    return { kind: 'GroupRemoved', share: key.text(), filter: key.text() }
  }
  if (topic === 0 && kind === displacedKey) {
    const isOver = value === undefined
    return { kind: isOver ? 'DisplacedForgotten' : 'ConnectionDisplaced', address: address.read(key) }
  }
  throw new UnknownRecord('a fact of subscription that this version does not know')
}
