// Group commit: while one group of frames is written and synced, the next one collects. No timer, no waiting for company.
import type { Frame } from './partition.js'
import type { SegmentRun } from './segment-run.js'

export class GroupCommit {
  /** Everything up to this frame number is synced, in every file. */
  synced: number
  #runs: readonly SegmentRun[] = []
  /** The last number of the group under way; `synced` when there is none. */
  #through: number
  #appended: number
  #underWay = 0
  #scheduled = false
  #startedAt = 0
  readonly #now: () => number
  readonly #done: (micros: number) => void
  readonly #start = (): void => {
    this.#scheduled = false
    if (this.#underWay === 0 && this.#appended > this.synced) this.#write()
  }

  /** `now` in milliseconds with a fraction; `done` is called after each group with its time in microseconds. */
  constructor(synced: number, now: () => number, done: (micros: number) => void) {
    this.synced = synced
    this.#through = synced
    this.#appended = synced
    this.#now = now
    this.#done = done
  }

  connect(runs: readonly SegmentRun[]): void {
    this.#runs = runs
  }

  /** The number that the next frame gets. */
  get nextNumber(): number {
    return this.#appended + 1
  }

  /** What will be synced for certain when the next frame is written: its group starts after the one under way has ended. */
  get syncedBefore(): number {
    return this.#through
  }

  /** True when nothing waits for the disk. */
  get idle(): boolean {
    return this.#underWay === 0 && this.#appended === this.synced
  }

  add(frame: Frame, run: SegmentRun): void {
    this.#appended = frame.number
    run.add(frame)
    if (this.#underWay === 0 && !this.#scheduled) {
      this.#scheduled = true
      setImmediate(this.#start)
    }
  }

  #write(): void {
    this.#startedAt = this.#now()
    const through = this.#appended
    const runs = this.#runs.filter((run) => run.hasPending)
    this.#through = through
    this.#underWay = runs.length
    for (const run of runs) run.write(this.synced, this.#partDone)
  }

  readonly #partDone = (): void => {
    if (--this.#underWay > 0) return
    this.synced = this.#through
    this.#done((this.#now() - this.#startedAt) * 1000)
    if (this.#underWay === 0 && this.#appended > this.synced) this.#write()
  }
}
