// Wills: when one becomes due, and how it goes out. Those of sessions that end with their connection are published from here;
// those of kept sessions go through their delivery owner, behind what the client published there.
import { ByteWriter, SECOND, type Millis } from '#libs/base'
import {
  metadataLength,
  publisherBytes,
  retainFlag,
  storedFirstFlag,
  writeMetadata,
  type MessageValue,
  type SessionRow,
} from '#libs/topics'
import { identityOf, note, toDelivery, type Turn } from './turn.js'

/** When the will of a connection that has just ended fires; undefined without one. [MQTT-3.1.3-9] */
export const willDueAfter = (row: SessionRow, now: Millis): Millis | undefined =>
  row.will === undefined ? undefined : now + row.will.delaySeconds * SECOND

/** Publishes the row's will and gives the row without it. [MQTT-3.1.2-8] */
export function fireWill(turn: Turn, row: SessionRow): SessionRow {
  if (row.will === undefined) return row
  const { message } = row.will
  if (row.kept) toDelivery(turn, row.clientId, { kind: 'PublishWill', session: identityOf(row), message })
  else publish(turn, row, message)
  note(turn, row, { event: 'willFired', detail: message.topic.slice(0, 200) })
  return withoutWill(row)
}

/** The row without its will: fired, or no longer wanted. [MQTT-3.1.2-10] */
export const withoutWill = (row: SessionRow): SessionRow => ({
  ...row,
  will: undefined,
  willDueMillis: undefined,
})

function publish(turn: Turn, row: SessionRow, message: MessageValue): void {
  const address = row.address ?? { gateway: '', incarnation: 0, connection: 0 }
  const publisher = publisherBytes({ clientId: row.clientId, birth: row.birth, ...address })
  const properties = message.properties
  const expirySeconds = message.expirySeconds ?? -1
  const length = metadataLength(publisher.length, expirySeconds, properties.length)
  const metadata = new ByteWriter(length)
  const flags = message.qos | (message.retain ? retainFlag : 0) | storedFirstFlag
  writeMetadata(metadata.buffer, 0, flags, publisher, expirySeconds, properties, 0, properties.length)
  metadata.position = length
  turn.outcome.publish(message.topic, message.payload, metadata)
}
