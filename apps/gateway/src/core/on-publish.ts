// PUBLISH: the hot path. Judged in place, appended to tbmq.msg.all, answered when that is stored. Nothing is made per message.
import { decodePublish, forwardProperties, isUtf8, PACKET, ProtocolError, REASON } from '#libs/mqtt'
import type { Frame, PublishView } from '#libs/mqtt'
import { metadataKey, metadataLength, retainFlag, writeMetadata } from '#libs/topics'
import type { Connection } from './connection.js'
import { holdPublisher, underPressure } from './disk-pressure.js'
import { publishThroughDelivery } from './publish-through-delivery.js'
import { mayPublishNow } from './rates.js'
import { refuseArriving } from './refuse-publish.js'
import { rememberAlias, topicOfAlias } from './topic-alias.js'
import type { TopicEntry } from './topic-cache.js'
import { NO_TARGET } from './turns.js'

/** False: what came before it must be stored first, give it again. */
export function onPublish(connection: Connection, buffer: Uint8Array, frame: Frame): boolean {
  if (connection.requests !== null) {
    // What a client publishes behind its SUBSCRIBE is for that subscription already: routed when it is stored.
    connection.stalled = true
    return false
  }
  const { gateway } = connection
  const { settings, publish: view } = gateway
  decodePublish(buffer, frame, connection.version, view, settings.limits)
  if (view.qos > settings.maximumQos) {
    throw new ProtocolError(REASON.qosNotSupported, 'The QoS is above what is allowed.', 'MQTT-3.2.2-11')
  }
  if (view.retain && !settings.retainAvailable) {
    throw new ProtocolError(REASON.retainNotSupported, 'Retained messages are not allowed.', 'MQTT-3.2.2-14')
  }
  const fate = underPressure(connection, view)
  if (fate === 'drop') return true
  if (fate === 'hold') {
    holdPublisher(connection)
    return false
  }
  const throughDelivery = connection.publishesThroughDelivery || (connection.kept && view.qos === 2)
  if (throughDelivery && !connection.publishesThroughDelivery) {
    // The connection's earlier publishes went another way: they must be acknowledged first.
    if (!connection.publishesAreStored()) return false
    connection.publishesThroughDelivery = true
  }
  const { publishesPerSecondMax } = settings
  if (publishesPerSecondMax !== 0 && !mayPublishNow(connection, publishesPerSecondMax)) {
    connection.exceed(REASON.messageRateTooHigh, 'The client publishes too often.')
    return true
  }
  const topic = topicOf(connection, buffer, view)
  const refusal = refusalOf(connection, buffer, view, topic)
  if (refusal !== 0) {
    if (!canAnswerNow(connection)) return false
    if (view.qos > 0) countArrival(connection)
    refuseArriving(connection, view, refusal)
    return true
  }
  gateway.counters.published.add(view.qos, 1)
  gateway.counters.publishedBytes += frame.bodyTo - frame.frameFrom
  if (throughDelivery) {
    if (view.qos > 0) countArrival(connection)
    publishThroughDelivery(connection, topic, buffer, view)
    return true
  }
  if (view.qos === 2) {
    const ids = (connection.receivedIds ??= new Set())
    if (ids.has(view.packetId)) {
      // [MQTT-4.3.3-10] The same message again: acknowledged, not published.
      connection.answerLater(PACKET.pubrec, view.packetId, 0, NO_TARGET)
      return true
    }
    ids.add(view.packetId)
  }
  if (view.qos > 0) countArrival(connection)
  append(connection, topic, buffer, view)
  return true
}

/** [MQTT-3.3.4-9] More under way than the server's receive maximum: 0x93. */
function countArrival(connection: Connection): void {
  if (connection.version !== 5) return
  if (++connection.receiving > connection.gateway.settings.receiveMaximum) {
    throw new ProtocolError(
      REASON.receiveMaximumExceeded,
      'More messages are under way than Receive Maximum allows.',
    )
  }
}

/** An answer of ours must not pass those that delivery still owes. */
function canAnswerNow(connection: Connection): boolean {
  if (connection.owedByDelivery === 0) return true
  connection.stalled = true
  return false
}

/** The topic by its bytes, or by its alias. */
function topicOf(connection: Connection, buffer: Uint8Array, view: PublishView): TopicEntry {
  const { topicFrom, topicTo, topicAlias } = view
  if (topicAlias !== 0 && topicFrom === topicTo) return topicOfAlias(connection, topicAlias)
  const { lastTopic, gateway } = connection
  let topic = lastTopic
  if (topic === null || !topic.is(buffer, topicFrom, topicTo - topicFrom)) {
    topic = gateway.topics.find(buffer, topicFrom, topicTo) ?? gateway.topics.add(buffer, topicFrom, topicTo)
    connection.lastTopic = topic
  }
  if (topicAlias !== 0) rememberAlias(connection, topicAlias, topic)
  return topic
}

/** 0: it may be published; else the reason code. */
function refusalOf(connection: Connection, buffer: Uint8Array, view: PublishView, topic: TopicEntry): number {
  const { gateway, permissions } = connection
  if (topic.isReserved || (permissions !== undefined && !permissions.mayPublish(topic)))
    return REASON.notAuthorized
  if (view.payloadFormat === 1 && !isUtf8(buffer, view.payloadFrom, view.payloadTo)) {
    return REASON.payloadFormatInvalid
  }
  return gateway.writable ? 0 : REASON.quotaExceeded
}

function append(connection: Connection, topic: TopicEntry, buffer: Uint8Array, view: PublishView): void {
  const { gateway, publisherPart } = connection
  const target = gateway.appends.messages(topic.partition)
  let properties = buffer
  let propertiesFrom = view.propertiesFrom
  let propertiesTo = view.propertiesTo
  if (!view.hasForwardedProperties) propertiesTo = propertiesFrom
  else if (!view.onlyForwardedProperties) {
    const writer = gateway.properties.reset()
    forwardProperties(buffer, view, writer)
    properties = writer.buffer
    propertiesFrom = 0
    propertiesTo = writer.position
  }
  const expiry = view.messageExpiryInterval
  const { batch } = target
  // The name from the packet, if it is there: copies from one array are faster than from two.
  const byAlias = view.topicFrom === view.topicTo
  const at = batch.addMessage(
    byAlias ? topic.bytes : buffer,
    byAlias ? 0 : view.topicFrom,
    byAlias ? topic.bytes.length : view.topicTo,
    buffer,
    view.payloadFrom,
    view.payloadTo,
    metadataKey,
    metadataLength(publisherPart.length, expiry, propertiesTo - propertiesFrom),
  )
  const flags = view.retain ? view.qos | retainFlag : view.qos
  writeMetadata(batch.scratch, at, flags, publisherPart, expiry, properties, propertiesFrom, propertiesTo)
  const turn = gateway.turns.current
  connection.lastTurn = connection.lastPublishTurn = turn.number
  if (view.qos > 0) {
    turn.add(connection, view.qos === 1 ? PACKET.puback : PACKET.pubrec, view.packetId, 0, target.number)
    gateway.appends.awaited(target)
  }
}
