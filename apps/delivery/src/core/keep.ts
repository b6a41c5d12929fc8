// Lets the inbox be forgotten. What still lies in its oldest part when it has grown long becomes facts: how a session or group stands
// now, and its messages. From then on older records are not needed for it, and the base of a replay moves on.
import type { Millis } from '#libs/base'
import type { Batch } from '#libs/batch'
import { forgetDisplaced } from './displaced.js'
import type { GroupRow, Holder, KeptRow, SessionRowFact } from './facts.js'
import { Group, type Member } from './group.js'
import { addressOf, memberRowOf } from './group-members.js'
import { labelIn, markReleased, markSent, withoutLabel, type Line } from './line.js'
import type { QueuedMessage } from './message.js'
import { fetch } from './projection.js'
import { noFacts, type Queue } from './queue.js'
import type { DeliveryState } from './state.js'
import { fact, type Turn } from './turn.js'

/** Bytes of messages that one batch may write as facts: this part of the bound, or so many times its own, so that no commit is giant. */
const factPartOfBound = 256
const factTimesBatch = 4
/** Waypoints per bound of the inbox: how finely the base can move. */
const waypointsPerBound = 16

/** Called at the end of every batch, live or replayed. */
export function passBatch(state: DeliveryState, batch: Batch, inboxBytesMax: number): void {
  state.inboxBytes += batch.bytes.length
  state.position = batch.nextOffset
  const last = state.waypoints.at(-1)
  if (last !== undefined && state.inboxBytes - last.bytes < inboxBytesMax / waypointsPerBound) return
  state.waypoints.push({ offset: batch.nextOffset, bytes: state.inboxBytes, routes: [...state.routes] })
}

/** Writes facts for what holds the oldest part of a long inbox, then moves the base. */
export function moveOn(turn: Turn, batch: Batch): void {
  const { state, settings } = turn
  const bound = settings.inboxBytesMax / 2
  let budget = Math.max(settings.inboxBytesMax / factPartOfBound, factTimesBatch * batch.bytes.length)
  for (let what = state.changed.peek(); what !== undefined && budget > 0; what = state.changed.peek()) {
    if (!what.ended) {
      if (state.inboxBytes - what.changedBytes <= bound) break
      budget = writeMessages(turn, what, budget)
      if (budget <= 0) break
      stand(turn, what)
    }
    state.changed.take()
  }
  moveBase(turn)
}

/** A row costs about this much of a budget. */
const rowBytes = 128
/** A move that is too much for one commit, or waits for the store, goes on so soon. */
const goOnMillis = 50

/** Something lies between the base and the position: it will not stay there for longer than two periods. */
export function planMove({ state, settings }: Turn, now: Millis): void {
  state.moveDueMillis ??= now + settings.moveMillis
}

/** What has held the inbox for a whole period becomes facts, and the base moves behind it. */
export function moveInTime(turn: Turn): void {
  const { state, settings, now } = turn
  let budget = settings.inboxBytesMax / factPartOfBound
  for (let what = state.changed.peek(); what !== undefined; what = state.changed.peek()) {
    if (!what.ended) {
      if (what.changedBytes > state.moveBytes) break
      if (budget > 0) budget = writeMessages(turn, what, budget)
      if (budget <= 0) {
        state.moveDueMillis = now + goOnMillis
        return
      }
      stand(turn, what)
      budget -= rowBytes
    }
    state.changed.take()
  }
  state.moveBytes = state.inboxBytes
  if (state.waypoints.at(-1)?.offset !== state.position) {
    state.waypoints.push({ offset: state.position, bytes: state.inboxBytes, routes: [...state.routes] })
  }
  moveBase(turn)
  state.moveDueMillis = state.base.offset === state.position ? undefined : now + settings.moveMillis
}

function moveBase(turn: Turn): void {
  const { state } = turn
  const needed = state.changed.peek()?.changedFrom ?? state.position
  let index = -1
  while (index + 1 < state.waypoints.length && (state.waypoints[index + 1]?.offset ?? Infinity) <= needed)
    index++
  const waypoint = state.waypoints[index]
  if (waypoint === undefined || waypoint.offset <= state.base.offset) return
  state.waypoints.splice(0, index)
  const { offset, routes } = waypoint
  const limits = state.base.limits.filter((_, i) => (state.base.limits[i + 1]?.offset ?? Infinity) > offset)
  fact(turn, { kind: 'BaseMoved', base: { offset, routes, limits } })
  forgetDisplaced(turn, offset)
}

const holderOf = (what: Queue | Group): Holder => (what instanceof Group ? 'group' : 'session')

/**
 * Writes messages as facts that are none yet, oldest first, until the budget (bytes) is used up; gives what is left of it, 0 also when
 * the next message is only in the store: a later batch goes on with it.
 */
function writeMessages(turn: Turn, what: Queue | Group, budget: number): number {
  const { line, birth } = what
  const through = what.facts.at(-1) ?? 0
  let left = budget
  for (let position = line.firstFrom(through + 1); position < line.tail && left > 0; position++) {
    const number = line.numberAt(position)
    const message = line.messageAt(position)
    if (message === undefined) continue
    const marks = line.marksAt(position)
    const row = keptRowOf(message, what instanceof Group ? marks : withoutLabel(marks))
    if (row === undefined) {
      bringBack(turn, what, number)
      return 0
    }
    if (what.facts === noFacts) what.facts = []
    what.facts.push(number)
    fact(turn, { kind: 'MessageKept', of: holderOf(what), birth, number, row })
    turn.counters.keptAsFacts++
    left -= message.size + 32
  }
  return left
}

function bringBack(turn: Turn, what: Queue | Group, number: number): void {
  if (what instanceof Group) return
  what.wantsFacts = true
  fetch(turn.state, what, number)
}

function keptRowOf(message: QueuedMessage, marks: number): KeptRow | undefined {
  const { bytes, from, to, tag, deadline, subscriptionIds, origin } = message
  if (bytes === undefined) return undefined
  return {
    marks: marks & ~(markSent | markReleased),
    tag,
    deadline,
    subscriptionIds,
    origin,
    bytes,
    from,
    to,
  }
}

/** How it stands after this batch, and an end of the facts of messages that are done with. */
function stand(turn: Turn, what: Queue | Group): void {
  const { state } = turn
  const row = what instanceof Group ? groupRowOf(what, state.position) : undefined
  if (row !== undefined) fact(turn, { kind: 'GroupStood', row })
  else if (!(what instanceof Group))
    fact(turn, { kind: 'SessionStood', row: sessionRowOf(what, state.position) })
  const living = numbersOf(what.line)
  for (const number of what.facts) {
    if (!living.has(number))
      fact(turn, { kind: 'MessageForgotten', of: holderOf(what), birth: what.birth, number })
  }
  what.facts = living.size === 0 ? noFacts : what.facts.filter((number) => living.has(number))
  what.factsFrom = state.position
  what.changedFrom = -1
  if (!(what instanceof Group)) what.wantsFacts = false
}

function numbersOf(line: Line): Set<number> {
  const numbers = new Set<number>()
  for (let position = line.head; position < line.tail; position++) {
    if (line.messageAt(position) !== undefined) numbers.add(line.numberAt(position))
  }
  return numbers
}

function sessionRowOf(queue: Queue, offset: number): SessionRowFact {
  const { line } = queue
  const released: number[] = []
  const packetIds: { readonly number: number; readonly packetId: number }[] = []
  let sent = 0
  for (let position = line.head; position < line.tail; position++) {
    if (line.isHole(position)) continue
    const marks = line.marksAt(position)
    if ((marks & markSent) !== 0) sent = line.numberAt(position) + 1
    if ((marks & markReleased) !== 0) released.push(line.numberAt(position))
    const packetId = labelIn(marks)
    if (packetId !== 0) packetIds.push({ number: line.numberAt(position), packetId })
  }
  return {
    clientId: queue.clientId,
    birth: queue.birth,
    offset,
    next: queue.next,
    live: liveNumber(line, queue.next),
    sent,
    released,
    received: [...(queue.received ?? [])],
    online: queue.online === undefined ? undefined : addressOf(queue.online),
    windowMax: queue.windowMax,
    overflowing: queue.overflowing,
    passedOver: line.shift === 0 ? undefined : { shift: line.shift, packetIds },
  }
}

const liveNumber = (line: Line, next: number): number =>
  line.live < line.tail ? line.numberAt(line.live) : next

function groupRowOf(group: Group, offset: number): GroupRow {
  const { share, filter, birth, next, line, members, cursor, answers, overflowing } = group
  const holders: Member[] = [...members]
  const handed = [...group.owners].map(([number, member]) => {
    if (!holders.includes(member)) holders.push(member)
    return { number, holder: holders.indexOf(member) }
  })
  return {
    share,
    filter,
    birth,
    offset,
    next,
    live: liveNumber(line, next),
    members: members.map(memberRowOf),
    former: holders.slice(members.length).map(memberRowOf),
    cursor,
    stored: [...group.stored],
    answers,
    handed,
    returned: group.returned,
    overflowing,
  }
}
