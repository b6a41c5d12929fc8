// What a new subscriber finds retained: on each topic the last message that counts, or nothing where it was cleared.
import type { Peer } from '../client/peer.js'
import type { Ledger, Message } from '../ledger/ledger.js'
import { nameOf } from './interest.js'

export function judgeRetained(ledger: Ledger, probe: Peer): void {
  const found = new Map<string, Message>()
  for (const { message, retain } of probe.session?.receipts ?? []) {
    if (!retain) continue
    if (found.has(message.topic)) ledger.violated(`two messages are retained on ${message.topic}`)
    found.set(message.topic, message)
  }
  const byTopic = new Map<string, Message[]>()
  for (const message of ledger.messages) {
    if (!message.retain) continue
    const all = byTopic.get(message.topic)
    if (all === undefined) byTopic.set(message.topic, [message])
    else all.push(message)
  }
  for (const [topic, all] of byTopic) {
    const allowed = all.filter((message) => !isReplaced(ledger, message, all))
    const message = found.get(topic)
    const isRight =
      message === undefined
        ? allowed.some(({ clears }) => clears) || all.every(({ acknowledged }) => acknowledged === undefined)
        : allowed.includes(message)
    if (isRight) continue
    const may = allowed.map((one) => `${nameOf(one)}${one.clears ? ' clearing' : ''}`).join(' or ')
    ledger.violated(
      `${topic} retains ${message === undefined ? 'nothing' : nameOf(message)} instead of ${may}`,
    )
  }
}

/** Another one was sent after its last sending, and acknowledged. */
const isReplaced = (ledger: Ledger, message: Message, all: readonly Message[]): boolean =>
  all.some(
    ({ firstSent, acknowledged, connection }) =>
      acknowledged !== undefined &&
      firstSent > message.lastSent &&
      (connection === message.connection || !mayComeLate(ledger, message)),
  )

/** A copy may still be with a gateway that stood still, and come behind what its client sent over a later connection. */
const mayComeLate = ({ severalGateways }: Ledger, { sends, acknowledged }: Message): boolean =>
  severalGateways && (sends > 1 || acknowledged === undefined)
