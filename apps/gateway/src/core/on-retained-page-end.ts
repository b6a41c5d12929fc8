// Retained messages come in pages: the next is asked for when what came before has left for the client.
import { catalogue, subscriptionRecord } from '#libs/topics'
import type { GatewayRecord } from '#libs/topics'
import type { Connection } from './connection.js'

export type RetainedPageEnd = Extract<GatewayRecord, { readonly kind: 'RetainedPageEnd' }>

export function onRetainedPageEnd(connection: Connection, page: RetainedPageEnd): void {
  if (page.after === undefined || !connection.isReading) return
  if (connection.isFlowing && !connection.isSocketFull(0)) askForNext(connection, page)
  else (connection.pages ??= []).push(page)
}

/** What waited for this client is gone: asks for the pages that follow. */
export function askForPages(connection: Connection): void {
  const pages = connection.pages ?? []
  connection.pages = null
  for (const page of pages) askForNext(connection, page)
}

function askForNext(connection: Connection, { partition, filter, after }: RetainedPageEnd): void {
  const { gateway, clientId, birth, kept } = connection
  const subscription = connection.subscriptions?.get(filter)
  // Unsubscribed in the meantime: nothing more is wanted.
  if (subscription === undefined || after === undefined) return
  subscriptionRecord.write(gateway.appends.value(), {
    kind: 'NextRetained',
    address: connection.address,
    session: { clientId, birth },
    kept,
    filter,
    qos: subscription % 4,
    subscriptionId: Math.floor(subscription / 4),
    after,
  })
  gateway.appends.send(catalogue.subscriptionInbox, partition, clientId)
  connection.appended()
}
