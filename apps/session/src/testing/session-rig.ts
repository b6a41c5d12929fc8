// Runs the session service on batches made here, keeps what it sent as values, and its facts as the compacted topic would.
import { ByteReader, ByteWriter, copyOf, toHex } from '#libs/base'
import { RecordBatchBuilder, stamp, type Batch } from '#libs/batch'
import type { Outcome, Placement } from '#libs/service'
import {
  catalogue,
  deliveryRecord,
  gatewayRecord,
  historyRecord,
  leaseRecord,
  MetadataView,
  sessionRecord,
  storedFirstFlag,
  subscriptionRecord,
  type Address,
  type LeaseRecord,
  type Opening,
  type SessionRecord,
  type Topic,
  type Will,
} from '#libs/topics'
import type { SessionFact, SessionsState } from '../core/sessions.state.js'
import { sessionService } from '../core/session.service.js'
import type { SessionSettings } from '../core/turn.js'

/** A connection of the gateway `g`, in its first life unless told otherwise. */
export const at = (connection: number, incarnation = 1, gateway = 'g'): Address => ({
  gateway,
  incarnation,
  connection,
})

export const willOf = (topic: string, delaySeconds = 0): Will => ({
  message: {
    topic,
    payload: new Uint8Array([1, 2]),
    qos: 1,
    retain: true,
    expirySeconds: 60,
    properties: new Uint8Array([0x01, 0x01]),
  },
  delaySeconds,
})

/** What was sent, in order, in the shape that a spec reads easily. */
export interface Sent {
  readonly to: string
  readonly partition: number
  readonly kind: string
  readonly value: Readonly<Record<string, unknown>>
}

export interface Wanted {
  readonly clientId?: string
  readonly address?: Address
  readonly cleanStart?: boolean
  readonly expirySeconds?: number
  readonly will?: Will
  readonly principal?: string
  readonly arrivedMillis?: number
  readonly connectOffset?: number
}

/** A moment to begin at: a number of milliseconds as large as real ones. */
const begin = 1_800_000_000_000

export class SessionRig implements Outcome<SessionFact> {
  readonly service
  state: SessionsState
  now = begin
  offset = 100
  connects = 0
  facts: SessionFact[] = []
  readonly counters = { expired: 0 }
  sent: Sent[] = []
  /** The compacted state topic: values by key. */
  readonly topic = new Map<string, { readonly key: Uint8Array; readonly value: Uint8Array }>()
  readonly #placement: Placement
  readonly #value = new ByteWriter()

  constructor(
    settings: Partial<SessionSettings> = {},
    placement: Placement = { partition: 0, clientPartitions: 1, topicPartitions: 1 },
  ) {
    this.service = sessionService(settings, this.counters)
    this.#placement = placement
    this.state = this.service.empty(placement)
  }

  /** OpenSession; gives what was sent. */
  open(wanted: Wanted = {}): readonly Sent[] {
    return this.read(this.opening(wanted))
  }

  opening(wanted: Wanted = {}): SessionRecord {
    const { clientId = 'c', address = at(1), cleanStart = true, expirySeconds = 0, principal = 'p' } = wanted
    const opening: Opening = {
      address,
      wanted: {
        clientId,
        cleanStart,
        expirySeconds,
        limits: { protocolVersion: 5, receiveMaximum: 10, maximumPacketSize: undefined },
        keepAliveSeconds: 60,
        will: wanted.will,
      },
      permissions: { publish: undefined, subscribe: undefined },
      principal,
      arrivedMillis: wanted.arrivedMillis ?? this.now,
      connectOffset: wanted.connectOffset ?? ++this.connects,
    }
    return { kind: 'OpenSession', ...opening }
  }

  closed(change: Partial<Extract<SessionRecord, { kind: 'ConnectionClosed' }>> = {}): readonly Sent[] {
    return this.read({
      kind: 'ConnectionClosed',
      address: at(1),
      clientId: 'c',
      birth: 1,
      cause: 'broken',
      reasonCode: 0,
      expirySeconds: undefined,
      publishWill: true,
      ...change,
    })
  }

  /** One batch with these records. */
  read(...records: readonly SessionRecord[]): readonly Sent[] {
    const builder = new RecordBatchBuilder()
    const writer = new ByteWriter()
    for (const record of records) {
      sessionRecord.write(writer.reset(), record)
      builder.add(null, writer.copyOf())
    }
    return this.#decide(catalogue.sessionInbox, builder)
  }

  lease(record: LeaseRecord): readonly Sent[] {
    const builder = new RecordBatchBuilder()
    const writer = new ByteWriter()
    leaseRecord.write(writer, record)
    builder.add(null, writer.copyOf())
    return this.#decide(catalogue.gatewayLease, builder)
  }

  /** Lets time pass without a record, waking as often as the service asks. */
  pass(millis: number): readonly Sent[] {
    this.#forget()
    const until = this.now + millis
    for (;;) {
      const wake = this.service.nextWake(this.state)
      if (wake === undefined || wake > until) break
      this.now = Math.max(this.now, wake)
      this.service.tick(this.state, this.now, this)
    }
    this.now = until
    return this.sent
  }

  row(clientId = 'c') {
    return this.state.rows.get(clientId)
  }

  /** A second state, from the compacted topic alone. */
  restored(): SessionsState {
    const state = this.service.empty(this.#placement)
    for (const { key, value } of this.topic.values()) {
      const fact = this.service.facts.read(0, new ByteReader(key), new ByteReader(value))
      if (fact !== undefined) this.service.apply(state, fact)
    }
    return state
  }

  #decide(topic: Topic, builder: RecordBatchBuilder): readonly Sent[] {
    this.#forget()
    const bytes = copyOf(builder.bytes)
    stamp(bytes, this.offset, this.now, null)
    const nextOffset = this.offset + builder.count
    const { partition } = this.#placement
    const batch: Batch = {
      topic: topic.name,
      partition,
      baseOffset: this.offset,
      nextOffset,
      appendTime: this.now,
      bytes,
    }
    this.offset = nextOffset
    this.service.decide(this.state, batch, this.now, this)
    return this.sent
  }

  #forget(): void {
    this.facts = []
    this.sent = []
  }

  fact(fact: SessionFact): void {
    this.facts.push(fact)
    const key = new ByteWriter()
    const value = new ByteWriter()
    this.service.facts.writeKey(key, fact)
    const lives = this.service.facts.writeValue(value, fact)
    const name = toHex(key.view())
    // Compaction keeps the last value of a key, where that stands.
    this.topic.delete(name)
    if (lives) this.topic.set(name, { key: key.copyOf(), value: value.copyOf() })
    this.service.apply(this.state, fact)
  }

  value(): ByteWriter {
    return this.#value.reset()
  }

  send(topic: Topic, partition: number, _key: string | Uint8Array | null, value = this.#value): void {
    this.sent.push({ partition, ...sentOn(topic, new ByteReader(value.copyOf())) })
  }

  publish(topicName: string, payload: Uint8Array, meta: ByteWriter): void {
    const bytes = meta.copyOf()
    const view = new MetadataView()
    view.open(bytes, 0, bytes.length)
    const { qos, retain, expirySeconds } = view
    const storedFirst = (view.flags & storedFirstFlag) !== 0
    const properties = Uint8Array.from(bytes.subarray(view.propertiesFrom, view.propertiesTo))
    const publisher = view.publisher(bytes).clientId
    const value = {
      topicName,
      payload: Uint8Array.from(payload),
      qos,
      retain,
      storedFirst,
      expirySeconds,
      properties,
      publisher,
    }
    this.sent.push({ to: 'messages', partition: 0, kind: 'Published', value })
  }
}

function sentOn(topic: Topic, reader: ByteReader): Omit<Sent, 'partition'> {
  if (topic === catalogue.history) {
    const record = historyRecord.read(reader)
    return { to: 'history', kind: record.event, value: { ...record } }
  }
  const record = recordOf(topic, reader)
  const to = topic.owner ?? 'nobody'
  if (record.kind !== 'PassOn') return { to, kind: record.kind, value: { ...record } }
  const passed = gatewayRecord.read(new ByteReader(record.record))
  return { to: `gateway behind ${to}`, kind: passed.kind, value: { ...passed } }
}

function recordOf(topic: Topic, reader: ByteReader) {
  if (topic === catalogue.deliveryInbox) return deliveryRecord.read(reader)
  if (topic === catalogue.subscriptionInbox) return subscriptionRecord.read(reader)
  return gatewayRecord.read(reader)
}

/** `gateway SessionAccepted`, … without the history. */
export const kinds = (sent: readonly Sent[]): readonly string[] =>
  sent.filter(({ to }) => to !== 'history').map(({ to, kind }) => `${to} ${kind}`)

/** The one record of this kind. */
export function only(sent: readonly Sent[], kind: string): Readonly<Record<string, unknown>> {
  const found = sent.filter((each) => each.kind === kind)
  if (found.length !== 1 || found[0] === undefined) {
    throw new Error(`expected one ${kind}, found ${kinds(sent).join(', ')}`)
  }
  return found[0].value
}

/** All that the state holds, in an order of its own: equal for equal states, however they came to be. */
export function dump(state: SessionsState): string {
  const sorted = <T>(map: ReadonlyMap<string, T>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1))
  const bytes = (key: string, value: unknown) => {
    // What came straight from a record still has its kind; what came from a fact has not.
    if (key === 'kind') return undefined
    return value instanceof Uint8Array ? toHex(value) : value
  }
  const connected = sorted(state.connected).map(([gateway, incarnations]) => [
    gateway,
    [...incarnations].sort(([a], [b]) => a - b).map(([incarnation, ids]) => [incarnation, [...ids].sort()]),
  ])
  const parts = { rows: sorted(state.rows).map(([, row]) => sortKeys(row)), connected }
  const { remembered, displaced, endedGateways } = state
  const rest = { remembered: sorted(remembered), displaced: sorted(displaced), ended: sorted(endedGateways) }
  return JSON.stringify({ ...parts, ...rest }, bytes, 1)
}

const sortKeys = (value: object) =>
  Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
