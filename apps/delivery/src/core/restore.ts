// From facts to queues: how sessions and groups stood at their offsets. What came later is replayed from the inbox.
import type { GroupRow, KeptRow, SessionRowFact } from './facts.js'
import { Group, type Member } from './group.js'
import { addGroup, remember } from './group-members.js'
import { markQos, markReleased, markSent, labelMark, type Line } from './line.js'
import { noIds, Pinned, QueuedMessage } from './message.js'
import { Queue } from './queue.js'
import { gatewayOf, type DeliveryState, type Unsettled } from './state.js'
import { packetIdOf } from './window.js'

/** Called when all facts have been read; does nothing the second time. */
export function settle(state: DeliveryState): void {
  const { unsettled } = state
  if (unsettled === undefined) return
  state.unsettled = undefined
  const { base } = state
  state.routes = [...base.routes]
  state.position = base.offset
  state.waypoints = [{ offset: base.offset, bytes: 0, routes: [...base.routes] }]
  setAside(state, unsettled)
  for (const row of unsettled.sessions.values()) {
    settleSession(state, row, unsettled.messages.session.get(row.birth) ?? new Map())
  }
  for (const row of unsettled.groups.values()) {
    settleGroup(state, row, unsettled.messages.group.get(row.birth) ?? new Map())
  }
  pinAll(state)
}

/** Facts without a row were written ahead of it. */
function setAside(state: DeliveryState, { messages, sessions, groups }: Unsettled): void {
  for (const [birth, rows] of messages.session) {
    if (!sessions.has(birth)) state.orphans.session.set(birth, inOrder(rows))
  }
  for (const [birth, rows] of messages.group) {
    if (!groups.has(birth)) state.orphans.group.set(birth, inOrder(rows))
  }
}

const inOrder = (messages: ReadonlyMap<number, KeptRow>): number[] =>
  [...messages.keys()].sort((a, b) => a - b)

function settleSession(
  state: DeliveryState,
  row: SessionRowFact,
  messages: ReadonlyMap<number, KeptRow>,
): void {
  const queue = new Queue(row.clientId, row.birth)
  queue.next = row.next
  queue.factsFrom = row.offset
  queue.windowMax = row.windowMax
  queue.overflowing = row.overflowing
  if (row.received.length > 0) queue.received = new Set(row.received)
  if (row.online !== undefined) {
    const { gateway, incarnation, connection } = row.online
    queue.online = { gateway: gatewayOf(state, gateway), incarnation, connection }
  }
  queue.facts = inOrder(messages)
  fill(queue.line, row, messages, new Set(row.released))
  queue.line.shift = row.passedOver?.shift ?? 0
  markPacketIds(queue.line, row)
  state.queues.set(row.birth, queue)
}

interface Standing {
  readonly next: number
  readonly live: number
  readonly sent: number
}

/** Messages in the order of their numbers. Facts of the row's future (written ahead of the next one) are left to the replay. */
function fill(
  line: Line,
  { next, live, sent }: Standing,
  messages: ReadonlyMap<number, KeptRow>,
  released: ReadonlySet<number>,
): void {
  const numbers = [...messages.keys(), ...released].filter((number) => number < next).sort((a, b) => a - b)
  let onTheirWay = 0
  for (const number of numbers) {
    if (released.has(number)) line.push(number, 2 | markSent | markReleased, undefined)
    else {
      const row = messages.get(number)
      if (row === undefined) continue
      const message = messageOf(row)
      line.push(number, row.marks | (number < sent ? markSent : 0), message)
    }
    if (number >= live) continue
    onTheirWay++
    if ((line.marksAt(line.tail - 1) & markQos) === 0) continue
    line.outstanding++
    line.outstandingBytes += line.messageAt(line.tail - 1)?.size ?? 0
  }
  line.live = line.written = line.head + onTheirWay
}

/** What is on its way, or was before, has its packet id. */
function markPacketIds(line: Line, { live, sent, passedOver }: SessionRowFact): void {
  const known = new Map(passedOver?.packetIds.map(({ number, packetId }) => [number, packetId]))
  for (let position = line.head; position < line.tail; position++) {
    const number = line.numberAt(position)
    if (number >= Math.max(live, sent)) return
    if ((line.marksAt(position) & markQos) === 0) continue
    line.mark(position, labelMark(known.get(number) ?? packetIdOf(number)))
  }
}

function messageOf({ bytes, from, to, tag, deadline, subscriptionIds, origin }: KeptRow): QueuedMessage {
  return new QueuedMessage(bytes, from, to, tag, deadline, subscriptionIds, origin)
}

/** The batches of facts are held by the messages in them; those of which little is needed are let go at the first tick. */
function pinAll(state: DeliveryState): void {
  const batches = new Map<Uint8Array, Pinned>()
  for (const { line } of [...state.queues.values(), ...state.groups.values()]) {
    for (let position = line.head; position < line.tail; position++) {
      const message = line.messageAt(position)
      if (message?.bytes === undefined) continue
      let batch = batches.get(message.bytes)
      if (batch === undefined) batches.set(message.bytes, (batch = new Pinned(message.bytes, 0, undefined)))
      message.pinIn(batch)
    }
  }
  for (const batch of batches.values()) state.pinnedLong.offer(batch)
}

function settleGroup(state: DeliveryState, row: GroupRow, messages: ReadonlyMap<number, KeptRow>): void {
  const group = new Group(row.share, row.filter, row.birth)
  group.next = row.next
  group.factsFrom = row.offset
  group.cursor = row.cursor
  group.overflowing = row.overflowing
  group.answers = [...row.answers]
  group.returned = [...row.returned]
  for (const partition of row.stored) group.stored.add(partition)
  group.facts = inOrder(messages)
  fill(group.line, { next: row.next, live: row.live, sent: 0 }, messages, new Set())
  addGroup(state, group)
  group.members.push(...row.members.map((member) => settleMember(state, member)))
  const former = row.former.map((member) => settleMember(state, member))
  const holders = [...group.members, ...former]
  for (const { session } of [...group.members, ...former.filter(({ kept }) => !kept)]) {
    remember(state, group, session.clientId)
  }
  for (const { number, holder } of row.handed) {
    const member = holders[holder]
    if (member === undefined) continue
    group.give(number, member)
  }
}

function settleMember(state: DeliveryState, row: GroupRow['members'][number]): Member {
  const { session, kept, address, qos, retainAsPublished, subscriptionId, windowMax } = row
  const online =
    address === undefined
      ? undefined
      : {
          gateway: gatewayOf(state, address.gateway),
          incarnation: address.incarnation,
          connection: address.connection,
        }
  const subscriptionIds = subscriptionId === 0 ? noIds : [subscriptionId]
  return { session, kept, online, qos, retainAsPublished, subscriptionIds, windowMax, inFlight: 0 }
}
