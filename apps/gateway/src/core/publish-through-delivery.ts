// Publishes of a kept session that uses QoS 2: they go to the session's delivery owner, which remembers received packet ids as facts
// and passes the messages on in order. Its answer is PublishStored (on-inbox.ts).
import { forwardProperties } from '#libs/mqtt'
import type { PublishView } from '#libs/mqtt'
import { catalogue, deliveryRecord } from '#libs/topics'
import type { Connection } from './connection.js'
import type { TopicEntry } from './topic-cache.js'

export function publishThroughDelivery(
  connection: Connection,
  topic: TopicEntry,
  buffer: Uint8Array,
  view: PublishView,
): void {
  const { gateway, clientId, birth } = connection
  const properties = gateway.properties.reset()
  if (view.hasForwardedProperties) forwardProperties(buffer, view, properties)
  deliveryRecord.write(gateway.appends.value(), {
    kind: 'Publish',
    session: { clientId, birth },
    address: connection.address,
    packetId: view.packetId,
    message: {
      topic: topic.text,
      payload: buffer.subarray(view.payloadFrom, view.payloadTo),
      qos: view.qos,
      retain: view.retain,
      expirySeconds: view.messageExpiryInterval < 0 ? undefined : view.messageExpiryInterval,
      properties: properties.view(),
    },
  })
  gateway.appends.send(catalogue.deliveryInbox, gateway.partitionOfClient(clientId), clientId)
  connection.appended()
  connection.lastPublishTurn = connection.lastTurn
  if (view.qos > 0) connection.owedByDelivery++
}
