// For specs and the micro benchmark: one partition of subscription without a log. Facts go through their codec, sends are collected.
import { ByteReader, ByteWriter, copyOf, utf8Decode, utf8Encode } from '#libs/base'
import { RecordBatchBuilder, stamp, type Batch } from '#libs/batch'
import type { Outcome, Service } from '#libs/service'
import {
  catalogue,
  deliveryRecord,
  gatewayRecord,
  messageRunKind,
  passingRunKind,
  metadataKey,
  metadataLength,
  publisherBytes,
  retainFlag,
  storedFirstFlag,
  RunReader,
  subscriptionRecord,
  writeMetadata,
  type DeliveryRecord,
  type GatewayRecord,
  type SubscriptionRecord,
  type Topic,
} from '#libs/topics'
import { newSubscriptionCounters, type SubscriptionSettings } from '../settings.js'
import type { SubscriptionFact } from '../subscription-facts.js'
import { subscriptionService } from '../subscription.service.js'
import type { SubscriptionsState } from '../subscriptions.state.js'

/** A message to publish. */
export interface Publish {
  readonly topic: string
  readonly payload?: string
  readonly qos?: number
  readonly retain?: boolean
  readonly expirySeconds?: number
  readonly properties?: Uint8Array
  readonly clientId?: string
  /** A will. */
  readonly storedFirst?: boolean
}

/** One message for one receiver, as a run told it. */
export interface Received {
  readonly to: string
  readonly id: number
  readonly options: number
  readonly ids: readonly number[]
  readonly offset: number
  readonly qos: number
  readonly retain: boolean
  readonly deadline: number
  readonly topic: string
  readonly payload: string
  /** 0: not said. */
  readonly publisher: number
}

/** A send, decoded as far as it is no run. */
export interface Sent {
  readonly to: string
  readonly record: GatewayRecord | DeliveryRecord | SubscriptionRecord | undefined
  readonly received: readonly Received[]
  /** It may be shown before it is stored. */
  readonly passing?: boolean
}

const gateway = { gateway: 'g', incarnation: 7 }
export const addressOf = (connection: number) => ({ ...gateway, connection })

const topicNames = new Map<string, Topic>(Object.values(catalogue).map((topic) => [topic.name, topic]))

export class TestPartition implements Outcome<SubscriptionFact> {
  readonly counters = newSubscriptionCounters()
  readonly service: Service<SubscriptionsState, SubscriptionFact>
  state: SubscriptionsState
  now = 1_000_000
  inboxOffset = 0
  messageOffset = 0
  /** Keys and values of all facts, in order: what a log would hold. */
  readonly log: {
    readonly topic: 0 | 1
    readonly key: Uint8Array
    readonly value: Uint8Array | undefined
  }[] = []
  facts: SubscriptionFact[] = []
  sent: Sent[] = []
  /** Own requests, to be taken next. */
  readonly toSelf: SubscriptionRecord[] = []
  readonly #value = new ByteWriter()

  constructor(settings: Partial<SubscriptionSettings> = {}) {
    this.service = subscriptionService(settings, this.counters)
    this.state = this.service.empty({ partition: 0, clientPartitions: 1, topicPartitions: 1 })
  }

  /** A new life: the state from the log alone. */
  restore(): void {
    const { service } = this
    const state = service.empty({ partition: 0, clientPartitions: 1, topicPartitions: 1 })
    for (const { topic, key, value } of this.log) {
      const fact = service.facts.read(
        topic,
        new ByteReader(key),
        value === undefined ? undefined : new ByteReader(value),
      )
      if (fact !== undefined) service.apply(state, fact)
    }
    service.restored?.(state, this.now, this)
    this.state = state
  }

  ask(...records: readonly SubscriptionRecord[]): Sent[] {
    const builder = new RecordBatchBuilder()
    const writer = new ByteWriter()
    for (const record of records) {
      subscriptionRecord.write(writer.reset(), record)
      builder.add(null, writer.copyOf())
    }
    const batch = this.batchOf(builder, catalogue.subscriptionInbox.name, this.inboxOffset)
    this.inboxOffset += records.length
    return this.decide(batch)
  }

  route(...messages: readonly Publish[]): Sent[] {
    const batch = this.messages(this.messageOffset, messages)
    this.messageOffset += messages.length
    return this.decide(batch)
  }

  /** A batch of tbmq.msg.all. */
  messages(baseOffset: number, messages: readonly Publish[]): Batch {
    const builder = new RecordBatchBuilder()
    for (const message of messages) {
      const key = utf8Encode(message.topic)
      const value = utf8Encode(message.payload ?? 'x')
      const publisher = publisherBytes({
        clientId: message.clientId ?? 'publisher',
        birth: 1,
        ...addressOf(1),
      })
      const properties = message.properties ?? new Uint8Array(0)
      const expiry = message.expirySeconds ?? -1
      const length = metadataLength(publisher.length, expiry, properties.length)
      const at = builder.addMessage(key, 0, key.length, value, 0, value.length, metadataKey, length)
      const flags =
        (message.qos ?? 0) |
        (message.retain === true ? retainFlag : 0) |
        (message.storedFirst === true ? storedFirstFlag : 0)
      writeMetadata(builder.scratch, at, flags, publisher, expiry, properties, 0, properties.length)
    }
    return this.batchOf(builder, catalogue.messages.name, baseOffset)
  }

  batchOf(builder: RecordBatchBuilder, topic: string, baseOffset: number): Batch {
    const bytes = copyOf(builder.bytes)
    stamp(bytes, baseOffset, this.now, null)
    const nextOffset = baseOffset + builder.count
    return { topic, partition: 0, baseOffset, nextOffset, appendTime: this.now, bytes }
  }

  decide(batch: Batch): Sent[] {
    this.sent = []
    this.facts = []
    this.service.decide(this.state, batch, this.now, this)
    return this.sent
  }

  tick(): number | undefined {
    this.sent = []
    this.facts = []
    return this.service.tick(this.state, this.now, this)
  }

  fact(fact: SubscriptionFact): void {
    const { facts } = this.service
    const key = new ByteWriter()
    const value = new ByteWriter()
    facts.writeKey(key, fact)
    const lives = facts.writeValue(value, fact)
    this.log.push({
      topic: facts.topicOf(fact),
      key: key.copyOf(),
      value: lives ? value.copyOf() : undefined,
    })
    this.facts.push(fact)
    this.service.apply(this.state, fact)
  }

  value(): ByteWriter {
    return this.#value.reset()
  }

  send(
    topic: Topic,
    partition: number,
    _key: string | Uint8Array | null,
    value: ByteWriter = this.#value,
  ): void {
    const bytes = value.copyOf()
    const to = topicNames.has(topic.name) ? `${topic.name}/${String(partition)}` : topic.name
    if (topic === catalogue.subscriptionInbox) {
      const record = subscriptionRecord.read(new ByteReader(bytes))
      this.toSelf.push(record)
      this.sent.push({ to, record, received: [] })
    } else if (bytes[0] === messageRunKind || bytes[0] === passingRunKind)
      this.sent.push({
        to,
        record: undefined,
        received: readRun(to, bytes),
        passing: bytes[0] === passingRunKind,
      })
    else {
      const codec = topic === catalogue.deliveryInbox ? deliveryRecord : gatewayRecord
      this.sent.push({ to, record: codec.read(new ByteReader(bytes)), received: [] })
    }
  }

  publish(): never {
    throw new Error('subscription publishes nothing')
  }
}

/** Every message of a run, once per receiver. */
function readRun(to: string, bytes: Uint8Array): Received[] {
  const reader = new RunReader()
  reader.open(bytes, 0, bytes.length)
  const received: Received[] = []
  let receivers: Pick<Received, 'id' | 'options' | 'ids'>[] = []
  for (let item = reader.next(); item !== 'end'; item = reader.next()) {
    if (item === 'receivers') {
      receivers = []
      while (reader.receiver()) {
        const ids = new ByteReader(bytes, reader.idsFrom, reader.idsTo)
        receivers.push({
          id: reader.id,
          options: reader.options,
          ids: Array.from({ length: reader.idsCount }, () => ids.varint()),
        })
      }
      continue
    }
    for (const receiver of receivers) {
      received.push({
        to,
        ...receiver,
        offset: reader.offset,
        qos: reader.qos,
        retain: reader.retain,
        deadline: reader.deadline,
        topic: utf8Decode(bytes, reader.topicFrom, reader.topicTo),
        payload: utf8Decode(bytes, reader.payloadFrom, reader.payloadTo),
        publisher: reader.publisher,
      })
    }
  }
  return received
}

/** Requests in short form. */
export interface Wanted {
  readonly clientId?: string
  readonly birth?: number
  readonly connection?: number
  readonly kept?: boolean
  readonly filters: readonly (string | ({ readonly filter: string } & Partial<Options>))[]
  readonly subscriptionId?: number
  readonly request?: number
}

interface Options {
  readonly qos: number
  readonly noLocal: boolean
  readonly retainAsPublished: boolean
  readonly retainHandling: number
}

const defaults = { qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 }

/** A SUBSCRIBE; what is not said is that of client `c`, birth 1, on connection 1. */
export function subscribe(wanted: Wanted): SubscriptionRecord {
  return {
    kind: 'Subscribe',
    address: addressOf(wanted.connection ?? 1),
    session: { clientId: wanted.clientId ?? 'c', birth: wanted.birth ?? 1 },
    kept: wanted.kept ?? false,
    request: wanted.request ?? 1,
    subscriptionId: wanted.subscriptionId ?? 0,
    filters: wanted.filters.map((filter, place) => ({
      place,
      wanted: typeof filter === 'string' ? { ...defaults, filter } : { ...defaults, ...filter },
    })),
  }
}

export function unsubscribe(wanted: Wanted): SubscriptionRecord {
  return {
    kind: 'Unsubscribe',
    address: addressOf(wanted.connection ?? 1),
    session: { clientId: wanted.clientId ?? 'c', birth: wanted.birth ?? 1 },
    request: wanted.request ?? 1,
    filters: wanted.filters.map((filter, place) => ({
      place,
      filter: typeof filter === 'string' ? filter : filter.filter,
    })),
  }
}

export const endSessions = (
  ...sessions: readonly { clientId: string; birth: number }[]
): SubscriptionRecord => ({
  kind: 'EndSessions',
  sessions,
})

/** Who got what, in short: `id:topic:payload`. */
export const received = (sent: readonly Sent[]): string[] =>
  sent.flatMap(({ received }) =>
    received.map(({ id, topic, payload }) => `${String(id)}:${topic}:${payload}`),
  )
