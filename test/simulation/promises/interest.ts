// Which subscriptions of a session concern a topic: looked up once per topic, as there are far more messages than topics.
import { filterMatches } from '#libs/mqtt'
import type { Message, SessionView, SubscriptionView } from '../ledger/ledger.js'

export class Interest {
  readonly session: SessionView
  readonly #byTopic = new Map<string, readonly SubscriptionView[]>()

  constructor(session: SessionView) {
    this.session = session
  }

  /** All that ever were. */
  readonly views = (topic: string): readonly SubscriptionView[] => {
    let views = this.#byTopic.get(topic)
    if (views === undefined) {
      views = this.session.subscriptions.filter(({ filter }) => filterMatches(filter, topic))
      this.#byTopic.set(topic, views)
    }
    return views
  }

  /** A subscription that was acknowledged before the message was sent, and lives: it must have got it. */
  mustGet(message: Message, qosMin = 1): SubscriptionView | undefined {
    const takes = (view: SubscriptionView): boolean => {
      const { closed, replacedBy, qos, noLocal } = view
      if (qos < qosMin || (noLocal && message.publisher === this.session.clientId)) return false
      return closed === undefined || (replacedBy !== undefined && takes(replacedBy))
    }
    return this.views(message.topic).find(
      (view) => view.acknowledged !== undefined && view.acknowledged < message.firstSent && takes(view),
    )
  }

  /** It had unsubscribed from all that concerns the message before that was sent. */
  isOver(message: Message): boolean {
    const isOver = (view: SubscriptionView): boolean =>
      view.ended !== undefined && view.ended < message.firstSent
    const views = this.views(message.topic)
    return views.length > 0 && views.every(isOver)
  }
}

/** Still there at the end: never ended, and its client is connected with it. */
export const isFinal = (session: SessionView): boolean => session.ended === undefined

export const nameOf = ({ id, topic, qos, publisher }: Message): string =>
  `m${String(id)} (${topic}, QoS ${String(qos)}, from ${publisher})`
