// A message for a group goes to one member: none that was acknowledged is lost while somebody stays, none of QoS 2 comes to two.
import type { Ledger, Message, SessionView, SubscriptionView } from '../ledger/ledger.js'
import { Interest, isFinal, nameOf } from './interest.js'

export function judgeGroups(ledger: Ledger): void {
  const names = new Set(ledger.sessions.flatMap(({ subscriptions }) => subscriptions.map(nameOfGroup)))
  names.delete('')
  for (const name of names) {
    judgeGroup(
      ledger,
      name,
      ledger.sessions.filter(({ subscriptions }) => subscriptions.some((view) => nameOfGroup(view) === name)),
    )
  }
}

const nameOfGroup = ({ share }: SubscriptionView): string => share ?? ''

function judgeGroup(ledger: Ledger, name: string, sessions: readonly SessionView[]): void {
  const counts = new Map<Message, number>()
  for (const { receipts } of sessions) {
    for (const { message } of receipts) counts.set(message, (counts.get(message) ?? 0) + 1)
  }
  const final = sessions.filter(isFinal).map((session) => new Interest(session))
  // What of QoS 2 was handed to a clean member ends with its session.
  const onlyKept = sessions.every(({ kept }) => kept)
  for (const message of ledger.messages) {
    if (!message.topic.startsWith('g/')) continue
    const count = counts.get(message) ?? 0
    if (message.qos === 2 && count > 1)
      ledger.violated(`the group ${name} got ${nameOf(message)} ${String(count)} times`)
    if (count > 0 || message.qos === 0 || message.acknowledged === undefined) continue
    if (message.qos === 2 && !onlyKept) continue
    if (final.some((interest) => interest.mustGet(message) !== undefined)) {
      ledger.violated(`the group ${name} never got ${nameOf(message)}`)
    }
  }
}
