// What kept sessions that use QoS 2 publish, and their wills: each message goes to tbmq.msg.all exactly once, in order.
// The ids of received and not released publishes follow from the inbox like everything else; a commit that publishes saves its position
// (PublishedThrough), so that nothing is ever decided a second time.
import { ByteWriter, EMPTY_BYTES } from '#libs/base'
import { REASON } from '#libs/mqtt'
import {
  metadataLength,
  publisherBytes,
  retainFlag,
  storedFirstFlag,
  writeMetadata,
  type Address,
  type DeliveryRecord,
  type MessageValue,
  type SessionIdentity,
} from '#libs/topics'
import { isAt } from './redeliver.js'
import { gatewayOf } from './state.js'
import { change, type Turn } from './turn.js'

type Publish = Extract<DeliveryRecord, { kind: 'Publish' }>
type ReleaseReceived = Extract<DeliveryRecord, { kind: 'ReleaseReceived' }>

const nowhere: Address = { gateway: '', incarnation: 0, connection: 0 }
const scratch = new ByteWriter(512)

/** Stores a QoS 2 message on its first arrival only [MQTT-4.3.3-10]; then PUBREC (PUBACK for QoS 1, nothing for QoS 0). */
export function publishOfSession(turn: Turn, record: Publish): void {
  const { session, address, packetId, message } = record
  const queue = turn.state.queues.get(session.birth)
  // What an older connection left behind was not acknowledged, and its client sends it again.
  if (queue === undefined || !isAt(queue, address) || !change(turn, queue)) return
  if (message.qos === 2) {
    queue.received ??= new Set()
    if (!queue.received.has(packetId)) publish(turn, message, session, address)
    queue.received.add(packetId)
  } else publish(turn, message, session, address)
  if (message.qos === 0) return
  const { incarnation, connection } = address
  const { qos } = message
  const gateway = gatewayOf(turn.state, address.gateway)
  turn.outbox?.toGateway(gateway, {
    kind: 'PublishStored',
    incarnation,
    connection,
    packetId,
    qos,
    reasonCode: REASON.success,
  })
}

/** PUBREL: the id may be used for another message [MQTT-4.3.3-12]; then PUBCOMP, also for an id that is not known. */
export function releaseReceived(turn: Turn, { session, address, packetId }: ReleaseReceived): void {
  const queue = turn.state.queues.get(session.birth)
  if (queue === undefined || !isAt(queue, address) || !change(turn, queue)) return
  const wasKnown = queue.received?.delete(packetId) === true
  if (queue.received?.size === 0) queue.received = undefined
  const { incarnation, connection } = address
  const reasonCode = wasKnown ? REASON.success : REASON.packetIdentifierNotFound
  const gateway = gatewayOf(turn.state, address.gateway)
  turn.outbox?.toGateway(gateway, { kind: 'ReleaseStored', incarnation, connection, packetId, reasonCode })
}

export function publishWill(turn: Turn, session: SessionIdentity, message: MessageValue): void {
  publish(turn, message, session, nowhere)
}

function publish(turn: Turn, message: MessageValue, session: SessionIdentity, address: Address): void {
  if (turn.outbox === undefined) return
  const publisher = publisherBytes({ ...session, ...address })
  const { properties, qos, retain } = message
  const expirySeconds = message.expirySeconds ?? -1
  const length = metadataLength(publisher.length, expirySeconds, properties.length)
  const writer = scratch.reset()
  writer.reserve(length)
  const flags = qos | (retain ? retainFlag : 0) | storedFirstFlag
  writeMetadata(writer.buffer, 0, flags, publisher, expirySeconds, properties, 0, properties.length)
  writer.position = length
  turn.outbox.outcome.publish(
    message.topic,
    message.payload.length === 0 ? EMPTY_BYTES : message.payload,
    writer,
  )
  turn.published = true
}
