// The shape of a pure service: what session, subscription and delivery are to the runtime that runs them on a log.
import type { ByteReader, ByteWriter, Millis } from '#libs/base'
import type { Batch } from '#libs/batch'
import type { ServiceName, Topic } from '#libs/topics'

/** Where this instance stands: its partition and how many there are of each sort. */
export interface Placement {
  readonly partition: number
  readonly clientPartitions: number
  readonly topicPartitions: number
}

/** How a service's facts become records of its state topics. Keys are typed: a kind byte first (0 is the runtime's own). */
export interface FactCodec<Fact> {
  /** 0: the main state topic, 1: the second one. */
  topicOf(fact: Fact): 0 | 1
  writeKey(writer: ByteWriter, fact: Fact): void
  /** False writes a tombstone: the key has no value any more. */
  writeValue(writer: ByteWriter, fact: Fact): boolean
  /** `value` undefined is a tombstone. Gives undefined for a record that needs no applying. */
  read(topic: 0 | 1, key: ByteReader, value: ByteReader | undefined): Fact | undefined
}

/** What a decision is written into; reused for every batch. */
export interface Outcome<Fact> {
  /** Records the fact and applies it at once, so that what is decided next sees it. */
  fact(fact: Fact): void
  /** A scratch writer, empty, for the value of the next `send`. */
  value(): ByteWriter
  /** Sends the scratch value (or the given one) to a partition. `key`: UTF-8 text or bytes, null for none. */
  send(topic: Topic, partition: number, key: string | null, value?: ByteWriter): void
  /**
   * Publishes a message to tbmq.msg.all: key is the topic name, value the payload, `meta` the publish metadata.
   */
  publish(topicName: string, payload: Uint8Array, meta: ByteWriter): void
}

/** A service: pure, one state per partition. `decide` reads the state and writes the outcome; only `apply` changes the state. */
export interface Service<State, Fact> {
  readonly name: ServiceName
  /** The main state topic, and perhaps a second one whose facts are stored before the main one's. */
  readonly states: readonly [Topic] | readonly [Topic, Topic]
  /** Its inbox first; then streams it follows partition by partition; topics of one partition are read whole by every partition. */
  readonly inputs: readonly Topic[]
  readonly facts: FactCodec<Fact>
  empty(placement: Placement): State
  apply(state: State, fact: Fact): void
  /** One batch of one of the inputs, in the order of the log. */
  decide(state: State, batch: Batch, now: Millis, outcome: Outcome<Fact>): void
  /** Fires what is due at `now`; gives when to call again, undefined for never. */
  tick(state: State, now: Millis, outcome: Outcome<Fact>): Millis | undefined
  /** The earliest deadline of the state, undefined for none; asked after each batch, so it must cost next to nothing. */
  nextWake(state: State): Millis | undefined
  /** Called once after a restore, before the first input: what must be sent again or asked for. */
  restored?(state: State, now: Millis, outcome: Outcome<Fact>): void
  /**
   * For a service whose state follows from its inbox itself (delivery's queues): where replaying must begin (undefined: at the
   * saved position), and the replay of one batch up to the saved position, which sends nothing and writes no fact.
   */
  replayFrom?(state: State): number | undefined
  replay?(state: State, batch: Batch, now: Millis): void
  /**
   * Partitions to which it sends without a fact (what a matcher routes). A new owner on a log of several processes writes to them
   * first, so that the owner before is refused there.
   */
  targets?(state: State): Iterable<{ readonly topic: string; readonly partition: number }>
  /** The inbox may be forgotten before this offset; never asked beyond the saved position. Undefined: up to that position. */
  keepFrom?(state: State): number | undefined
}
