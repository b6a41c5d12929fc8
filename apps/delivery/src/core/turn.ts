// One batch being worked through: what every transition needs to know. Without an outbox it is a replay, which sends nothing.
import type { Millis } from '#libs/base'
import { REASON } from '#libs/mqtt'
import type { Outcome } from '#libs/service'
import type { Address } from '#libs/topics'
import type { DeliveryFact } from './facts.js'
import type { Group } from './group.js'
import { Outbox } from './outbox.js'
import type { Queue } from './queue.js'
import {
  newDeliveryCounters,
  type DeliveryCounters,
  type DeliveryLimits,
  type DeliverySettings,
} from './settings.js'
import type { DeliveryState } from './state.js'

export interface Turn {
  readonly state: DeliveryState
  readonly settings: DeliverySettings
  readonly limits: DeliveryLimits
  /** Those of the settings, or some that nobody reads while replaying. */
  readonly counters: DeliveryCounters
  readonly outbox: Outbox | undefined
  /** The append time of the batch: the same in a replay. */
  readonly now: Millis
  /** Of the record that is being read. */
  offset: number
  /** Queues and groups that may have something to send. */
  readonly ready: (Queue | Group)[]
  /** Something was published or handed over, which a repetition must not do again. */
  published: boolean
  /** What is to be told all matchers and group owners, packed. */
  readonly displaced: { readonly isOver: boolean; readonly addresses: Address[] }[]
}

const unread = newDeliveryCounters()

/** A turn over a batch; without an outcome a replay. */
export function newTurn(
  state: DeliveryState,
  settings: DeliverySettings,
  now: Millis,
  outcome?: Outcome<DeliveryFact>,
): Turn {
  return {
    state,
    settings,
    limits: limitsAt(state, state.position) ?? settings.limits,
    counters: outcome === undefined ? unread : settings.counters,
    outbox: outcome === undefined ? undefined : new Outbox(outcome, state.placement.partition),
    now,
    offset: state.position,
    ready: [],
    published: false,
    displaced: [],
  }
}

/** Those that held when this offset was first read. */
function limitsAt(state: DeliveryState, offset: number): DeliveryLimits | undefined {
  return state.base.limits.findLast((one) => one.offset <= offset)?.limits
}

/** Notes that the record changes the queue or group; false when its facts are younger than the record, which is then not for it. */
export function change(turn: Turn, what: Queue | Group): boolean {
  if (turn.offset < what.factsFrom) return false
  if (what.changedFrom < 0) {
    what.changedFrom = turn.offset
    what.changedBytes = turn.state.inboxBytes
    turn.state.changed.offer(what)
  }
  if (!what.unsaved) {
    what.unsaved = true
    turn.state.unsaved.push(what)
  }
  return true
}

export function makeReady(turn: Turn, what: Queue | Group): void {
  if (what.ready) return
  what.ready = true
  turn.ready.push(what)
}

/** Messages that were acknowledged to their publishers are never dropped without a word. */
export function noteExpired(turn: Turn, clientId: string, birth: number, count: number): void {
  if (count === 0) return
  turn.counters.droppedExpired += count
  turn.outbox?.note(clientId, birth, 'messagesExpired', String(count))
}

/** A gateway will not send a message: its reason code says that it was too large for the client; if not, it had expired. */
export function noteDropped(turn: Turn, clientId: string, birth: number, reasonCode: number): void {
  if (reasonCode === REASON.packetTooLarge) turn.counters.droppedTooLarge++
  else noteExpired(turn, clientId, birth, 1)
}

export function fact(turn: Turn, given: DeliveryFact): void {
  turn.outbox?.outcome.fact(given)
}
