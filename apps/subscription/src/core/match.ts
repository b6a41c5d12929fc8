// Routing: each message of a batch of tbmq.msg.all to the runs of those who want it. One run per target and batch; no object is made
// per message, and a payload is copied once per target.
import { SECOND } from '#libs/base'
import { RecordCursor, type Batch } from '#libs/batch'
import type { Outcome } from '#libs/service'
import { messageRetain, metadataKey, MetadataView, writeMessage } from '#libs/topics'
import { publisherHash, publisherOf } from './publisher.js'
import type { ReceiverSet } from './receivers.js'
import type { Retain } from './retained.js'
import type { SubscriptionCounters } from './settings.js'
import type { SubscriptionFact } from './subscription-facts.js'
import type { SubscriptionsState } from './subscriptions.state.js'
import { RUN_BYTES_MAX, type Target } from './targets.js'

const metadataName = new Uint8Array([metadataKey])

/** Routes batches. Made once and used for all of them. */
export class Matcher {
  readonly #counters: SubscriptionCounters
  readonly #retain: Retain
  readonly #cursor = new RecordCursor()
  readonly #metadata = new MetadataView()
  /** Targets that have a run now. */
  readonly #busy: Target[] = []

  constructor(counters: SubscriptionCounters, retain: Retain) {
    this.#counters = counters
    this.#retain = retain
  }

  route(state: SubscriptionsState, batch: Batch, now: number, outcome: Outcome<SubscriptionFact>): void {
    const cursor = this.#cursor
    const metadata = this.#metadata
    const counters = this.#counters
    this.#clear()
    state.router.beginAgeing(now)
    cursor.open(batch.bytes)
    while (cursor.next()) {
      if (!this.#openMetadata()) {
        counters.messagesUnreadable++
        continue
      }
      const deadline = metadata.expirySeconds < 0 ? 0 : batch.appendTime + metadata.expirySeconds * SECOND
      if (metadata.retain) this.#retain.keep(state, cursor, metadata, deadline, now, outcome)
      const set = this.#receiversOf(state)
      counters.messagesRouted++
      counters.receivers += set.count
      if (set.count === 0) counters.messagesWithoutReceiver++
      const { targets, sections, withGroup } = set
      for (let i = 0; i < targets.length; i++) {
        const target = targets[i]
        const section = sections[i]
        if (target !== undefined && section !== undefined)
          this.#write(target, section, withGroup[i] === true, batch, deadline, outcome)
      }
    }
    for (const target of this.#busy) send(target, outcome)
    this.#clear()
    state.routedTo = batch.nextOffset
  }

  #receiversOf(state: SubscriptionsState): ReceiverSet {
    const { bytes, keyFrom, keyTo, offset } = this.#cursor
    const set = state.router.receiversOf(bytes, keyFrom, keyTo, offset)
    if (set.noLocal === undefined) return set
    return state.router.without(set, publisherOf(this.#metadata, bytes), offset)
  }

  #write(
    target: Target,
    section: Uint8Array,
    withGroup: boolean,
    batch: Batch,
    deadline: number,
    outcome: Outcome<SubscriptionFact>,
  ): void {
    const { bytes, offset, keyFrom, keyTo, valueFrom, valueTo } = this.#cursor
    const { qos, retain, isPromised, propertiesFrom, propertiesTo } = this.#metadata
    const { run } = target
    if (run.position === 0) {
      this.#busy.push(target)
      target.begin(batch.partition, batch.baseOffset)
    } else if (run.position > RUN_BYTES_MAX) {
      send(target, outcome)
      target.begin(batch.partition, batch.baseOffset)
    }
    if (isPromised) target.promise()
    target.receivers(section)
    // A group may choose its member by the publisher.
    if (withGroup) target.publisher(publisherHash(this.#metadata, bytes))
    writeMessage(
      run,
      retain ? qos | messageRetain : qos,
      offset - target.base,
      deadline,
      bytes,
      keyFrom,
      keyTo,
      propertiesFrom,
      propertiesTo,
      bytes,
      Math.max(0, valueFrom),
      Math.max(0, valueTo),
    )
  }

  /** False for a record that is none of ours. */
  #openMetadata(): boolean {
    const cursor = this.#cursor
    const { bytes, headerKeyFrom, headerKeyTo } = cursor
    const isFirst = headerKeyTo - headerKeyFrom === 1 && bytes[headerKeyFrom] === metadataKey
    if (cursor.keyFrom < 0 || (!isFirst && !cursor.findHeader(metadataName)) || cursor.headerFrom < 0)
      return false
    return this.#metadata.open(bytes, cursor.headerFrom, cursor.headerTo)
  }

  /** Also at the start: what a throw has left half written must not be sent with the next batch. */
  #clear(): void {
    for (const target of this.#busy) target.clear()
    this.#busy.length = 0
  }
}

function send(target: Target, outcome: Outcome<SubscriptionFact>): void {
  outcome.send(target.topic, target.partition, null, target.run)
}
