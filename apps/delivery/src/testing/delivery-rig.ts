// Runs the delivery service on batches made here. Keeps the inbox, what was sent (as values) and the compacted facts, and can throw the
// state away and restore it as the runtime does.
import { ByteReader, ByteWriter, fromHex, toHex, utf8Decode } from '#libs/base'
import { RecordBatchBuilder, stamp, type Batch } from '#libs/batch'
import type { Outcome, Placement } from '#libs/service'
import {
  acknowledgeRunKind,
  catalogue,
  deliveryRecord,
  dupOption,
  gatewayRecord,
  groupOption,
  historyRecord,
  keptRunKind,
  messageItem,
  messageRunKind,
  RunReader,
  subscriptionRecord,
  type Topic,
} from '#libs/topics'
import { deliveryService } from '../core/delivery.service.js'
import type { DeliveryFact } from '../core/facts.js'
import { deliverySettings, type DeliveryLimits, type DeliverySettings } from '../core/settings.js'
import type { DeliveryState } from '../core/state.js'
import type { Append } from './appends.js'

/** A message as a gateway gets it. */
export interface Delivered {
  readonly kind: 'message'
  readonly gateway: string
  readonly incarnation: number
  readonly connection: number
  readonly number: number
  readonly packetId: number
  readonly qos: number
  readonly retain: boolean
  readonly dup: boolean
  readonly ids: readonly number[]
  readonly group: number
  readonly topic: string
  readonly payload: string
  readonly deadline: number
}

export interface SentRecord {
  readonly kind: string
  readonly to: string
  readonly partition: number
  readonly [field: string]: unknown
}

export const payloads = (sent: readonly (Delivered | SentRecord)[]): unknown[] =>
  sent.filter(({ kind }) => kind === 'message').map((one) => one['payload'])

export class DeliveryRig {
  readonly settings: DeliverySettings
  readonly service
  readonly placement: Placement
  state: DeliveryState
  now = 1_000_000
  offset = 0
  /** Saved with the last fact. */
  position = 0
  readonly inbox: Batch[] = []
  readonly facts = new Map<string, string>()
  readonly sent: (Delivered | SentRecord)[] = []
  /** What the partition sends itself comes back as batches of the inbox. */
  loopBack: Append[] = []
  readonly #values = new ByteWriter()

  constructor(
    given: {
      limits?: Partial<DeliveryLimits>
      inboxBytesMax?: number
      topicPartitions?: number
      clientPartitions?: number
      afterBatch?: (state: DeliveryState) => void
    } = {},
  ) {
    const { limits } = deliverySettings()
    this.settings = deliverySettings({
      limits: { ...limits, ...given.limits },
      afterBatch: given.afterBatch ?? (() => undefined),
      ...(given.inboxBytesMax === undefined ? {} : { inboxBytesMax: given.inboxBytesMax }),
    })
    this.service = deliveryService(this.settings)
    const { clientPartitions = 1, topicPartitions = 1 } = given
    this.placement = { partition: 0, clientPartitions, topicPartitions }
    this.state = this.service.empty(this.placement)
    this.service.restored?.(this.state, this.now, this.#outcome())
  }

  /** Appends one batch to the inbox and decides about it; gives what was sent. */
  take(...appends: readonly Append[]): (Delivered | SentRecord)[] {
    const batch = this.append(...appends)
    return this.decide(batch)
  }

  append(...appends: readonly Append[]): Batch {
    const builder = new RecordBatchBuilder()
    for (const append of appends) append(builder)
    const bytes = builder.bytes.slice()
    stamp(bytes, this.offset, this.now, null)
    const batch: Batch = {
      topic: catalogue.deliveryInbox.name,
      partition: 0,
      baseOffset: this.offset,
      nextOffset: this.offset + builder.count,
      appendTime: this.now,
      bytes,
    }
    this.offset = batch.nextOffset
    this.inbox.push(batch)
    return batch
  }

  decide(batch: Batch): (Delivered | SentRecord)[] {
    const from = this.sent.length
    let hasFacts = false
    const outcome = this.#outcome(() => {
      hasFacts = true
    })
    this.service.decide(this.state, batch, this.now, outcome)
    if (hasFacts) this.position = batch.nextOffset
    const { loopBack } = this
    this.loopBack = []
    if (loopBack.length > 0) this.take(...loopBack)
    return this.sent.slice(from)
  }

  /** Time passes, and the service is told as often as it asked for. */
  wait(millis: number): void {
    const until = this.now + millis
    for (;;) {
      const wake = this.service.nextWake(this.state)
      if (wake === undefined || wake > until) break
      this.now = Math.max(this.now, wake)
      this.service.tick(
        this.state,
        this.now,
        this.#outcome(() => {
          this.position = this.offset
        }),
      )
    }
    this.now = until
  }

  /** What a shell makes the partition do. */
  run(decide: (now: number, outcome: Outcome<DeliveryFact>) => void): void {
    decide(this.now, this.#outcome())
  }

  messages(): Delivered[] {
    return this.sent.filter((one): one is Delivered => one.kind === 'message')
  }

  /** A state made of the facts and a replay, as the runtime makes it; `upTo` is the position that was saved. */
  rebuild(upTo = this.offset): DeliveryState {
    const state = this.service.empty(this.placement)
    for (const [key, value] of this.facts) {
      const fact = this.service.facts.read(0, new ByteReader(fromHex(key)), new ByteReader(fromHex(value)))
      if (fact !== undefined) this.service.apply(state, fact)
    }
    const from = this.service.replayFrom?.(state) ?? upTo
    for (const batch of this.inbox) {
      if (batch.nextOffset > from && batch.baseOffset < upTo) this.service.replay?.(state, batch, this.now)
    }
    return state
  }

  /** The partition is lost and restored: what lies behind the saved position is decided once more. */
  restart(): void {
    const { position } = this
    this.state = this.rebuild(position)
    this.service.restored?.(this.state, this.now, this.#outcome())
    for (const batch of [...this.inbox]) if (batch.baseOffset >= position) this.decide(batch)
  }

  /** The inbox before the base is gone. */
  trim(): void {
    const keep = this.service.keepFrom?.(this.state) ?? 0
    while ((this.inbox[0]?.nextOffset ?? Infinity) <= keep) this.inbox.shift()
  }

  #outcome(hasFact: () => void = () => undefined): Outcome<DeliveryFact> {
    return {
      fact: (fact) => {
        hasFact()
        const key = new ByteWriter()
        const value = new ByteWriter()
        this.service.facts.writeKey(key, fact)
        const lives = this.service.facts.writeValue(value, fact)
        this.facts.delete(toHex(key.view()))
        if (lives) this.facts.set(toHex(key.view()), toHex(value.view()))
        this.service.apply(this.state, fact)
      },
      value: () => this.#values.reset(),
      send: (topic, partition, _key, value = this.#values) => {
        this.#take(topic, partition, value.copyOf())
      },
      publish: (topicName, payload) => {
        this.sent.push({
          kind: 'publish',
          to: 'msg.all',
          partition: 0,
          topic: topicName,
          payload: utf8Decode(payload),
        })
      },
    }
  }

  #take(topic: Topic, partition: number, bytes: Uint8Array): void {
    const reader = new ByteReader(bytes)
    if (topic.name.startsWith('tbmq.gateway.')) {
      const to = topic.name.split('.')[2] ?? ''
      if (bytes[0] === keptRunKind) this.sent.push(...readKeptRun(to, bytes))
      else this.sent.push({ ...gatewayRecord.read(reader), to, partition })
    } else if (topic === catalogue.deliveryInbox) {
      if (bytes[0] !== messageRunKind && bytes[0] !== acknowledgeRunKind)
        this.sent.push({ ...deliveryRecord.read(reader), to: 'delivery', partition })
      this.loopBack.push((builder) => {
        builder.add(null, bytes)
      })
    } else if (topic === catalogue.subscriptionInbox) {
      this.sent.push({ ...subscriptionRecord.read(reader), to: 'subscription', partition })
    } else this.sent.push({ kind: 'history', to: 'history', partition, ...historyRecord.read(reader) })
  }
}

function readKeptRun(gateway: string, bytes: Uint8Array): Delivered[] {
  const reader = new RunReader()
  const delivered: Delivered[] = []
  reader.open(bytes, 0, bytes.length)
  while (reader.next() === 'receivers') {
    const { id, number, packetId, options, idsFrom, idsTo, idsCount, groupBirth } = reader
    const idReader = new ByteReader(bytes, idsFrom, idsTo)
    const ids = Array.from({ length: idsCount }, () => idReader.varint())
    if (reader.next() !== 'message') throw new Error('a receiver without a message')
    if ((reader.tag & messageItem) === 0) throw new Error('not a message')
    delivered.push({
      kind: 'message',
      gateway,
      incarnation: reader.incarnation,
      connection: id,
      // Of a group it also says which member has it.
      number: number % 2 ** 32,
      packetId,
      qos: reader.qos,
      retain: reader.retain,
      dup: (options & dupOption) !== 0,
      ids,
      group: (options & groupOption) === 0 ? 0 : groupBirth,
      topic: utf8Decode(bytes, reader.topicFrom, reader.topicTo),
      payload: utf8Decode(bytes, reader.payloadFrom, reader.payloadTo),
      deadline: reader.deadline,
    })
  }
  return delivered
}
