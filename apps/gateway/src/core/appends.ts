// What this turn's packets append to the log: one record batch per target, filled here and handed over at the end of the turn.
import { ByteWriter } from '#libs/base'
import { RecordBatchBuilder } from '#libs/batch'
import { catalogue } from '#libs/topics'
import type { Topic } from '#libs/topics'

/**
 * A turn that has so many bytes of messages for one partition ends at once if somebody waits for their storage: they are on their way to
 * the disk while more is read, and what follows from them is worked off while they are in the processor's cache.
 */
const fullBytes = 262_144

/** Room for that and what one more read of a socket brings; a large message may make a batch grow. */
const messagesCapacity = fullBytes + 131_072

/** A partition that this gateway appends to, and what waits for it. */
export interface Target {
  /** Its place in the list of targets. */
  readonly number: number
  readonly topic: string
  readonly partition: number
  readonly batch: RecordBatchBuilder
  /** True when somebody waits until it is stored: for messages, one of QoS 1 or 2 is among them. */
  awaited: boolean
}

export class Appends {
  /** A scratch writer for one record's value. */
  readonly #value = new ByteWriter(1024)
  readonly #key = new ByteWriter(256)
  readonly #targets: Target[] = []
  readonly #byTopic = new Map<string, Target[]>()
  readonly #filled: Target[] = []
  readonly #messages: Target[] = []
  /** True when there is enough for a turn. */
  isFull = false

  constructor(topicPartitions: number) {
    for (let partition = 0; partition < topicPartitions; partition++) {
      this.#messages.push(this.#target(catalogue.messages.name, partition, messagesCapacity))
    }
  }

  /** An empty writer for the value of the next `send`. */
  value(): ByteWriter {
    return this.#value.reset()
  }

  /** Adds a record with what was written into `value()`. Returns the target's number. */
  send(topic: Topic, partition: number, key: string | null): number {
    const target = this.#find(topic, partition)
    if (target.batch.count === 0) this.#filled.push(target)
    target.awaited = true
    const { buffer, position } = this.#value
    const keyWriter = this.#key.reset()
    if (key !== null) keyWriter.rawText(key)
    target.batch.addRange(key === null ? null : keyWriter.buffer, 0, keyWriter.position, buffer, 0, position)
    return target.number
  }

  /** The number of a target that something will be sent to. */
  numberOf(topic: Topic, partition: number): number {
    return this.#find(topic, partition).number
  }

  /** The target of tbmq.msg.all for this partition, about to get a record. */
  messages(partition: number): Target {
    const target =
      this.#messages[partition] ?? this.#target(catalogue.messages.name, partition, messagesCapacity)
    if (target.batch.count === 0) this.#filled.push(target)
    return target
  }

  /** Somebody waits until the last message that was added to this target is stored. */
  awaited(target: Target): void {
    target.awaited = true
    if (target.batch.size >= fullBytes) this.isFull = true
  }

  get isEmpty(): boolean {
    return this.#filled.length === 0
  }

  /** How many targets have records. */
  get filled(): number {
    return this.#filled.length
  }

  /**
   * Hands over each target that has records and empties it: messages first, so that a SUBSCRIBE of the same turn comes after what
   * others published in it, whatever order the sockets were read in; then in the order in which they got their first record.
   */
  take(visit: (target: Target) => void): void {
    for (const target of this.#filled)
      if (target.topic === catalogue.messages.name) visitAndReset(target, visit)
    for (const target of this.#filled) if (target.batch.count > 0) visitAndReset(target, visit)
    this.#filled.length = 0
    this.isFull = false
  }

  #find(topic: Topic, partition: number): Target {
    return this.#byTopic.get(topic.name)?.[partition] ?? this.#target(topic.name, partition, 4096)
  }

  #target(topic: string, partition: number, capacity: number): Target {
    const batch = new RecordBatchBuilder(capacity)
    const target = { number: this.#targets.length, topic, partition, batch, awaited: false }
    this.#targets.push(target)
    const ofTopic = this.#byTopic.get(topic) ?? []
    ofTopic[partition] = target
    this.#byTopic.set(topic, ofTopic)
    return target
  }
}

function visitAndReset(target: Target, visit: (target: Target) => void): void {
  visit(target)
  target.batch.reset()
  target.awaited = false
}
