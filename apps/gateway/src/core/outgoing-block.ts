// Messages of one run, encoded once for all receivers that get the same bytes. Where QoS is above 0 only the packet ids differ: the
// block knows where they stand. Filled from the run in place, used again for every block.
import { ByteReader, ByteWriter, EMPTY_BYTES } from '#libs/base'
import { encodePublish, OutgoingPublish } from '#libs/mqtt'
import type { ProtocolVersion, QoS } from '#libs/mqtt'
import { dupOption, messageRetain, retainAsPublishedOption } from '#libs/topics'
import type { RunReader } from '#libs/topics'
import type { CountsByQos } from './counters.js'
import { topicMarks } from './waiting.js'

/** Messages in one block at most; a longer run becomes several. */
const blockMessagesMax = 256
/** A block takes no further message when it has so many bytes. */
const blockBytesMax = 65_536

export class OutgoingBlock {
  /** Messages read from the run, encoded or not. */
  count = 0
  readonly writer = new ByteWriter(blockBytesMax + 4096)
  /** Where each encoded packet begins; the next one's beginning is its end. */
  readonly starts = new Uint32Array(blockMessagesMax + 1)
  readonly qos = new Uint8Array(blockMessagesMax)
  /** Where each packet's id stands in the writer; 0 for QoS 0. */
  readonly packetIdAt = new Uint32Array(blockMessagesMax)
  /** Where each packet's remaining expiry stands; 0 without. */
  readonly expiryAt = new Uint32Array(blockMessagesMax)
  /** Milliseconds since 1970; 0: never. */
  readonly deadlines = new Float64Array(blockMessagesMax)
  /** Encoded messages with QoS above 0. */
  acknowledged = 0
  /** The longest encoded packet. */
  largest = 0
  /** The first deadline among the messages; Infinity without. */
  earliestDeadline = Infinity
  #bytes = 0
  #buffer: Uint8Array = EMPTY_BYTES
  readonly #tags = new Uint8Array(blockMessagesMax)
  readonly #topicFrom = new Uint32Array(blockMessagesMax)
  readonly #topicTo = new Uint32Array(blockMessagesMax)
  readonly #propertiesFrom = new Uint32Array(blockMessagesMax)
  readonly #propertiesTo = new Uint32Array(blockMessagesMax)
  readonly #payloadFrom = new Uint32Array(blockMessagesMax)
  readonly #payloadTo = new Uint32Array(blockMessagesMax)
  readonly #publish = new OutgoingPublish()
  readonly #reader = new ByteReader(EMPTY_BYTES)
  /** For whom it is encoded: version and options; -1 for nobody. */
  #encodedFor = -1
  #withIds = false

  /** Forgets the messages. */
  clear(): void {
    this.count = 0
    this.#bytes = 0
    this.#encodedFor = -1
    this.earliestDeadline = Infinity
  }

  /** Adds the message that the reader stands on; its bytes must stay as they are until `clear`. */
  add(run: RunReader): void {
    const at = this.count++
    this.#buffer = run.buffer
    this.#tags[at] = run.tag
    this.deadlines[at] = run.deadline
    if (run.deadline !== 0 && run.deadline < this.earliestDeadline) this.earliestDeadline = run.deadline
    this.#topicFrom[at] = run.topicFrom
    this.#topicTo[at] = run.topicTo
    this.#propertiesFrom[at] = run.propertiesFrom
    this.#propertiesTo[at] = run.propertiesTo
    this.#payloadFrom[at] = run.payloadFrom
    this.#payloadTo[at] = run.payloadTo
    this.#bytes += run.payloadTo - run.topicFrom
    this.#encodedFor = -1
  }

  /** The mark of a message's topic, made of its end: names that differ mostly differ there. */
  topicMark(index: number): number {
    const to = this.#topicTo[index] ?? 0
    const from = Math.max(this.#topicFrom[index] ?? 0, to - 8)
    let mark = to - (this.#topicFrom[index] ?? 0)
    for (let at = from; at < to; at++) mark = Math.imul(mark, 31) + (this.#buffer[at] ?? 0)
    return (mark ^ (mark >>> 7)) & (topicMarks - 1)
  }

  get isFull(): boolean {
    return this.count === blockMessagesMax || this.#bytes >= blockBytesMax
  }

  /**
   * Encodes the messages for a receiver, unless they are encoded for one like it. `now` is for what remains of an expiry; the
   * receiver's subscription ids are `idsCount` varints in the run's buffer.
   */
  encodeFor(
    version: ProtocolVersion,
    options: number,
    idsCount: number,
    idsFrom: number,
    idsTo: number,
    now: number,
  ): void {
    const withIds = version === 5 && idsCount > 0
    const wanted = (version === 5 ? 256 : 0) | (options & (3 | retainAsPublishedOption | dupOption))
    if (wanted === this.#encodedFor && !withIds && !this.#withIds) return
    this.#encodedFor = wanted
    this.#withIds = withIds
    const publish = this.#publish
    publish.version = version
    publish.dup = (options & dupOption) !== 0
    publish.subscriptionIdentifiers = withIds ? this.#ids(idsCount, idsFrom, idsTo) : noIds
    publish.topic = publish.properties = publish.payload = this.#buffer
    this.writer.reset()
    this.acknowledged = 0
    this.largest = 0
    const granted = options & 3
    const keepsRetain = (options & retainAsPublishedOption) !== 0
    for (let i = 0; i < this.count; i++) {
      const tag = this.#tags[i] ?? 0
      publish.qos = lower(tag & 3, granted)
      publish.retain = keepsRetain && (tag & messageRetain) !== 0
      this.#encode(i, publish, now)
    }
    this.starts[this.count] = this.writer.position
  }

  /** Adds the block's messages to `counts`, by the QoS that a receiver with these options would get. */
  countInto(counts: CountsByQos, options: number): void {
    for (let i = 0; i < this.count; i++) counts.add(lower((this.#tags[i] ?? 0) & 3, options & 3), 1)
  }

  #encode(i: number, publish: OutgoingPublish, now: number): void {
    const { writer } = this
    publish.topicFrom = this.#topicFrom[i] ?? 0
    publish.topicTo = this.#topicTo[i] ?? 0
    publish.propertiesFrom = this.#propertiesFrom[i] ?? 0
    publish.propertiesTo = this.#propertiesTo[i] ?? 0
    publish.payloadFrom = this.#payloadFrom[i] ?? 0
    publish.payloadTo = this.#payloadTo[i] ?? 0
    const deadline = this.deadlines[i] ?? 0
    publish.messageExpiryInterval = deadline === 0 ? -1 : remainingSeconds(deadline, now)
    const start = writer.position
    this.starts[i] = start
    this.qos[i] = publish.qos
    const packetIdAt = encodePublish(writer, publish)
    this.packetIdAt[i] = packetIdAt
    const expires = deadline !== 0 && publish.version === 5
    this.expiryAt[i] = expires ? this.#expiryIn(start, publish) : 0
    if (publish.qos > 0) this.acknowledged++
    if (writer.position - start > this.largest) this.largest = writer.position - start
  }

  /** Where the four bytes of the expiry stand: it is the first property, behind the property length and its own identifier. */
  #expiryIn(start: number, publish: OutgoingPublish): number {
    const { buffer } = this.writer
    let at = start + 1
    while ((buffer[at] ?? 0) > 127) at++
    at += 3 + publish.topicTo - publish.topicFrom + (publish.qos > 0 ? 2 : 0)
    while ((buffer[at] ?? 0) > 127) at++
    return at + 2
  }

  #ids(count: number, from: number, to: number): readonly number[] {
    const reader = this.#reader.reset(this.#buffer, from, to)
    const ids: number[] = []
    for (let i = 0; i < count; i++) ids.push(reader.varint())
    return ids
  }
}

const noIds: readonly number[] = []

export function lower(published: number, granted: number): QoS {
  const qos = published < granted ? published : granted
  return qos === 2 ? 2 : qos === 1 ? 1 : 0
}

/** What remains of a message's life, in whole seconds, not below 0 [MQTT-3.3.2-6]. */
export function remainingSeconds(deadline: number, now: number): number {
  return Math.max(0, Math.ceil((deadline - now) / 1000))
}
