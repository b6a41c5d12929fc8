// The state of one partition of delivery. It is a function of the inbox: facts hold how it stood at some offset, the rest is replayed.
import { BoundedQueue, type Millis } from '#libs/base'
import type { Placement } from '#libs/service'
import { addressKey, type Address, type SessionIdentity } from '#libs/topics'
import type {
  BaseRow,
  DeliveryFact,
  DisplacedRow,
  GroupRow,
  Holder,
  KeptRow,
  SessionRowFact,
} from './facts.js'
import type { Group } from './group.js'
import type { Pinned } from './message.js'
import { GatewayTarget } from './outbox.js'
import { noFacts, type Queue } from './queue.js'

/** How far the routes had been seen when the inbox stood at `offset`: a point from which a replay may start. */
export interface Waypoint {
  readonly offset: number
  /** Bytes of the inbox read before it, counted since the restore. */
  readonly bytes: number
  readonly routes: readonly number[]
}

/** What was read from the state topic and not yet turned into queues. */
export interface Unsettled {
  readonly sessions: Map<number, SessionRowFact>
  readonly groups: Map<number, GroupRow>
  /** By birth, then number; births of sessions and of groups are different numbers. */
  readonly messages: Readonly<Record<Holder, Map<number, Map<number, KeptRow>>>>
}

export interface DeliveryState {
  readonly placement: Placement
  readonly queues: Map<number, Queue>
  readonly groups: Map<number, Group>
  readonly groupsByName: Map<string, Group[]>
  /** The groups in which a client is a member. */
  readonly memberships: Map<string, Set<Group>>
  readonly gateways: Map<string, GatewayTarget>
  /** By `addressKey`. */
  readonly displaced: Map<string, DisplacedRow & { readonly address: Address }>
  base: BaseRow
  /** Per partition of tbmq.msg.all: the highest offset that a run has brought, plus one. */
  routes: number[]
  /** Offset after the last batch that was read. */
  position: number
  /** Bytes of the inbox read since the restore. */
  inboxBytes: number
  /** What holds the start of the inbox: changed since its facts were written, the oldest change first. */
  readonly changed: BoundedQueue<Queue | Group>
  waypoints: Waypoint[]
  /** When to move the base in any case; undefined while it stands at the position. */
  moveDueMillis: Millis | undefined
  /** What was changed before so many bytes of the inbox had been read becomes facts at the next move. */
  moveBytes: number
  /** Undefined once the facts have been turned into queues. */
  unsettled: Unsettled | undefined
  /**
   * Numbers of messages that became facts before their queue had a row, by birth: a replay brings the queue back, and with it who has
   * to end those facts.
   */
  readonly orphans: Readonly<Record<Holder, Map<number, number[]>>>
  /** Batches whose messages may have to be copied out of them, the oldest first: not looked at yet, and those still in use then. */
  readonly pinned: BoundedQueue<Pinned>
  readonly pinnedLong: BoundedQueue<Pinned>
  /** Messages of the batch that is being read, once there are some. */
  brought: Pinned | undefined
  /** Changed since the last checkpoint of the store. */
  unsaved: (Queue | Group)[]
  /** Sessions that ended since, as far as the store knows them. */
  endedSessions: SessionIdentity[]
  /** Queues whose next messages have to be fetched from the store. */
  wanted: Queue[]
  /** The store has lost a message that memory no longer holds: only a restore from the log brings it back. */
  lost: boolean
}

/** Bounded by what it lists: each thing stands in it once. */
const endless = <T>(name: string): BoundedQueue<T> =>
  new BoundedQueue<T>({ name, maximum: Number.MAX_SAFE_INTEGER, whenFull: 'drop' })

export function emptyState(placement: Placement): DeliveryState {
  return {
    placement,
    queues: new Map(),
    groups: new Map(),
    groupsByName: new Map(),
    memberships: new Map(),
    gateways: new Map(),
    displaced: new Map(),
    base: { offset: 0, routes: [], limits: [] },
    routes: [],
    position: 0,
    inboxBytes: 0,
    changed: endless('changed'),
    waypoints: [],
    moveDueMillis: undefined,
    moveBytes: 0,
    unsettled: {
      sessions: new Map(),
      groups: new Map(),
      messages: { session: new Map(), group: new Map() },
    },
    orphans: { session: new Map(), group: new Map() },
    pinned: endless('pinned'),
    pinnedLong: endless('pinned long'),
    brought: undefined,
    unsaved: [],
    endedSessions: [],
    wanted: [],
    lost: false,
  }
}

/**
 * While restoring, collects the facts; `settle` makes queues of them. Later facts only tell what the transitions have already done to
 * the state, but for the base and for the connections that are displaced.
 */
export function applyDeliveryFact(state: DeliveryState, fact: DeliveryFact): void {
  if (fact.kind === 'BaseMoved') state.base = fact.base
  if (fact.kind === 'ConnectionDisplaced')
    state.displaced.set(addressKey(fact.address), { address: fact.address, ...fact.row })
  if (fact.kind === 'DisplacedForgotten') state.displaced.delete(addressKey(fact.address))
  const { unsettled } = state
  if (unsettled === undefined) return
  switch (fact.kind) {
    case 'SessionStood':
      unsettled.sessions.set(fact.row.birth, fact.row)
      break
    case 'SessionEnded':
      unsettled.sessions.delete(fact.birth)
      break
    case 'GroupStood':
      unsettled.groups.set(fact.row.birth, fact.row)
      break
    case 'GroupEnded':
      unsettled.groups.delete(fact.birth)
      break
    case 'MessageKept': {
      const byBirth = unsettled.messages[fact.of]
      const messages = byBirth.get(fact.birth)
      if (messages === undefined) byBirth.set(fact.birth, new Map([[fact.number, fact.row]]))
      else messages.set(fact.number, fact.row)
      break
    }
    case 'MessageForgotten':
      unsettled.messages[fact.of].get(fact.birth)?.delete(fact.number)
      break
    default:
  }
}

/** Facts of messages that a queue or group of this birth has without knowing. */
export function takeOrphans(state: DeliveryState, holder: Holder, birth: number): number[] {
  const numbers = state.orphans[holder].get(birth)
  if (numbers === undefined) return noFacts
  state.orphans[holder].delete(birth)
  return numbers
}

export function gatewayOf(state: DeliveryState, name: string): GatewayTarget {
  let target = state.gateways.get(name)
  if (target === undefined) state.gateways.set(name, (target = new GatewayTarget(name)))
  return target
}
