// The memory log as one process sees it: the port. It can be killed at any step.
import { copyOf } from '#libs/base'
import type { Batch, RecordBatchBuilder } from '#libs/batch'
import type { Topic } from '#libs/topics'
import type {
  Append,
  Claim,
  EventLog,
  LogFailure,
  Reader,
  ReaderOptions,
  Stored,
  TopicPartition,
} from '../event-log.js'
import type { Actor } from './actor.js'
import { Lane, type Producer } from './lane.js'
import type { MemoryLog } from './memory-log.js'
import type { MemoryPartition } from './memory-partition.js'
import { MemoryReader } from './memory-reader.js'

const closedFailure: LogFailure = { kind: 'closed', sentence: 'the log is closed' }

/** Something asked of the log, or of these partitions of it, whose answer takes a step. */
class Question implements Actor {
  readonly act: () => void
  readonly #client: MemoryClient
  readonly #asked: readonly MemoryPartition[]
  constructor(client: MemoryClient, asked: readonly MemoryPartition[], act: () => void) {
    this.#client = client
    this.#asked = asked
    this.act = act
  }

  get ready(): boolean {
    return this.#client.listens && this.#asked.every((partition) => this.#client.reaches(partition))
  }
}

/** An append of a commit, copied out of its builder. */
interface Copy {
  readonly partition: MemoryPartition
  readonly bytes: Uint8Array
  readonly count: number
}

/** The commits of one claim whose facts are not all acknowledged: one at a time. When facts fail, so does all that follows. */
class CommitRow {
  /** Why nothing of this claim is stored any more. */
  failure: LogFailure | undefined
  #waiting: (() => void)[] = []
  #busy = false

  push(start: () => void): void {
    if (this.#busy) this.#waiting.push(start)
    else {
      this.#busy = true
      start()
    }
  }

  next(): void {
    const start = this.#waiting.shift()
    if (start === undefined) this.#busy = false
    else start()
  }
}

export class MemoryClient implements EventLog {
  /** True while its process stands still: what it has sent goes on, but it hears and reads nothing. */
  paused = false
  /** False while its process cannot reach the log: nothing lands, nothing is read, nothing comes back. */
  connected = true
  readonly #log: MemoryLog
  /** The ways to these are broken. */
  readonly #lost = new Set<MemoryPartition>()
  #open = true
  readonly #lanes = new Map<MemoryPartition, Lane>()
  readonly #readers = new Set<MemoryReader>()
  readonly #questions = new Set<Question>()
  /** Appends of a `cluster` log that are not acknowledged yet, by running number, and what waits for some of them. */
  readonly #unacknowledged = new Set<number>()
  #flights = 0
  #barriers: { readonly left: Set<number>; readonly stored: () => void }[] = []

  constructor(log: MemoryLog) {
    this.#log = log
  }

  get atomicCommit(): boolean {
    return this.#log.shape === 'oneProcess'
  }

  readonly pressure = 'none'

  get writable(): boolean {
    return this.#log.reachable && this.connected
  }

  /** True when something can come back to it. */
  get listens(): boolean {
    return this.connected && !this.paused
  }

  /** True when the partition has a leader to which the way is not broken. */
  reaches(partition: MemoryPartition): boolean {
    return partition.reachable && !this.#lost.has(partition)
  }

  /**
   * One machine of a `cluster` log cannot be reached from here, though others reach it: the ways to some partitions (or to that which is
   * named) are broken until the result is called. What is on them arrives then, also when this process is dead.
   */
  losePaths(target?: TopicPartition): () => void {
    const lost = target === undefined ? this.#log.somePartitions() : [this.#log.partition(target)]
    for (const partition of lost) this.#lost.add(partition)
    return () => {
      for (const partition of lost) this.#lost.delete(partition)
    }
  }

  createTopics(topics: readonly { readonly topic: Topic; readonly partitions: number }[]): Promise<void> {
    return this.#ask(() => {
      for (const { topic, partitions } of topics) this.#log.createTopic(topic, partitions)
    })
  }

  append(target: TopicPartition, batch: RecordBatchBuilder, stored?: Stored): void {
    this.#append(target, batch, undefined, stored ?? (() => {}))
  }

  async claim(service: string, partition: number, states: readonly TopicPartition[]): Promise<Claim> {
    const id = `${service}-${partition}`
    const asked = states.map((target) => this.#log.partition(target))
    const epoch = await this.#ask(() => this.#log.claim(id, states), asked)
    const outbox = new CommitRow()
    let released = false
    return {
      commit: (facts, sends, stored) => {
        if (released) this.#later(() => stored({ kind: 'refused', sentence: 'the claim was released' }, -1))
        else this.#commit({ id, epoch }, outbox, facts, sends, stored)
      },
      release: () => {
        released = true
        return Promise.resolve()
      },
    }
  }

  readState(target: TopicPartition, visit: (batch: Batch) => void): Promise<number> {
    const partition = this.#log.partition(target)
    const read = (): number => {
      const end = partition.endOffset
      for (const batch of partition.batches) visit(batch)
      return end
    }
    return this.#ask(read, [partition])
  }

  read(target: TopicPartition, options: ReaderOptions): Reader {
    const reader = new MemoryReader(this, this.#log.partition(target), options, (ended) => {
      this.#readers.delete(ended)
      this.#log.removeActor(ended)
    })
    this.#readers.add(reader)
    this.#log.addActor(reader)
    return reader
  }

  startOffset(target: TopicPartition): number {
    return this.#log.partition(target).startOffset
  }

  endOffset(target: TopicPartition): number {
    return this.#log.partition(target).endOffset
  }

  trim(target: TopicPartition, before: number): void {
    this.barrier(() => this.#log.partition(target).trim(before))
  }

  barrier(stored: () => void): void {
    if (this.atomicCommit) this.#log.mark(() => this.#ifOpen(stored))
    else if (this.#unacknowledged.size === 0) this.#later(stored)
    else this.#barriers.push({ left: new Set(this.#unacknowledged), stored })
  }

  async close(): Promise<void> {
    if (!this.#open) return
    if (this.atomicCommit) this.#log.storeAll()
    else for (const lane of this.#lanes.values()) lane.flush()
    await Promise.all([...this.#readers].map((reader) => reader.close()))
    this.crash()
  }

  /** Ends the process: no callback of this client is ever called again. */
  crash(): void {
    this.#open = false
    for (const reader of [...this.#readers]) reader.kill()
    for (const question of this.#questions) this.#log.removeActor(question)
    for (const lane of this.#lanes.values()) lane.orphan()
    this.#log.clientEnded(this)
  }

  #append(
    target: TopicPartition,
    batch: RecordBatchBuilder,
    producer: Producer | undefined,
    stored: Stored,
  ): void {
    if (!this.#open) return this.#later(() => stored(closedFailure, -1))
    const partition = this.#log.partition(target)
    if (this.atomicCommit) this.#log.appendNow(partition, batch, false, this.#whileOpen(stored))
    else this.#fly(partition, copyOf(batch.bytes), batch.count, producer, stored)
  }

  #fly(
    partition: MemoryPartition,
    bytes: Uint8Array,
    count: number,
    producer: Producer | undefined,
    stored: Stored,
  ): void {
    let lane = this.#lanes.get(partition)
    if (lane === undefined) {
      lane = new Lane(partition, this.#log, this)
      this.#lanes.set(partition, lane)
      this.#log.addActor(lane)
    }
    const flight = this.#flights++
    this.#unacknowledged.add(flight)
    const done: Stored = (failure, baseOffset) => {
      if (!this.#open) return
      stored(failure, baseOffset)
      this.#acknowledged(flight)
    }
    lane.push({ bytes, count, producer, done })
  }

  #acknowledged(flight: number): void {
    this.#unacknowledged.delete(flight)
    for (const { left } of this.#barriers) left.delete(flight)
    const due = this.#barriers.filter(({ left }) => left.size === 0)
    this.#barriers = this.#barriers.filter(({ left }) => left.size > 0)
    for (const { stored } of due) stored()
  }

  #commit(
    producer: Producer,
    row: CommitRow,
    facts: readonly Append[],
    sends: readonly Append[],
    stored: Stored,
  ): void {
    if (!this.#open) return this.#later(() => stored(closedFailure, -1))
    if (this.atomicCommit) return this.#commitWhole(producer, facts, sends, stored)
    const copiesOf = (appends: readonly Append[]): readonly Copy[] =>
      appends.map(({ target, batch }) => ({
        partition: this.#log.partition(target),
        bytes: copyOf(batch.bytes),
        count: batch.count,
      }))
    const factCopies = copiesOf(facts)
    const sendCopies = copiesOf(sends)
    row.push(() => this.#facts(producer, row, factCopies, sendCopies, stored))
  }

  /** One fact after the other, then all sends; the facts of the next commit follow those of this one. */
  #facts(
    producer: Producer,
    row: CommitRow,
    facts: readonly Copy[],
    sends: readonly Copy[],
    stored: Stored,
    base = -1,
  ): void {
    if (row.failure !== undefined) {
      stored(row.failure, -1)
      row.next()
      return
    }
    const [fact, ...rest] = facts
    if (fact === undefined) {
      this.#sends(producer, sends, stored, base)
      row.next()
      return
    }
    this.#fly(fact.partition, fact.bytes, fact.count, producer, (failure, offset) => {
      if (failure === undefined) return this.#facts(producer, row, rest, sends, stored, offset)
      row.failure = failure
      stored(failure, -1)
      row.next()
    })
  }

  #sends(producer: Producer, sends: readonly Copy[], stored: Stored, base: number): void {
    let left = sends.length
    let failed: LogFailure | undefined
    if (left === 0) return base < 0 ? this.barrier(() => stored(undefined, -1)) : stored(undefined, base)
    let first = base
    for (const { partition, bytes, count } of sends) {
      this.#fly(partition, bytes, count, producer, (failure, offset) => {
        failed ??= failure
        if (base < 0) first = offset
        if (--left === 0) stored(failed, first)
      })
    }
  }

  #commitWhole(producer: Producer, facts: readonly Append[], sends: readonly Append[], stored: Stored): void {
    if (this.#log.epochOf(producer.id) > producer.epoch) {
      this.#log.writerRefused()
      return this.#later(() =>
        stored({ kind: 'refused', sentence: 'another owner has claimed the partition' }, -1),
      )
    }
    const all = [...facts, ...sends]
    let base = -1
    for (const [i, { target, batch }] of all.entries()) {
      const partition = this.#log.partition(target)
      if (i < facts.length || facts.length === 0) base = partition.endOffset
      const last = i === all.length - 1
      const told = last ? this.#whileOpen((failure) => stored(failure, base)) : undefined
      this.#log.appendNow(partition, batch, !last, told)
    }
    if (all.length === 0) this.barrier(() => stored(undefined, -1))
  }

  #ask<Answer>(question: () => Answer, asked: readonly MemoryPartition[] = []): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#later(() => {
        try {
          resolve(question())
        } catch (error) {
          reject(error)
        }
      }, asked)
    })
  }

  #later(act: () => void, asked: readonly MemoryPartition[] = []): void {
    const question = new Question(this, asked, () => {
      this.#questions.delete(question)
      this.#log.removeActor(question)
      act()
    })
    this.#questions.add(question)
    this.#log.addActor(question)
  }

  #whileOpen(stored: Stored): Stored {
    return (failure, baseOffset) => {
      if (this.#open) stored(failure, baseOffset)
    }
  }

  #ifOpen(call: () => void): void {
    if (this.#open) call()
  }
}
