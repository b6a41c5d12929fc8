// A will fires once, when its connection ended without good-bye; not at all when the client said so or came back in time; and what the
// client publishes on its next connection comes after it.
import type { ConnectionView, Ledger, Message, Receipt } from '../ledger/ledger.js'
import { nameOf } from './interest.js'

/** What the broker may take to learn of an end, to start again, and to look at its clock. */
const slackMicros = 4_000_000

export function judgeWills(ledger: Ledger): void {
  const watcher = ledger.sessions.filter(
    ({ clientId, ended }) => clientId === 'watcher' && ended === undefined,
  )
  const receipts = watcher.flatMap(({ receipts: all }) => all)
  const fired = new Map<Message, number>()
  for (const { message } of receipts) if (message.will) fired.set(message, (fired.get(message) ?? 0) + 1)
  for (const connection of ledger.connections) {
    if (connection.will === undefined) continue
    const count = fired.get(connection.will) ?? 0
    const wanted = wantedOf(ledger, connection)
    if (count > 1) ledger.violated(`the will ${nameOf(connection.will)} fired ${String(count)} times`)
    if (wanted === 'once' && count === 0)
      ledger.violated(`the will ${nameOf(connection.will)} never fired (${describe(connection)})`)
    if (wanted === 'never' && count > 0)
      ledger.violated(`the will ${nameOf(connection.will)} fired, and should not (${describe(connection)})`)
  }
  judgeOrder(ledger, receipts)
}

/** Wills that waited for their delay, and fired. */
export function lateWillsOf({ sessions }: Ledger): number {
  const receipts = sessions
    .filter(({ clientId }) => clientId === 'watcher')
    .flatMap((session) => session.receipts)
  return receipts.filter(({ message }) => message.will && message.connection.willDelaySeconds > 0).length
}

const describe = ({ end, willDelaySeconds, cleanStart }: ConnectionView): string =>
  `${end ?? 'connected'}, delay ${String(willDelaySeconds)} s${cleanStart ? ', clean start' : ''}`

function wantedOf(ledger: Ledger, connection: ConnectionView): 'once' | 'never' | 'either' {
  const { end, acceptedMicros, endMicros, willDelaySeconds } = connection
  if (acceptedMicros === undefined) return 'either'
  if (end === undefined) return 'never'
  if (end === 'leaving')
    return diedSoonAfter(ledger, endMicros) || isTakenOverSoon(ledger, connection) ? 'either' : 'never'
  if (willDelaySeconds === 0) return 'once'
  const next = ledger.connections.find(
    ({ clientId, number }) => clientId === connection.clientId && number > connection.number,
  )
  if (next === undefined) return 'once'
  const dueMicros = connection.endKnownMicros + willDelaySeconds * 1_000_000
  return next.begunMicros > dueMicros + slackMicros ? 'once' : 'either'
}

/** A DISCONNECT may have died with the process that it was on its way to. */
const diedSoonAfter = ({ crashes }: Ledger, micros: number): boolean =>
  crashes.some((crash) => crash >= micros - 1_000_000 && crash < micros + slackMicros)

/** A DISCONNECT on a slow network may come after the client's next CONNECT. */
const isTakenOverSoon = ({ connections }: Ledger, { clientId, number, endMicros }: ConnectionView): boolean =>
  connections.some(
    (other) =>
      other.clientId === clientId && other.number > number && other.begunMicros < endMicros + slackMicros,
  )

/** A will comes before all that its client first sent on a later connection. */
function judgeOrder(ledger: Ledger, receipts: readonly Receipt[]): void {
  const newest = new Map<string, Message>()
  const seen = new Set<Message>()
  for (const { message } of receipts) {
    if (seen.has(message)) continue
    seen.add(message)
    const { publisher, connection, will } = message
    const before = newest.get(publisher)
    if (
      will &&
      connection.acceptedMicros !== undefined &&
      before !== undefined &&
      before.connection.number > connection.number
    ) {
      ledger.violated(
        `the will ${nameOf(message)} came after ${nameOf(before)}, which its client sent on a later connection`,
      )
    }
    if (!will && (before === undefined || before.connection.number < connection.number))
      newest.set(publisher, message)
  }
}
