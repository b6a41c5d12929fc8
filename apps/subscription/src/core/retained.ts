// Retained messages: kept in the order of the stream, sent to new subscriptions in pages, dropped when they expire.
import { ByteWriter, utf8Decode, type Millis } from '#libs/base'
import type { RecordCursor } from '#libs/batch'
import type { Outcome } from '#libs/service'
import {
  beginMessageRun,
  catalogue,
  directRun,
  gatewayRecord,
  messageRetain,
  receiversItem,
  retainAsPublishedOption,
  subscriptionRecord,
  writeMessage,
  writeReceiver,
  type Address,
  type MetadataView,
} from '#libs/topics'
import type { Client } from './filter.js'
import { publisherOf } from './publisher.js'
import type { Retained } from './retained.state.js'
import type { SubscriptionCounters, SubscriptionSettings } from './settings.js'
import type { SubscriptionFact } from './subscription-facts.js'
import type { SubscriptionsState } from './subscriptions.state.js'

/** Who asks for retained messages, and how they are to be sent. */
export interface RetainedQuery {
  readonly client: Client
  readonly address: Address
  readonly filter: string
  readonly qos: number
  readonly subscriptionId: number
  /** The last name of the page before; undefined for the first page. */
  readonly after: string | undefined
}

export class Retain {
  readonly #settings: SubscriptionSettings
  readonly #counters: SubscriptionCounters
  readonly #run = new ByteWriter(1024)

  constructor(settings: SubscriptionSettings, counters: SubscriptionCounters) {
    this.#settings = settings
    this.#counters = counters
  }

  /** Makes the cursor's message the retained one of its topic; an empty one clears it [MQTT-3.3.1-6]. `deadline` 0: never. */
  keep(
    state: SubscriptionsState,
    cursor: RecordCursor,
    metadata: MetadataView,
    deadline: Millis,
    now: Millis,
    outcome: Outcome<SubscriptionFact>,
  ): void {
    const { bytes, offset, valueFrom, valueTo } = cursor
    const topic = utf8Decode(bytes, cursor.keyFrom, cursor.keyTo)
    const known = state.retained.get(topic)
    // After a restart messages are routed again from an earlier one on.
    if (known !== undefined && known.offset >= offset) return
    const isGone = valueTo <= valueFrom || (deadline !== 0 && deadline <= now)
    if (isGone || !this.#hasRoom(state, known, cursor, metadata)) {
      if (known !== undefined) outcome.fact({ kind: 'RetainedCleared', topic })
      return
    }
    outcome.fact({
      kind: 'RetainedStored',
      row: {
        topic,
        offset,
        qos: metadata.qos,
        publisherClientId: publisherOf(metadata, bytes),
        deadlineMillis: deadline === 0 ? undefined : deadline,
        properties: bytes.subarray(metadata.propertiesFrom, metadata.propertiesTo),
        payload: bytes.subarray(valueFrom, valueTo),
      },
    })
    if (deadline !== 0) state.sweepAtMillis ??= now + this.#settings.sweepMillis
  }

  /** Sends one page to the client's lane, and what brings the next one. */
  sendPage(
    state: SubscriptionsState,
    query: RetainedQuery,
    now: Millis,
    outcome: Outcome<SubscriptionFact>,
  ): void {
    const { pageMessagesMax, pageScanMax } = this.#settings
    const { client } = query
    const page = state.retained.page(query.filter, query.after, pageMessagesMax, pageScanMax)
    const last = this.#writePage(state, query, page.messages, now)
    if (this.#run.position > 0) outcome.send(client.target.topic, client.target.partition, null, this.#run)
    const next = last ?? page.next
    if (next !== undefined) askForNext(state, query, next, outcome)
  }

  /** Looks at some more messages, clears those that have expired, and sets when to go on. */
  sweep(state: SubscriptionsState, now: Millis, outcome: Outcome<SubscriptionFact>): void {
    const { pageScanMax, sweepMillis } = this.#settings
    for (const topic of state.retained.expired(now, pageScanMax))
      outcome.fact({ kind: 'RetainedCleared', topic })
    state.sweepAtMillis = state.retained.hasMortal ? now + sweepMillis : undefined
  }

  /** Writes messages until the page is full; gives the name of the last one if some are left. */
  #writePage(
    state: SubscriptionsState,
    query: RetainedQuery,
    messages: readonly Retained[],
    now: Millis,
  ): string | undefined {
    const { client, filter } = query
    const run = this.#run.reset()
    const noLocal = client.subscriptionTo(state.filterOf(filter))?.noLocal === true
    let last: string | undefined
    for (const message of messages) {
      if (run.position >= this.#settings.pageBytesMax) return last
      last = message.topic
      if (message.hasExpired(now) || (noLocal && publisherOfRetained(message) === client.clientId)) continue
      if (run.position === 0) this.#begin(state, query)
      writeRetained(run, message)
    }
    return undefined
  }

  #begin(state: SubscriptionsState, { client, qos, subscriptionId }: RetainedQuery): void {
    const run = this.#run
    beginMessageRun(run, client.kept ? directRun : client.target.incarnation, state.placement.partition, 0)
    run.u8(receiversItem)
    run.varint(1)
    // [MQTT-3.3.1-8] The retain flag is set, which for receivers is the case of one published so.
    const ids = subscriptionId === 0 ? [] : [subscriptionId]
    writeReceiver(run, client.receiverId, qos | retainAsPublishedOption, ids)
  }

  #hasRoom(
    state: SubscriptionsState,
    known: Retained | undefined,
    cursor: RecordCursor,
    metadata: MetadataView,
  ): boolean {
    const { retainedCountMax, retainedBytesMax } = this.#settings
    const { retained } = state
    if (known === undefined && retained.count >= retainedCountMax) {
      this.#counters.refusedRetainedCount++
      return false
    }
    const size =
      cursor.keyTo -
      cursor.keyFrom +
      cursor.valueTo -
      cursor.valueFrom +
      metadata.propertiesTo -
      metadata.propertiesFrom
    if (retained.bytes - (known?.length ?? 0) + size <= retainedBytesMax) return true
    this.#counters.refusedRetainedBytes++
    return false
  }
}

function writeRetained(run: ByteWriter, message: Retained): void {
  const { bytes, from } = message
  writeMessage(
    run,
    message.qos | messageRetain,
    message.offset,
    message.deadlineMillis ?? 0,
    bytes,
    from,
    from + message.propertiesAt,
    from + message.propertiesAt,
    from + message.payloadAt,
    bytes,
    from + message.payloadAt,
    from + message.publisherAt,
  )
}

function publisherOfRetained(message: Retained): string {
  const { bytes, from } = message
  return utf8Decode(bytes, from + message.publisherAt, from + message.length)
}

/** A transient session's gateway asks when it has taken the page; a kept session's lane is long, so that we ask ourselves. */
function askForNext(
  state: SubscriptionsState,
  query: RetainedQuery,
  after: string,
  outcome: Outcome<SubscriptionFact>,
): void {
  const { client, address, filter, qos, subscriptionId } = query
  const { partition } = state.placement
  if (client.kept) {
    subscriptionRecord.write(outcome.value(), {
      kind: 'NextRetained',
      address,
      session: { clientId: client.clientId, birth: client.birth },
      kept: true,
      filter,
      qos,
      subscriptionId,
      after,
    })
    outcome.send(catalogue.subscriptionInbox, partition, null)
    return
  }
  const { incarnation, connection } = address
  gatewayRecord.write(outcome.value(), {
    kind: 'RetainedPageEnd',
    incarnation,
    connection,
    partition,
    filter,
    after,
  })
  outcome.send(client.target.topic, client.target.partition, null)
}
