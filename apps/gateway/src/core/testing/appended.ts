// What a gateway has appended, as a spec sees it.
import { assert, ByteReader, utf8Decode } from '#libs/base'
import { RecordCursor } from '#libs/batch'
import {
  AcknowledgeReader,
  acknowledgeRunKind,
  authRecord,
  catalogue,
  deliveryRecord,
  MetadataView,
  sessionRecord,
  subscriptionRecord,
} from '#libs/topics'
import type { AuthRecord, DeliveryRecord, SessionRecord, SubscriptionRecord } from '#libs/topics'

/** A message in tbmq.msg.all as a spec sees it. */
export interface AppendedMessage {
  readonly kind: 'message'
  readonly partition: number
  readonly topic: string
  readonly payload: string
  readonly qos: number
  readonly retain: boolean
  readonly expirySeconds: number
  readonly properties: Uint8Array
  readonly clientId: string
}

export interface AppendedAcknowledgement {
  readonly kind: 'acknowledgement'
  readonly partition: number
  readonly step: number
  readonly group: boolean
  readonly id: number
  readonly number: number
  readonly reasonCode: number
}

export type Appended =
  | AppendedMessage
  | AppendedAcknowledgement
  | ((AuthRecord | SessionRecord | SubscriptionRecord | DeliveryRecord) & { readonly partition: number })

/** Adds the records of a batch. */
export function readBatch(topic: string, partition: number, bytes: Uint8Array, into: Appended[]): void {
  const cursor = new RecordCursor()
  cursor.open(bytes)
  while (cursor.next()) {
    if (topic === catalogue.messages.name) into.push(readMessage(cursor, partition))
    else readValue(topic, partition, cursor, into)
  }
}

function readMessage(
  { bytes, keyFrom, keyTo, valueFrom, valueTo, headerFrom, headerTo }: RecordCursor,
  partition: number,
): Appended {
  const metadata = new MetadataView()
  metadata.open(bytes, headerFrom, headerTo)
  return {
    kind: 'message',
    partition,
    topic: utf8Decode(bytes, keyFrom, keyTo),
    payload: utf8Decode(bytes, valueFrom, valueTo),
    qos: metadata.qos,
    retain: metadata.retain,
    expirySeconds: metadata.expirySeconds,
    properties: bytes.slice(metadata.propertiesFrom, metadata.propertiesTo),
    clientId: metadata.publisher(bytes).clientId,
  }
}

function readValue(topic: string, partition: number, cursor: RecordCursor, into: Appended[]): void {
  const { bytes, valueFrom, valueTo } = cursor
  if (bytes[valueFrom] === acknowledgeRunKind) {
    const run = new AcknowledgeReader()
    run.open(bytes, valueFrom, valueTo)
    while (run.next()) {
      const { step, group, id, number, reasonCode } = run
      into.push({ kind: 'acknowledgement', partition, step, group, id, number, reasonCode })
    }
    return
  }
  const reader = new ByteReader(bytes, valueFrom, valueTo)
  const records = {
    [catalogue.authInbox.name]: authRecord,
    [catalogue.sessionInbox.name]: sessionRecord,
    [catalogue.subscriptionInbox.name]: subscriptionRecord,
    [catalogue.deliveryInbox.name]: deliveryRecord,
  }
  assert(topic in records, `Nothing is sent to ${topic}.`)
  into.push({ ...records[topic]!.read(reader), partition })
}
