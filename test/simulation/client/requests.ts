// What a client has asked for and not been told yet, and how that changes what it believes to be subscribed to.
import { parseFilter, type QoS } from '#libs/mqtt'
import type { FilterView, Message, Moment, SessionView, SubscriptionView } from '../ledger/ledger.js'

/** A publish that is not done. */
export interface Outgoing {
  readonly message: Message
  released: boolean
}

export type Request =
  | { readonly kind: 'subscribe'; readonly views: readonly SubscriptionView[] }
  | { readonly kind: 'unsubscribe'; readonly views: readonly FilterView[]; readonly sent: Moment }

/** A subscription that is asked for now. */
export function viewOf(
  text: string,
  { qos, noLocal, sent }: { readonly qos: QoS; readonly noLocal: boolean; readonly sent: Moment },
): SubscriptionView {
  const { shareName, filter } = parseFilter(text)
  return {
    filter,
    share: shareName,
    qos,
    // [MQTT-3.8.3-4]
    noLocal: noLocal && shareName === undefined,
    sent,
    acknowledged: undefined,
    closed: undefined,
    replacedBy: undefined,
    ended: undefined,
  }
}

/** UNSUBACK came: what was asked for before that UNSUBSCRIBE is over. */
export function end(
  session: SessionView,
  { views, sent }: Extract<Request, { readonly kind: 'unsubscribe' }>,
  moment: Moment,
): void {
  for (const view of session.subscriptions) {
    if (view.closed === undefined || view.closed > sent) continue
    if (views.some(({ filter, share }) => filter === view.filter && share === view.share))
      view.ended ??= moment
  }
}

/** What it had subscribed to with this filter is so no more. */
export function close(
  session: SessionView,
  { filter, share }: FilterView,
  moment: Moment,
  replacedBy?: SubscriptionView,
): void {
  for (const view of session.subscriptions) {
    if (view.filter !== filter || view.share !== share || view.closed !== undefined) continue
    view.closed = moment
    view.replacedBy = replacedBy
  }
}
