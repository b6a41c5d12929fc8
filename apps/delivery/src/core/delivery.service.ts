// The delivery service: messages for sessions that outlive their connection, QoS 2 of such sessions, shared-subscription groups.
// Its state follows from its inbox; a replay runs the same transitions and sends nothing.
import { assert, ByteReader, unreachable, type Millis } from '#libs/base'
import { RecordCursor, type Batch } from '#libs/batch'
import type { Service } from '#libs/service'
import {
  AcknowledgeReader,
  acknowledgeRunKind,
  catalogue,
  deliveryRecord,
  messageRunKind,
  pubrecStep,
  droppedStep,
  endedStep,
  type DeliveryRecord,
} from '#libs/topics'
import { Arrivals } from './arrivals.js'
import { displaced, sendDisplaced, tellDisplaced } from './displaced.js'
import { deliveryFacts, type DeliveryFact } from './facts.js'
import { distribute, Group, groupAcknowledged } from './group.js'
import { endMemberships, groupStored, joinGroup, leaveGroup, listMemberships } from './group-members.js'
import { moveInTime, moveOn, passBatch, planMove } from './keep.js'
import { firstLookMillis, pin, unpin } from './memory.js'
import { publishOfSession, publishWill, releaseReceived } from './publish.js'
import { answerGroups, endSession, sendNow, sessionOffline, sessionOnline, writeOut } from './redeliver.js'
import { settle } from './restore.js'
import { deliverySettings, type DeliveryLimits, type DeliverySettings } from './settings.js'
import { applyDeliveryFact, emptyState, type DeliveryState } from './state.js'
import { change, fact, makeReady, newTurn, noteDropped, type Turn } from './turn.js'

/** The delivery service with these settings (what is not given is the default). */
export function deliveryService(given: Partial<DeliverySettings> = {}): Service<DeliveryState, DeliveryFact> {
  const settings = deliverySettings(given)
  const reading = new Reading()
  return {
    name: 'delivery',
    states: [catalogue.deliveries],
    inputs: [catalogue.deliveryInbox],
    facts: deliveryFacts,
    empty: emptyState,
    apply: applyDeliveryFact,
    decide(state, batch, _now, outcome) {
      settle(state)
      assert(
        !state.lost,
        'The store has lost messages that memory does not hold: they come back from the log.',
      )
      // The append time, not the clock: a replay must decide alike.
      const turn = newTurn(state, settings, batch.appendTime, outcome)
      reading.take(turn, batch)
      finish(turn, batch)
      if (turn.published) fact(turn, { kind: 'PublishedThrough', offset: state.position })
      moveOn(turn, batch)
      planMove(turn, batch.appendTime)
      sendDisplaced(turn)
      turn.outbox?.flush()
      settings.afterBatch(state)
    },
    tick(state, now, outcome) {
      unpin(state, now, settings.pinnedMillisMax)
      if (state.moveDueMillis !== undefined && state.moveDueMillis <= now) {
        settle(state)
        moveInTime(newTurn(state, settings, now, outcome))
      }
      return nextWake(state, settings)
    },
    nextWake: (state) => nextWake(state, settings),
    restored(state, now, outcome) {
      settle(state)
      const turn = newTurn(state, settings, now, outcome)
      restored(turn)
      if (state.base.offset < state.position) planMove(turn, now)
    },
    replayFrom(state) {
      settle(state)
      return state.base.offset
    },
    replay(state, batch) {
      settle(state)
      const turn = newTurn(state, settings, batch.appendTime)
      reading.take(turn, batch)
      finish(turn, batch)
    },
    keepFrom: (state) => state.base.offset,
  }
}

/** Queues and groups that the batch concerned send what they may, in the order in which it concerned them. */
function finish(turn: Turn, batch: Batch): void {
  for (const what of turn.ready) {
    what.ready = false
    if (what.ended) continue
    if (what instanceof Group) distribute(turn, what)
    else {
      sendNow(turn, what)
      answerGroups(turn, what)
    }
    if (what.overflowing && what.line.length * 2 < turn.limits.queueLengthMax) what.overflowing = false
  }
  pin(turn.state)
  passBatch(turn.state, batch, turn.settings.inboxBytesMax)
}

/** The first turn of a restored partition: new limits hold from here on, and what was on its way goes out again. */
function restored(turn: Turn): void {
  const { state, settings } = turn
  const { base } = state
  if (!sameLimits(base.limits.at(-1)?.limits, settings.limits)) {
    const limits = [...base.limits, { offset: state.position, limits: settings.limits }]
    fact(turn, { kind: 'BaseMoved', base: { ...base, limits } })
  }
  sendAllAgain(turn)
  turn.outbox?.flush()
}

const nextWake = (state: DeliveryState, settings: DeliverySettings): Millis | undefined => {
  const look = nextLook(state, settings)
  const { moveDueMillis: move } = state
  return look === undefined ? move : Math.min(look, move ?? look)
}

/** Not to the millisecond: one look for all batches of a while. */
function nextLook(state: DeliveryState, settings: DeliverySettings): Millis | undefined {
  const young = state.pinned.peek()
  if (young !== undefined) return young.since + 2 * firstLookMillis
  const old = state.pinnedLong.peek()
  return old === undefined ? undefined : old.since + settings.pinnedMillisMax + firstLookMillis
}

function sameLimits(a: DeliveryLimits | undefined, b: DeliveryLimits): boolean {
  return (
    a !== undefined &&
    a.queueLengthMax === b.queueLengthMax &&
    a.queueBytesMax === b.queueBytesMax &&
    a.whenFull === b.whenFull &&
    a.windowMax === b.windowMax &&
    a.windowOldMax === b.windowOldMax &&
    a.groupStrategy === b.groupStrategy
  )
}

/**
 * What was on its way when the partition was lost goes out again; a gateway drops what it already had, by number. Not so what groups
 * have handed to clean members: their numbers do not rise per connection, and a message of QoS 2 would come twice.
 */
function sendAllAgain(turn: Turn): void {
  for (const queue of turn.state.queues.values()) {
    if (queue.online === undefined) continue
    queue.line.written = queue.line.head
    writeOut(turn, queue)
  }
}

/** Reads batches of the inbox; its cursors are made once. */
class Reading {
  readonly #cursor = new RecordCursor()
  readonly #reader = new ByteReader(this.#cursor.bytes)
  readonly #acknowledgements = new AcknowledgeReader()
  readonly #arrivals = new Arrivals()

  take(turn: Turn, batch: Batch): void {
    const cursor = this.#cursor
    cursor.open(batch.bytes)
    while (cursor.next()) {
      if (cursor.valueFrom < 0) continue
      turn.offset = cursor.offset
      const kind = cursor.bytes[cursor.valueFrom]
      if (kind === messageRunKind) this.#arrivals.take(turn, batch, cursor.valueFrom, cursor.valueTo)
      else if (kind === acknowledgeRunKind) this.#acknowledge(turn, batch, cursor.valueFrom, cursor.valueTo)
      else {
        this.#reader.reset(cursor.bytes, cursor.valueFrom, cursor.valueTo)
        onRecord(turn, deliveryRecord.read(this.#reader))
      }
    }
  }

  #acknowledge(turn: Turn, batch: Batch, from: number, to: number): void {
    const run = this.#acknowledgements
    run.open(batch.bytes, from, to)
    while (run.next()) {
      if (run.group) acknowledgeGroup(turn, run.id, run.number, run.step, run.reasonCode)
      else acknowledgeSession(turn, run.id, run.number, run.step, run.reasonCode)
    }
  }
}

function acknowledgeSession(
  turn: Turn,
  birth: number,
  number: number,
  step: number,
  reasonCode: number,
): void {
  const queue = turn.state.queues.get(birth)
  if (queue === undefined || !change(turn, queue) || !queue.acknowledge(number, step, reasonCode)) return
  if (step === droppedStep) noteDropped(turn, queue.clientId, queue.birth, reasonCode)
  else if (step !== pubrecStep) turn.counters.acknowledged++
  makeReady(turn, queue)
}

function acknowledgeGroup(turn: Turn, birth: number, number: number, step: number, reasonCode: number): void {
  const group = turn.state.groups.get(birth)
  if (group === undefined) {
    if (step === endedStep) turn.counters.droppedNoMember++
  } else if (change(turn, group)) groupAcknowledged(turn, group, number, step, reasonCode)
}

function onRecord(turn: Turn, record: DeliveryRecord): void {
  switch (record.kind) {
    case 'SessionOnline':
      return sessionOnline(turn, record.session, record.address, record.limits)
    case 'SessionOffline':
      return sessionOffline(turn, record.session, record.address)
    case 'EndSessions':
      for (const session of record.sessions) {
        endSession(turn, session)
        endMemberships(turn, session)
      }
      return
    case 'Publish':
      return publishOfSession(turn, record)
    case 'ReleaseReceived':
      return releaseReceived(turn, record)
    case 'PublishWill':
      return publishWill(turn, record.session, record.message)
    case 'JoinGroup':
      return joinGroup(turn, record)
    case 'LeaveGroup':
      return leaveGroup(turn, record)
    case 'GroupStored':
      return groupStored(turn, record)
    case 'ListSubscriptions':
      return listMemberships(turn, record.session, record.address)
    case 'TellDisplaced':
      return tellDisplaced(turn, record)
    case 'ConnectionsDisplaced':
      return displaced(turn, record)
    case 'PassOn':
      return turn.outbox?.passOn(record.gateway, record.record)
    default:
      return unreachable(record)
  }
}
