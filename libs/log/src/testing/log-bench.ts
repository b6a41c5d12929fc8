// What the contract tests of the log share: an open log, topics, and short ways to append, to read and to wait.
import { RecordBatchBuilder, RecordCursor, type Batch } from '#libs/batch'
import { catalogue } from '#libs/topics'
import type { EventLog, TopicPartition, Visibility } from '../event-log.js'

/** An adapter under test, on a place of its own that is empty at first. */
export interface LogHarness {
  open(): Promise<EventLog>
  /** Opens what the last log has left; that one was closed. */
  reopen(): Promise<EventLog>
  /** Lets the log go on a little. */
  progress(): Promise<void>
  dispose(): Promise<void>
}

const text = (bytes: Uint8Array, from: number, to: number): string =>
  from < 0 ? 'null' : Buffer.from(bytes.subarray(from, to)).toString()

/** The records of a batch as `offset key=value`. */
export function recordsOf(batch: Batch): string[] {
  const cursor = new RecordCursor()
  const records: string[] = []
  cursor.open(batch.bytes)
  while (cursor.next()) {
    const key = text(cursor.bytes, cursor.keyFrom, cursor.keyTo)
    records.push(`${cursor.offset} ${key}=${text(cursor.bytes, cursor.valueFrom, cursor.valueTo)}`)
  }
  return records
}

/** A builder with records given as `key=value`; the value `null` is a tombstone. */
export function batchOf(...records: string[]): RecordBatchBuilder {
  const builder = new RecordBatchBuilder()
  for (const record of records) {
    const [key = '', value = ''] = record.split('=')
    builder.add(Buffer.from(key), value === 'null' ? null : Buffer.from(value))
  }
  return builder
}

/** The records that `appendNumbers` makes, as `recordsOf` gives them. */
export const numbered = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => `${from + i} k=${from + i}`)

/** For readers that must not fail. */
export const raise = (error: unknown): void => {
  throw error
}

const first = (topic: { readonly name: string }): TopicPartition => ({ topic: topic.name, partition: 0 })
export const stream = first(catalogue.messages)
export const other: TopicPartition = { topic: catalogue.messages.name, partition: 1 }
export const inbox = first(catalogue.sessionInbox)
export const facts = first(catalogue.sessions)
export const secondFacts = first(catalogue.retained)
/** Kept in memory by a log of one process. */
export const fleeting = first(catalogue.authInbox)

/** The topics above, with two partitions each. */
export const wanted = [
  catalogue.messages,
  catalogue.sessionInbox,
  catalogue.sessions,
  catalogue.retained,
  catalogue.authInbox,
].map((topic) => ({ topic, partitions: 2 }))

export class LogBench {
  readonly harness: LogHarness
  log: EventLog

  private constructor(harness: LogHarness, log: EventLog) {
    this.harness = harness
    this.log = log
  }

  static async open(harness: LogHarness): Promise<LogBench> {
    const bench = new LogBench(harness, await harness.open())
    await bench.settled(bench.log.createTopics(wanted))
    return bench
  }

  async dispose(): Promise<void> {
    await this.settled(this.log.close())
    await this.harness.dispose()
  }

  /** Closes the log and opens it again. */
  async restart(): Promise<void> {
    await this.settled(this.log.close())
    this.log = await this.harness.reopen()
    await this.settled(this.log.createTopics(wanted))
  }

  /** Lets the log go on until the condition holds, at most ten seconds. */
  async until(condition: () => boolean): Promise<void> {
    const deadline = Date.now() + 10_000
    while (!condition()) {
      if (Date.now() > deadline) throw new Error('what was waited for did not happen')
      await this.harness.progress()
    }
  }

  /** Lets the log go on until the promise has an outcome. */
  async settled<T>(promise: Promise<T>): Promise<T> {
    let done = false
    promise.then(
      () => (done = true),
      () => (done = true),
    )
    await this.until(() => done)
    return promise
  }

  /** Lets the log go on until everything appended so far is stored. */
  async stored(): Promise<void> {
    let done = false
    this.log.barrier(() => (done = true))
    await this.until(() => done)
  }

  /** Reads from an offset on; what is read appears in the answer. */
  follow(target: TopicPartition, from: number | 'end', visibility: Visibility = 'stored'): string[] {
    const seen: string[] = []
    const handle = (batch: Batch): void => void seen.push(...recordsOf(batch))
    this.log.read(target, { from, visibility, handle, failed: (error) => seen.push(String(error)) })
    return seen
  }

  async stateOf(target: TopicPartition): Promise<string[]> {
    const seen: string[] = []
    await this.settled(this.log.readState(target, (batch) => seen.push(...recordsOf(batch))))
    return seen
  }

  /** Appends `k=from` to `k=to - 1`, three to a batch. */
  appendNumbers(target: TopicPartition, from: number, to: number): void {
    const builder = new RecordBatchBuilder()
    for (let i = from; i < to;) {
      builder.reset()
      for (let n = 0; n < 3 && i < to; n++, i++) builder.add(Buffer.from('k'), Buffer.from(String(i)))
      this.log.append(target, builder)
    }
  }
}
