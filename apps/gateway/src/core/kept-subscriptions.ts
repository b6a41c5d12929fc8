// What a session that goes on was subscribed to before: asked at its first SUBSCRIBE of all who may keep it, so that the limit counts it.
import { catalogue, deliveryRecord, subscriptionRecord } from '#libs/topics'
import type { GatewayRecord } from '#libs/topics'
import type { Connection } from './connection.js'

type Listed = Extract<GatewayRecord, { readonly kind: 'SubscriptionsListed' }>

/** False: reading stops until all have told. */
export function knowsSubscriptions(connection: Connection): boolean {
  if (connection.listsOwed === 0) return true
  connection.stalled = true
  if (connection.listsOwed === NOT_ASKED) ask(connection)
  return false
}

/** In the place of the number of those who have not told yet. */
export const NOT_ASKED = -1

function ask(connection: Connection): void {
  const { gateway, address, clientId, birth } = connection
  const { topicPartitions, clientPartitions } = gateway.settings
  const { appends } = gateway
  const record = { kind: 'ListSubscriptions', address, session: { clientId, birth } } as const
  for (let partition = 0; partition < topicPartitions; partition++) {
    subscriptionRecord.write(appends.value(), record)
    appends.send(catalogue.subscriptionInbox, partition, clientId)
  }
  for (let partition = 0; partition < clientPartitions; partition++) {
    deliveryRecord.write(appends.value(), record)
    appends.send(catalogue.deliveryInbox, partition, clientId)
  }
  connection.listsOwed = topicPartitions + clientPartitions
  connection.appended()
}

export function onSubscriptionsListed(connection: Connection, { filters, isLast }: Listed): void {
  // A repetition: everybody has told.
  if (connection.listsOwed <= 0) return
  const subscriptions = (connection.subscriptions ??= new Map<string, number>())
  for (const filter of filters) subscriptions.set(filter, 0)
  if (isLast && --connection.listsOwed === 0) connection.goOn()
}
