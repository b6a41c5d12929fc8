// Nothing that was acknowledged is missing; nothing comes twice that must not; what one connection published on a topic comes in order.
import type { Ledger, Message, Receipt } from '../ledger/ledger.js'
import { Interest, isFinal, nameOf } from './interest.js'

export function judgeReceipts(ledger: Ledger): void {
  const received = lastAcknowledgedPerConnection(ledger)
  for (const session of ledger.sessions) {
    const interest = new Interest(session)
    const live = session.receipts.filter(({ retain }) => !retain)
    judgeDuplicates(ledger, interest, live)
    judgeOrder(ledger, interest, live)
    if (!session.inherits) judgeTooEarly(ledger, interest, live)
    if (!session.inherits) judgeTooLate(ledger, interest, live)
    if (isFinal(session)) judgeLoss(ledger, interest, live, received)
  }
}

const isOfGroup = (message: Message): boolean => message.topic.startsWith('g/')

/** PUBACK and SUBACK are promises. */
function judgeLoss(
  ledger: Ledger,
  interest: Interest,
  live: readonly Receipt[],
  received: ReadonlyMap<number, number>,
): void {
  const { session } = interest
  const got = new Set(live.map(({ message }) => message))
  for (const message of ledger.messages) {
    if (message.will || message.clears || isOfGroup(message) || got.has(message)) continue
    if (
      message.qos > 0 ? message.acknowledged === undefined : session.kept || !isReceived(message, received)
    ) {
      continue
    }
    if (message.qos === 0 && ledger.mayHaveBeenRefused(message)) continue
    const view = interest.mustGet(message, message.qos > 0 ? 1 : 0)
    if (view === undefined) continue
    ledger.violated(
      `${session.clientId} never got ${nameOf(message)}, though it had subscribed to ${view.filter}`,
    )
  }
}

/** A message of QoS 0 has certainly arrived at the broker if a later one of its connection was acknowledged on it. */
const isReceived = (message: Message, received: ReadonlyMap<number, number>): boolean =>
  message.firstSent < (received.get(message.connection.number) ?? -1)

function lastAcknowledgedPerConnection({ messages }: Ledger): Map<number, number> {
  const last = new Map<number, number>()
  for (const { qos, acknowledged, sends, connection, firstSent, will } of messages) {
    if (will || qos === 0 || acknowledged === undefined || sends > 1) continue
    last.set(connection.number, Math.max(firstSent, last.get(connection.number) ?? -1))
  }
  return last
}

/** A subscription is for what is published behind it: on its own connection, and whatever was acknowledged before it was asked for. */
function judgeTooEarly(ledger: Ledger, { session, views }: Interest, live: readonly Receipt[]): void {
  const seen = new Set<Message>()
  for (const { message, connection } of live) {
    if (seen.has(message) || message.will || isOfGroup(message)) continue
    seen.add(message)
    const since = Math.min(...views(message.topic).map(({ sent }) => sent))
    // What a kept client publishes may go through its delivery owner, and come behind its SUBSCRIBE.
    const isOwn = message.connection === connection && !session.kept
    const before = isOwn ? message.firstSent : message.acknowledged
    if (before === undefined || before > since || message.sends > 1) continue
    ledger.violated(`${session.clientId} got ${nameOf(message)}, which came before its subscription`)
  }
}

/** [MQTT-3.10.4-2] What was published behind UNSUBACK does not come any more. */
function judgeTooLate(ledger: Ledger, interest: Interest, live: readonly Receipt[]): void {
  for (const { message } of live) {
    if (message.will || !interest.isOver(message)) continue
    ledger.violated(`${interest.session.clientId} got ${nameOf(message)}, and had unsubscribed before`)
  }
}

function judgeDuplicates(ledger: Ledger, interest: Interest, live: readonly Receipt[]): void {
  const { session } = interest
  const counts = new Map<Message, number>()
  const fresh = new Map<string, number>()
  for (const { message, dup, connection } of live) {
    const count = (counts.get(message) ?? 0) + 1
    counts.set(message, count)
    const views = interest.views(message.topic)
    const isExact =
      message.qos === 2 && views.length > 0 && !session.inherits && views.every(({ qos }) => qos === 2)
    if (count > 1 && (isExact || message.qos === 0)) {
      ledger.violated(`${session.clientId} got ${nameOf(message)} twice`)
    }
    if (dup || message.qos === 2 || isOfGroup(message)) continue
    const key = `${String(message.id)} ${String(connection.number)}`
    const times = (fresh.get(key) ?? 0) + 1
    fresh.set(key, times)
    if (times > Math.max(1, message.sends)) {
      ledger.violated(
        `${session.clientId} got ${nameOf(message)} ${String(times)} times on one connection as a new one`,
      )
    }
  }
}

/** The first receipts of what one connection published on one topic come in the order of sending. */
function judgeOrder(ledger: Ledger, interest: Interest, live: readonly Receipt[]): void {
  const { session } = interest
  const last = new Map<string, Message>()
  const seen = new Set<Message>()
  for (const { message } of live) {
    if (seen.has(message) || isOfGroup(message)) continue
    seen.add(message)
    if (message.will) continue
    const key = `${String(message.connection.number)} ${message.topic}`
    const before = last.get(key)
    // Of a message that was sent again the first copy may have come before its receiver subscribed.
    const mustCome =
      message.sends === 1 || (interest.mustGet(message) !== undefined && !ledger.mayHaveBeenRefused(message))
    // Its first copy may have come over a later connection, while the first one's gateway stood still with what was sent before it.
    const hasOvertaken = before !== undefined && before.sends > 1 && ledger.severalGateways
    if (before !== undefined && before.firstSent > message.firstSent && mustCome && !hasOvertaken) {
      ledger.violated(`${session.clientId} got ${nameOf(message)} after ${nameOf(before)}`)
    }
    last.set(key, message)
  }
}
