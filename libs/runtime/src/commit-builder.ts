// Collects what a service decided about one batch: facts for its state topics, sends for other topics. Reused for every batch.
import { ByteWriter, utf8Encode } from '#libs/base'
import { RecordBatchBuilder } from '#libs/batch'
import type { Append } from '#libs/log'
import type { FactCodec, Outcome, Placement, Service } from '#libs/service'
import { catalogue, metadataKey, partitionOfTopic, type Topic } from '#libs/topics'
import { originHeader, sourceOf, writeOrigin } from './origin.js'
import { writeOwnRecord, type OwnRecord } from './own-records.js'

/**
 * A batch that grows beyond this many bytes is closed, and the next record begins another one of the same commit. With one more record (a
 * run of a matcher has as many bytes) it still is what a builder keeps.
 */
const batchBytesMax = 256 * 1024

/** A builder keeps sixteen times as much when a batch made it grow: enough for the batches of a busy second. */
const builderCapacity = 32 * 1024

const metadataHeader = new Uint8Array([metadataKey])

export interface CommitOptions<State, Fact> {
  readonly service: Service<State, Fact>
  readonly placement: Placement
  /** Bytes after which what goes to one partition goes on in another batch; as facts do (`batchBytesMax`) if not given. */
  readonly sendBytesMax?: number | undefined
}

export class CommitBuilder<State, Fact> implements Outcome<Fact> {
  /** Facts in the order of the port: the second state topic's first. */
  readonly facts: Append[] = []
  readonly sends: Append[] = []
  /** Names of gateways' inboxes that were sent to so far: what goes there are answers. */
  readonly #answerTopics = new Set<string>()
  readonly #service: Service<State, Fact>
  readonly #codec: FactCodec<Fact>
  readonly #partition: number
  readonly #topicPartitions: number
  readonly #sendBytesMax: number
  readonly #key = new ByteWriter(128)
  readonly #value = new ByteWriter(4096)
  readonly #factValue = new ByteWriter(1024)
  readonly #open = new Map<string, Append[]>()
  readonly #idle: RecordBatchBuilder[] = []
  readonly #main: RecordBatchBuilder[] = []
  readonly #second: RecordBatchBuilder[] = []
  #state: State
  readonly #origin = new ByteWriter(32)
  #number: number | undefined
  #index = 0

  constructor({ service, placement, sendBytesMax }: CommitOptions<State, Fact>, state: State) {
    this.#service = service
    this.#codec = service.facts
    this.#state = state
    this.#partition = placement.partition
    this.#topicPartitions = placement.topicPartitions
    this.#sendBytesMax = sendBytesMax ?? batchBytesMax
  }

  get empty(): boolean {
    return this.sends.length === 0 && !this.hasFacts
  }

  get hasFacts(): boolean {
    return this.#main.length + this.#second.length > 0
  }

  fact(fact: Fact): void {
    const topic = this.#codec.topicOf(fact)
    const key = this.#key.reset()
    const value = this.#factValue.reset()
    this.#codec.writeKey(key, fact)
    const lives = this.#codec.writeValue(value, fact)
    const builder = this.#builderOf(topic === 0 ? this.#main : this.#second)
    builder.addRange(key.buffer, 0, key.position, lives ? value.buffer : null, 0, lives ? value.position : 0)
    this.#service.apply(this.#state, fact)
  }

  /** A record of the runtime's own, into the main state topic. */
  own(record: OwnRecord): void {
    const key = this.#key.reset()
    const value = this.#factValue.reset()
    const lives = writeOwnRecord(key, value, record)
    const builder = this.#builderOf(this.#main)
    builder.addRange(key.buffer, 0, key.position, lives ? value.buffer : null, 0, lives ? value.position : 0)
  }

  /** From here on each send says that it comes from the commit of this number; undefined: they say nothing. */
  numbered(number: number | undefined): void {
    this.#number = number
    this.#index = 0
  }

  /** True when the sends of this commit say where they come from. */
  get isNumbered(): boolean {
    return this.#number !== undefined
  }

  value(): ByteWriter {
    return this.#value.reset()
  }

  send(topic: Topic, partition: number, key: string | null, value: ByteWriter = this.#value): void {
    const keyWriter = this.#key.reset()
    if (key !== null) keyWriter.rawText(key)
    const bytes = key === null ? null : keyWriter.buffer
    const length = keyWriter.position
    const builder = this.#sendBuilder(topic, partition)
    const origin = this.#nextOrigin()
    if (origin === undefined) builder.addRange(bytes, 0, length, value.buffer, 0, value.position)
    else builder.addRange(bytes, 0, length, value.buffer, 0, value.position, originHeader, origin)
  }

  publish(topicName: string, payload: Uint8Array, meta: ByteWriter): void {
    const partition = partitionOfTopic(topicName, this.#topicPartitions)
    const builder = this.#sendBuilder(catalogue.messages, partition)
    const origin = this.#nextOrigin()
    const key = utf8Encode(topicName)
    if (origin === undefined) builder.add(key, payload, metadataHeader, meta.view())
    else builder.addWithHeaders(key, payload, [metadataHeader, meta.view()], [originHeader, origin])
  }

  #nextOrigin(): Uint8Array | undefined {
    if (this.#number === undefined) return undefined
    const source = sourceOf(this.#service.name, this.#partition)
    const writer = this.#origin.reset()
    writeOrigin(writer, { source, number: this.#number, index: this.#index++ })
    return writer.view()
  }

  /** True for what goes to a gateway. */
  readonly isAnswer = ({ target }: Append): boolean => this.#answerTopics.has(target.topic)

  /** Puts the facts in the order in which they are to be stored. */
  finish(): void {
    const [main, second] = this.#service.states
    if (second !== undefined) this.#push(second, this.#second)
    this.#push(main, this.#main)
  }

  /** Forgets everything; the memory stays for the next batch. */
  reset(): void {
    for (const { batch } of this.facts) this.#release(batch)
    for (const { batch } of this.sends) this.#release(batch)
    this.facts.length = this.sends.length = this.#main.length = this.#second.length = 0
    this.#open.clear()
  }

  #push(topic: Topic, builders: readonly RecordBatchBuilder[]): void {
    for (const batch of builders) {
      this.facts.push({ target: { topic: topic.name, partition: this.#partition }, batch })
    }
  }

  #release(batch: RecordBatchBuilder): void {
    batch.reset()
    if (this.#idle.length < 16) this.#idle.push(batch)
  }

  #new(): RecordBatchBuilder {
    return this.#idle.pop() ?? new RecordBatchBuilder(builderCapacity)
  }

  #builderOf(builders: RecordBatchBuilder[]): RecordBatchBuilder {
    const last = builders.at(-1)
    if (last !== undefined && last.size < batchBytesMax) return last
    const builder = this.#new()
    builders.push(builder)
    return builder
  }

  #sendBuilder({ name: topic, owner }: Topic, partition: number): RecordBatchBuilder {
    let appends = this.#open.get(topic)
    if (appends === undefined) this.#open.set(topic, (appends = []))
    const open = appends[partition]
    if (open !== undefined && open.batch.size < this.#sendBytesMax) return open.batch
    if (owner === 'gateway') this.#answerTopics.add(topic)
    const append = { target: { topic, partition }, batch: this.#new() }
    appends[partition] = append
    this.sends.push(append)
    return append.batch
  }
}
