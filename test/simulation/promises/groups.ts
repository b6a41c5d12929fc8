// A message for a group goes to one member: none that was acknowledged is lost while somebody stays, none of QoS 2 comes to two.
import type { Ledger, Message, SessionView, SubscriptionView } from '../ledger/ledger.js'
import { Interest, isFinal, nameOf } from './interest.js'

export function judgeGroups(ledger: Ledger): void {
  const names = new Set(ledger.sessions.flatMap(({ subscriptions }) => subscriptions.map(nameOfGroup)))
  names.delete('')
  for (const name of names) {
    const isIn = ({ subscriptions }: SessionView): boolean =>
      subscriptions.some((view) => nameOfGroup(view) === name)
    const clientIds = new Set(ledger.sessions.filter(isIn).map(({ clientId }) => clientId))
    // A client that has forgotten its session may find it there all the same, and be in the group without knowing.
    judgeGroup(
      ledger,
      name,
      ledger.sessions.filter(
        (session) => isIn(session) || (session.inherits && clientIds.has(session.clientId)),
      ),
    )
  }
}

const nameOfGroup = ({ share }: SubscriptionView): string => share ?? ''

function judgeGroup(ledger: Ledger, name: string, sessions: readonly SessionView[]): void {
  const counts = new Map<Message, number>()
  const lastOwners = new Map<Message, string>()
  for (const { receipts, clientId, inherits } of sessions) {
    for (const { message } of receipts) {
      // To one that has forgotten what it had of QoS 2 it is sent again, as it should be.
      const isAgain = inherits && lastOwners.get(message) === clientId
      lastOwners.set(message, clientId)
      if (!isAgain) counts.set(message, (counts.get(message) ?? 0) + 1)
    }
  }
  const final = sessions.filter(isFinal).map((session) => new Interest(session))
  // What of QoS 2 was handed to a member ends with its session.
  const allLive = sessions.every((session) => session.kept && isFinal(session))
  for (const message of ledger.messages) {
    if (!message.topic.startsWith('g/')) continue
    const count = counts.get(message) ?? 0
    if (message.qos === 2 && count > 1)
      ledger.violated(`the group ${name} got ${nameOf(message)} ${String(count)} times`)
    if (count > 0 || message.qos === 0 || message.acknowledged === undefined) continue
    if (message.qos === 2 && !allLive) continue
    if (final.some((interest) => interest.mustGet(message) !== undefined)) {
      ledger.violated(`the group ${name} never got ${nameOf(message)}`)
    }
  }
}
