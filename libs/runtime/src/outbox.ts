// The outbox of a partition, for a log that may store the facts of a commit and not its sends: what was decided to be sent is written
// down with the facts, and sent again by the next owner until all of it has arrived.
//
//   value of an outbox: count varint, then per append: answer u8 (1: to a gateway) · topic text · partition varint · batch with its length
import { ByteReader, ByteWriter } from '#libs/base'
import { RecordBatchBuilder } from '#libs/batch'
import type { Append } from '#libs/log'
import type { CommitBuilder } from './commit-builder.js'

/** What may not have arrived of one commit. */
export interface OpenOutbox {
  readonly number: number
  readonly sends: readonly Append[]
  /** To gateways: after the others. */
  readonly answers: readonly Append[]
}

export class Outbox {
  /** Number of the last commit with sends. */
  #last = 0
  /** Written down and, as far as the log knows, not all arrived. */
  readonly #open = new Map<number, Uint8Array>()
  #arrived: number[] = []
  readonly #writer = new ByteWriter(4096)

  restoreNumber(number: number): void {
    this.#last = Math.max(this.#last, number)
  }

  restore(number: number, sends: Uint8Array | undefined): void {
    if (sends === undefined) this.#open.delete(number)
    else this.#open.set(number, sends)
  }

  /** Number of the commit that is being decided. */
  get next(): number {
    return this.#last + 1
  }

  /** Writes the commit's sends down among its facts; returns their number. */
  write<State, Fact>(commit: CommitBuilder<State, Fact>): number {
    const number = ++this.#last
    const writer = this.#writer.reset()
    writer.varint(commit.sends.length)
    for (const append of commit.sends) {
      const { target, batch } = append
      writer.u8(commit.isAnswer(append) ? 1 : 0)
      writer.text(target.topic)
      writer.varint(target.partition)
      writer.bytes(batch.bytes)
    }
    commit.own({ kind: 'number', number })
    commit.own({ kind: 'outbox', number, sends: writer.view() })
    return number
  }

  /** All sends of that commit are with their receivers. */
  arrived(number: number): void {
    this.#arrived.push(number)
  }

  /** What has arrived need not be remembered: goes with the next facts. */
  forget<State, Fact>(commit: CommitBuilder<State, Fact>): void {
    for (const number of this.#arrived) commit.own({ kind: 'outbox', number, sends: undefined })
    this.#arrived = []
  }

  get hasArrived(): boolean {
    return this.#arrived.length > 0
  }

  /** What has to be sent again after a restore, oldest first. */
  take(): readonly OpenOutbox[] {
    const open = [...this.#open].sort(([a], [b]) => a - b)
    this.#open.clear()
    return open.map(([number, bytes]) => ({ number, ...appendsOf(bytes) }))
  }
}

function appendsOf(bytes: Uint8Array): { sends: Append[]; answers: Append[] } {
  const reader = new ByteReader(bytes)
  const sends: Append[] = []
  const answers: Append[] = []
  for (let left = reader.varint(); left > 0; left--) {
    const list = reader.u8() === 1 ? answers : sends
    const target = { topic: reader.text(), partition: reader.varint() }
    const batch = new RecordBatchBuilder(256)
    batch.load(reader.bytes())
    list.push({ target, batch })
  }
  return { sends, answers }
}
