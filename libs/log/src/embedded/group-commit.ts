// Group commit: while one group of frames is written and synced, the next one collects. What somebody waits for is written at once; what
// nobody waits for goes with it, or a moment later.
import type { Frame } from './partition.js'
import type { SegmentRun } from './segment-run.js'

/** Frames that nobody waits for are written after so many milliseconds, or when there are so many bytes of them. */
const patienceMillis = 10
const patienceBytes = 64 * 1024

export class GroupCommit {
  /** Everything up to this frame number is synced, in every file. */
  synced: number
  #runs: readonly SegmentRun[] = []
  /** The last number of the group under way; `synced` when there is none. */
  #through: number
  #appended: number
  /** The last number that somebody waits for. */
  #awaited: number
  /** Bytes appended since the last group was begun. */
  #collected = 0
  #underWay = 0
  #scheduled = false
  #patience: NodeJS.Timeout | undefined
  #stopped = false
  #startedAt = 0
  readonly #now: () => number
  readonly #done: (micros: number) => void
  readonly #start = (): void => {
    this.#scheduled = false
    if (this.#underWay === 0 && this.#appended > this.synced) this.#write()
  }
  readonly #patienceEnds = (): void => {
    this.#patience = undefined
    this.#start()
  }

  /** `now` in milliseconds with a fraction; `done` is called after each group with its time in microseconds. */
  constructor(synced: number, now: () => number, done: (micros: number) => void) {
    this.synced = synced
    this.#through = synced
    this.#appended = synced
    this.#awaited = synced
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

  /** The frame is written with the next group. */
  add(frame: Frame, run: SegmentRun): void {
    this.#appended = frame.number
    run.add(frame)
    this.#collected += frame.bytes.length
    if (this.#collected >= patienceBytes) this.hurry()
    else this.#patience ??= setTimeout(this.#patienceEnds, patienceMillis)
  }

  /** Somebody waits for what was added so far: it is written at the end of this turn, or right after the group under way. */
  hurry(): void {
    if (this.#awaited === this.#appended) return
    this.#awaited = this.#appended
    if (this.#underWay > 0 || this.#scheduled) return
    this.#scheduled = true
    setImmediate(this.#start)
  }

  /** Begins no group any more. */
  stop(): void {
    this.#stopped = true
    clearTimeout(this.#patience)
  }

  #write(): void {
    if (this.#stopped) return
    this.#startedAt = this.#now()
    const through = this.#appended
    const runs = this.#runs.filter((run) => run.hasPending)
    this.#through = through
    this.#collected = 0
    this.#underWay = runs.length
    for (const run of runs) run.write(this.synced, this.#partDone)
  }

  readonly #partDone = (): void => {
    if (this.#underWay > 1) {
      this.#underWay--
      return
    }
    this.synced = this.#through
    this.#done((this.#now() - this.#startedAt) * 1000)
    this.#underWay = 0
    if (this.#awaited > this.synced) this.#write()
    else if (this.#appended > this.synced) this.#patience ??= setTimeout(this.#patienceEnds, patienceMillis)
  }
}
