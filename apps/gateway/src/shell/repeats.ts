// What comes to a gateway twice on a log of several processes: an owner died between its facts and their sends, and the next one sent
// them again; or a matcher routed from an older position once more. The first know their origin, the others their offsets.
import type { RecordCursor } from '#libs/batch'
import { originOf, Origins } from '#libs/runtime'
import { messageRunKind, passingRunKind, RunReader } from '#libs/topics'

export class Repeats {
  /** Records that were dropped. */
  dropped = 0
  /** Of the record asked about last: messages before this offset have come before, and are not for anybody again. */
  newFrom = 0
  readonly #origins = new Origins()
  /** Per partition of tbmq.msg.all: the highest offset that a run has brought, plus one. */
  readonly #routes: number[] = []
  readonly #run = new RunReader()
  readonly #incarnation: number

  constructor(incarnation: number) {
    this.#incarnation = incarnation
  }

  /** True when the cursor's record has come before. */
  has(cursor: RecordCursor): boolean {
    const origin = originOf(cursor)
    this.newFrom = 0
    const isRepeat =
      origin !== undefined ? this.#origins.repeats(origin) : isRun(cursor) && this.#isRouted(cursor)
    if (isRepeat) this.dropped++
    return isRepeat
  }

  /**
   * Where a run ends depends on all its receivers, so that the next matcher may send what came before and what is new in one. What is
   * for an earlier life says nothing: a matcher that has not heard of that one's end writes the same messages once for each life.
   */
  #isRouted({ bytes, valueFrom, valueTo }: RecordCursor): boolean {
    const run = this.#run
    run.open(bytes, valueFrom, valueTo)
    if (run.incarnation !== this.#incarnation) return false
    const seen = this.#routes[run.partition] ?? 0
    let first = Infinity
    let next = 0
    for (let item = run.next(); item !== 'end'; item = run.next()) {
      if (item !== 'message') continue
      first = Math.min(first, run.offset)
      next = run.offset + 1
    }
    if (next === 0) return false
    if (next <= seen) return true
    if (first < seen) this.newFrom = seen
    this.#routes[run.partition] = next
    return false
  }
}

function isRun({ bytes, valueFrom }: RecordCursor): boolean {
  const kind = bytes[valueFrom]
  return kind === messageRunKind || kind === passingRunKind
}
