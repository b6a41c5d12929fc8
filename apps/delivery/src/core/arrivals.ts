// Messages that arrive for kept sessions and groups: runs of the matchers, pages of retained messages, what groups hand over.
import type { Batch } from '#libs/batch'
import {
  endedStep,
  groupOption,
  messageRetain,
  messageDeadline,
  originOption,
  retainAsPublishedOption,
  RunReader,
  directRun,
} from '#libs/topics'
import { Group, nameInHistory } from './group.js'
import { labelMark } from './line.js'
import { noIds, Pinned, QueuedMessage, type Origin } from './message.js'
import { isFull, marksOf, type Arrival, type Queue } from './queue.js'
import { sendNow } from './redeliver.js'
import type { DeliveryLimits } from './settings.js'
import { change, makeReady, type Turn } from './turn.js'

/** Receivers of the messages that follow, side by side; made once. */
class Receivers {
  length = 0
  readonly who: (Queue | Group | undefined)[] = []
  readonly options: number[] = []
  readonly ids: (readonly number[])[] = []
  readonly origins: (Origin | undefined)[] = []
}

/** Reads runs; made once per service and used for every batch. */
export class Arrivals {
  readonly #run = new RunReader()
  readonly #receivers = new Receivers()
  #limits: DeliveryLimits | undefined

  /** One run: `bytes[from..to)` of the batch. */
  take(turn: Turn, batch: Batch, from: number, to: number): void {
    const run = this.#run
    run.open(batch.bytes, from, to)
    const isRouted = run.incarnation !== directRun
    const seen = isRouted ? (turn.state.routes[run.partition] ?? 0) : 0
    let highest = seen
    // Retained messages that a SUBSCRIBE asked for come all at once, however many there are: only their bytes are bounded.
    this.#limits = isRouted ? turn.limits : { ...turn.limits, queueLengthMax: 0 }
    this.#receivers.length = 0
    for (let item = run.next(); item !== 'end'; item = run.next()) {
      if (item === 'receivers') {
        this.#readReceivers(turn)
      } else if (isRouted && run.offset < seen) {
        // A matcher that restarted routes from an older position again.
        turn.counters.duplicatesIgnored++
      } else {
        if (run.offset >= highest) highest = run.offset + 1
        this.#message(turn, batch)
      }
    }
    if (!isRouted) return
    for (let i = turn.state.routes.length; i <= run.partition; i++) turn.state.routes.push(0)
    turn.state.routes[run.partition] = highest
  }

  #readReceivers(turn: Turn): void {
    const run = this.#run
    const receivers = this.#receivers
    const { queues, groups } = turn.state
    let length = 0
    while (run.receiver()) {
      receivers.who[length] = (run.options & groupOption) === 0 ? queues.get(run.id) : groups.get(run.id)
      receivers.options[length] = run.options
      receivers.origins[length] = (run.options & originOption) === 0 ? undefined : originOf(run)
      receivers.ids[length++] = run.idsCount === 0 ? noIds : this.#subscriptionIds()
    }
    receivers.length = length
  }

  #subscriptionIds(): number[] {
    const { buffer, position, end } = this.#run.reader
    const { reader } = this.#run
    const ids: number[] = []
    reader.reset(buffer, this.#run.idsFrom, this.#run.idsTo)
    for (let i = this.#run.idsCount; i > 0; i--) ids.push(reader.varint())
    reader.reset(buffer, position, end)
    return ids
  }

  #message(turn: Turn, batch: Batch): void {
    const run = this.#run
    const receivers = this.#receivers
    const from = run.topicFrom - 2 - ((run.tag & messageDeadline) === 0 ? 0 : 8)
    let shared: QueuedMessage | undefined
    for (let i = 0; i < receivers.length; i++) {
      const who = receivers.who[i]
      const origin = receivers.origins[i]
      if (who === undefined) {
        if (origin === undefined) turn.counters.droppedSessionEnded++
        else turn.outbox?.answer(origin, endedStep)
        continue
      }
      if (!change(turn, who)) continue
      const ids = receivers.ids[i] ?? noIds
      const options = receivers.options[i] ?? 0
      const isForAll = ids.length === 0 && origin === undefined
      let message = isForAll ? shared : undefined
      if (message === undefined) {
        message = new QueuedMessage(batch.bytes, from, run.payloadTo, run.tag, run.deadline, ids, origin)
        message.pinIn((turn.state.brought ??= new Pinned(batch.bytes, turn.now, batch.lease)))
        if (isForAll) shared = message
      }
      const { qos, publisher } = run
      arrive(turn, who, message, { options, qos, publisher, limits: this.#limits ?? turn.limits })
    }
  }
}

const originOf = ({ groupBirth, groupPartition, number }: RunReader): Origin => ({
  group: groupBirth,
  partition: groupPartition,
  number,
})

interface How {
  readonly options: number
  readonly qos: number
  /** As a run has it. */
  readonly publisher: number
  readonly limits: DeliveryLimits
}

function arrive(turn: Turn, who: Queue | Group, message: QueuedMessage, how: How): void {
  const { options, qos, publisher, limits } = how
  let arrival: Arrival
  if (who instanceof Group) {
    const marks = marksOf(qos, (message.tag & messageRetain) !== 0) | labelMark(publisher)
    arrival = who.arrive(message, marks, turn)
  } else {
    const retain = (message.tag & messageRetain) !== 0 && (options & retainAsPublishedOption) !== 0
    // The lower of the two [MQTT-3.8.4-8].
    if (who.online !== undefined && isFull(who.line, message.size, limits)) sendNow(turn, who)
    arrival = who.arrive(message, marksOf(Math.min(qos, options & 3), retain), limits)
    if (arrival === 'refused' && message.origin !== undefined) who.line.settle(message.origin)
  }
  count(turn, who, arrival)
  makeReady(turn, who)
}

function count(turn: Turn, who: Queue | Group, arrival: Arrival): void {
  const { counters } = turn
  switch (arrival) {
    case 'queued':
      counters.queued++
      return
    case 'offline':
      counters.droppedOffline++
      return
    case 'pushedOut':
      counters.queued++
      break
    case 'refused':
  }
  counters.droppedQueueFull++
  if (who.overflowing) return
  who.overflowing = true
  const clientId = who instanceof Group ? nameInHistory(who) : who.clientId
  turn.outbox?.note(clientId, who.birth, 'queueFull', 'the queue is full: messages are being dropped')
}
