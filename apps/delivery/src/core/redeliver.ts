// The coming and going of a kept session's client. Whoever comes back gets what it has not acknowledged again, under the same packet
// ids and in the same order, then what waits [MQTT-4.4.0-1], [MQTT-4.6.0-1].
import {
  endedStep,
  partitionOfClient,
  pubackStep,
  type Address,
  type ClientLimits,
  type SessionIdentity,
} from '#libs/topics'
import { memberOffline, memberOnline } from './group-members.js'
import { fetch } from './projection.js'
import { markQos, markReleased, markSent, labelIn } from './line.js'
import { Queue } from './queue.js'
import { gatewayOf, takeOrphans } from './state.js'
import { change, fact, makeReady, noteExpired, type Turn } from './turn.js'
import { windowOf } from './window.js'

export function sessionOnline(
  turn: Turn,
  session: SessionIdentity,
  address: Address,
  limits: ClientLimits,
): void {
  const { state } = turn
  memberOnline(turn, session, address)
  const { partition, clientPartitions } = state.placement
  if (partitionOfClient(session.clientId, clientPartitions) !== partition) return
  let queue = state.queues.get(session.birth)
  if (queue === undefined) {
    queue = new Queue(session.clientId, session.birth)
    queue.facts = takeOrphans(state, 'session', session.birth)
    state.queues.set(session.birth, queue)
  }
  if (!change(turn, queue)) return
  queue.online = {
    gateway: gatewayOf(state, address.gateway),
    incarnation: address.incarnation,
    connection: address.connection,
  }
  queue.windowMax = windowOf(turn.limits, limits)
  queue.line.rewind()
  makeReady(turn, queue)
}

export function sessionOffline(turn: Turn, session: SessionIdentity, address: Address): void {
  memberOffline(turn, session, address)
  const queue = turn.state.queues.get(session.birth)
  if (queue === undefined || !isAt(queue, address) || !change(turn, queue)) return
  queue.online = undefined
  turn.counters.droppedOffline += dropQos0(queue)
}

export function isAt(queue: Queue, address: Address): boolean {
  const { online } = queue
  return (
    online !== undefined &&
    online.connection === address.connection &&
    online.incarnation === address.incarnation &&
    online.gateway.name === address.gateway
  )
}

/** QoS 0 is for clients that are there. */
function dropQos0(queue: Queue): number {
  const { line } = queue
  let dropped = 0
  for (let position = line.tail - 1; position >= line.head && line.length > 0; position--) {
    if (line.isHole(position) || (line.marksAt(position) & markQos) !== 0) continue
    line.remove(position)
    dropped++
  }
  return dropped
}

export function endSession(turn: Turn, session: SessionIdentity): void {
  const queue = turn.state.queues.get(session.birth)
  if (queue === undefined || turn.offset < queue.factsFrom) return
  queue.ended = true
  if (queue.stored !== undefined) turn.state.endedSessions.push(session)
  turn.state.queues.delete(session.birth)
  answerGroups(turn, queue)
  const left = queue.line.length - giveBackToGroups(turn, queue)
  turn.counters.droppedSessionEnded += left
  if (left > 0) turn.outbox?.note(queue.clientId, queue.birth, 'messagesEnded', String(left))
  if (queue.factsFrom >= 0) fact(turn, { kind: 'SessionEnded', birth: queue.birth })
  for (const number of queue.facts) {
    fact(turn, { kind: 'MessageForgotten', of: 'session', birth: queue.birth, number })
  }
  for (let position = queue.line.head; position < queue.line.tail; position++)
    queue.line.dropMessage(position)
}

/** QoS 1 of a group may go to another member [MQTT-4.8.2-4]; gives how many messages that are. */
function giveBackToGroups(turn: Turn, { line }: Queue): number {
  let count = 0
  for (let position = line.head; position < line.tail; position++) {
    const origin = line.messageAt(position)?.origin
    if (origin === undefined) continue
    turn.outbox?.answer(origin, endedStep)
    count++
  }
  return count
}

/** Groups hear which of their messages the queue is done with. */
export function answerGroups(turn: Turn, { line }: Queue): void {
  for (const origin of line.takeSettled()) turn.outbox?.answer(origin, pubackStep)
}

/** Sends what the client has room for. */
export function sendNow(turn: Turn, queue: Queue): void {
  noteExpired(turn, queue.clientId, queue.birth, queue.admit(turn.now))
  writeOut(turn, queue)
}

/** Sends what has been decided; stops where a message is not in memory. */
export function writeOut(turn: Turn, queue: Queue): void {
  const { line, online } = queue
  const { outbox, counters } = turn
  if (outbox === undefined || online === undefined) return queue.passWritten()
  while (line.written < line.live) {
    const position = line.written
    if (line.isHole(position)) {
      line.written++
      continue
    }
    const number = line.numberAt(position)
    const marks = line.marksAt(position)
    if ((marks & markReleased) !== 0) {
      outbox.release(online, number, labelIn(marks))
      line.written++
      continue
    }
    const message = line.messageAt(position)
    if (message?.bytes === undefined) return fetch(turn.state, queue, number)
    outbox.kept(online, number, marks, message, message.bytes)
    if ((marks & markSent) === 0) counters.sent++
    else counters.resent++
    line.written++
    if ((marks & markQos) === 0) line.remove(position)
    else line.mark(position, markSent)
  }
}
