// The life of one partition of a service: claim, restore, replay, run, and all over again when something fails.
// What a service decides about one batch is one commit. A failed append is not undone: the state is dropped and restored.
import { assert, type Millis } from '#libs/base'
import type { Batch } from '#libs/batch'
import type { Claim, EventLog, LogFailure, Reader, TopicPartition } from '#libs/log'
import type { Placement, Service } from '#libs/service'
import type { Topic } from '#libs/topics'
import type { Clock } from './clock.js'
import { CommitBuilder } from './commit-builder.js'
import { restore } from './restore.js'

/** Positions that moved without a fact are saved this often. */
const savePositionsMillis = 1000
/** After a failure the partition waits this long before it claims and restores again. */
const againMillis = 250
/** A batch that makes the service throw this often is passed over, loudly: a partition that stands still helps nobody. */
const attemptsMax = 3

export interface PartitionOptions<State, Fact> {
  readonly log: EventLog
  readonly service: Service<State, Fact>
  readonly placement: Placement
  readonly clock: Clock
  /** How a batch gets to `take`; an app leads it through Nest. */
  readonly deliver?: (partition: Partition<State, Fact>, batch: Batch) => void | Promise<void>
  /** Something went wrong and the partition starts again. */
  readonly failed: (sentence: string, error: unknown) => void
  /** Called with the state when it has been restored, and with undefined when it has been dropped: for shells. */
  readonly restored?: (state: State | undefined) => void
}

/** One partition of one service on a log. */
export class Partition<State, Fact> {
  readonly #options: PartitionOptions<State, Fact>
  #state: State | undefined
  #commit: CommitBuilder<State, Fact> | undefined
  #claim: Claim | undefined
  #readers: Reader[] = []
  /** Per input: the next offset to read, and the one that the log knows. */
  #positions: number[] = []
  #saved: number[] = []
  #cancelWake: (() => void) | undefined
  #wakeAt = Infinity
  #cancelSave: (() => void) | undefined
  #stopped = false
  #failedBatch = ''
  #failures = 0
  #life = 0
  /** Requests that wait for a stream. */
  readonly #waiting: (() => void)[] = []

  constructor(options: PartitionOptions<State, Fact>) {
    this.#options = options
  }

  /** The state, once restored: for reading only. */
  get state(): State | undefined {
    return this.#state
  }

  /** True once restored and reading. */
  get ready(): boolean {
    return this.#readers.length > 0
  }

  /** Records of the inputs that have not been read yet. */
  get lag(): number {
    const { log } = this.#options
    let lag = 0
    for (const [input, target] of this.#targets.entries()) {
      lag += log.endOffset(target) - (this.#positions[input] ?? 0)
    }
    return lag
  }

  /** Offset of the inbox up to which the log knows what was decided. */
  get savedPosition(): number {
    return this.#saved[0] ?? 0
  }

  /** Resolves when the partition has been restored and reads its inputs. */
  async start(): Promise<void> {
    const { log, service, placement, clock } = this.#options
    const life = ++this.#life
    const { partition } = placement
    const states = service.states.map((topic) => ({ topic: topic.name, partition }))
    this.#claim = await log.claim(service.name, partition, states)
    const [inbox] = this.#targets
    assert(inbox !== undefined, 'a service has an inbox')
    const { state, positions } = await restore(log, service, placement, inbox, clock.now())
    if (this.#stopped || life !== this.#life) return
    this.#saved = positions
    this.#positions = [...positions]
    this.#state = state
    const { topicPartitions } = placement
    this.#commit = new CommitBuilder(service, state, partition, topicPartitions)
    this.#options.restored?.(state)
    if (service.restored !== undefined) {
      service.restored(state, clock.now(), this.#commit)
      this.#store()
    }
    this.#tick(clock.now())
    this.#openReaders()
  }

  /** Stops reading and saves the positions; resolves when they are stored. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#close()
    const { log } = this.#options
    if (this.#commit !== undefined) this.#savePositions()
    await new Promise<void>((resolve) => {
      log.barrier(resolve)
    })
    await this.#claim?.release()
  }

  /** Decides about one batch and commits the outcome. A throw of the service drops the partition and restores it. */
  take(batch: Batch): void {
    try {
      this.#decide(batch)
    } catch (error) {
      this.failedAt(batch, error)
    }
  }

  #decide(batch: Batch): void {
    const { service, clock } = this.#options
    const state = this.#state
    const commit = this.#commit
    if (state === undefined || commit === undefined) return
    const input = this.#inputOf(batch)
    const from = this.#positions[input] ?? 0
    if (batch.nextOffset <= from) return
    const now = Math.max(clock.now(), batch.appendTime)
    if (this.#wakeAt <= batch.appendTime) this.#tick(batch.appendTime)
    service.decide(state, batch, now, commit)
    this.#positions[input] = batch.nextOffset
    this.#store()
    this.#schedule(now)
    if (this.#waiting.length > 0) this.#advanced()
  }

  /** Lets the service decide something that no batch brought: what a shell has to tell it. */
  run(decide: (state: State, now: Millis, commit: CommitBuilder<State, Fact>) => void): void {
    if (this.#state === undefined || this.#commit === undefined) return
    decide(this.#state, this.#options.clock.now(), this.#commit)
    this.#store()
  }

  get #targets(): TopicPartition[] {
    const { service, placement } = this.#options
    return service.inputs.map((topic) => ({
      topic: topic.name,
      partition: topic.partitioning === 'one' ? 0 : placement.partition,
    }))
  }

  #inputOf(batch: Batch): number {
    const index = this.#options.service.inputs.findIndex((topic) => topic.name === batch.topic)
    if (index < 0) throw new Error(`${this.#options.service.name} does not read ${batch.topic}`)
    return index
  }

  #openReaders(): void {
    const { log, deliver } = this.#options
    this.#readers = this.#targets.map((target, input) => {
      const from = this.#startOf(target, input)
      return log.read(target, {
        from,
        visibility: 'appended',
        handle: (batch) => {
          const ends = input === 0 ? this.#streamsAhead() : undefined
          if (ends !== undefined) return this.#afterStreams(ends, batch)
          if (deliver === undefined) this.take(batch)
          else return deliver(this, batch)
        },
        failed: (error) => {
          this.#fail('reading failed', error)
        },
      })
    })
  }

  /** The saved position; never a silent jump when the log has forgotten what lies there. */
  #startOf(target: TopicPartition, input: number): number {
    const position = this.#positions[input] ?? 0
    const start = this.#options.log.startOffset(target)
    if (position >= start) return position
    if (position > 0) {
      const missing = `records ${String(position)} to ${String(start - 1)} of ${target.topic}`
      this.#options.failed(`${missing} are no longer there and were never read`, undefined)
    }
    return (this.#positions[input] = start)
  }

  /** The ends of streams that have not been read as far as they go now; undefined when all have. */
  #streamsAhead(): readonly number[] | undefined {
    const { log, service } = this.#options
    let ends: number[] | undefined
    for (const [input, target] of this.#targets.entries()) {
      if (service.inputs[input]?.kind !== 'stream') continue
      const end = log.endOffset(target)
      if (end > (this.#positions[input] ?? 0)) (ends ??= [])[input] = end
    }
    return ends
  }

  /**
   * A request is decided when the streams have been read to an end fetched after it arrived: what was published before a SUBSCRIBE
   * was appended is routed before it.
   */
  async #afterStreams(ends: readonly number[], batch: Batch): Promise<void> {
    const life = this.#life
    const behind = (): boolean => ends.some((end, input) => (this.#positions[input] ?? 0) < end)
    while (behind() && life === this.#life && this.ready) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
    if (life !== this.#life || !this.ready) return
    const { deliver } = this.#options
    if (deliver === undefined) this.take(batch)
    else await deliver(this, batch)
  }

  #advanced(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  /** The batch could not be taken: drop the state, restore, try it again; after some attempts pass it over. */
  failedAt(batch: Batch, error: unknown): void {
    const name = `${batch.topic} partition ${String(batch.partition)} offset ${String(batch.baseOffset)}`
    this.#failures = this.#failedBatch === name ? this.#failures + 1 : 1
    this.#failedBatch = name
    if (this.#failures < attemptsMax) {
      this.#fail(`a batch could not be taken: ${name}`, error)
      return
    }
    this.#failures = 0
    this.#options.failed(`a batch is passed over after ${String(attemptsMax)} attempts: ${name}`, error)
    const input = this.#inputOf(batch)
    this.#commit?.reset()
    this.#commit?.position(input, batch.nextOffset)
    this.#positions[input] = batch.nextOffset
    this.#store()
    this.#fail(`restored after passing over a batch: ${name}`, error)
  }

  #fail(sentence: string, error: unknown): void {
    if (this.#stopped) return
    const { clock, failed, restored } = this.#options
    failed(sentence, error)
    this.#life++
    this.#state = undefined
    this.#commit = undefined
    restored?.(undefined)
    void this.#close().then(() => {
      if (this.#stopped) return
      clock.after(againMillis, () => {
        if (this.#stopped) return
        this.start().catch((again: unknown) => {
          this.#fail('restoring failed', again)
        })
      })
    })
  }

  async #close(): Promise<void> {
    this.#cancelWake?.()
    this.#cancelSave?.()
    this.#cancelWake = this.#cancelSave = undefined
    this.#wakeAt = Infinity
    const readers = this.#readers
    this.#readers = []
    this.#advanced()
    await Promise.all(readers.map((reader) => reader.close()))
  }

  /** One commit of all that was decided; without facts the positions are saved later. */
  #store(): void {
    const commit = this.#commit
    if (commit === undefined) return
    if (commit.empty) {
      this.#saveLater()
      return
    }
    const positions = commit.hasFacts ? this.#recordPositions(commit) : undefined
    if (positions === undefined) this.#saveLater()
    commit.finish()
    const life = this.#life
    this.#claim?.commit(commit.facts, commit.sends, (failure) => {
      this.#stored(life, failure, positions)
    })
    commit.reset()
  }

  #stored(life: number, failure: LogFailure | undefined, positions: readonly number[] | undefined): void {
    if (life !== this.#life) return
    if (failure !== undefined) {
      if (failure.kind !== 'closed') this.#fail(`a commit was not stored: ${failure.sentence}`, undefined)
      return
    }
    if (positions === undefined) return
    this.#saved = [...positions]
    this.#trim()
  }

  #recordPositions(commit: CommitBuilder<State, Fact>): readonly number[] {
    for (const [input, offset] of this.#positions.entries()) {
      if (offset !== this.#saved[input]) commit.position(input, offset)
    }
    return [...this.#positions]
  }

  #saveLater(): void {
    this.#cancelSave ??= this.#options.clock.after(savePositionsMillis, () => {
      this.#cancelSave = undefined
      this.#savePositions()
    })
  }

  #savePositions(): void {
    const commit = this.#commit
    if (commit === undefined || this.#positions.every((offset, input) => offset === this.#saved[input]))
      return
    this.#recordPositions(commit)
    this.#store()
  }

  #trim(): void {
    const { log, service } = this.#options
    const state = this.#state
    for (const [input, target] of this.#targets.entries()) {
      const topic = service.inputs[input]
      const saved = this.#saved[input]
      if (saved === undefined || topic === undefined || !trimmable(topic)) continue
      const keep = input === 0 && state !== undefined ? service.keepFrom?.(state) : undefined
      log.trim(target, Math.min(saved, keep ?? saved))
    }
  }

  #tick(now: Millis): void {
    const { service } = this.#options
    if (this.#state === undefined || this.#commit === undefined) return
    const next = service.tick(this.#state, now, this.#commit)
    this.#store()
    this.#wake(next)
  }

  /** After a batch the next deadline may be another one. */
  #schedule(now: Millis): void {
    const { service } = this.#options
    if (this.#state === undefined || this.#commit === undefined) return
    const next = service.nextWake(this.#state)
    if (next !== undefined && next <= now) this.#tick(now)
    else this.#wake(next)
  }

  #wake(next: Millis | undefined): void {
    const at = next ?? Infinity
    if (at === this.#wakeAt) return
    this.#cancelWake?.()
    this.#cancelWake = undefined
    this.#wakeAt = at
    if (at === Infinity) return
    const { clock } = this.#options
    this.#cancelWake = clock.after(at - clock.now(), () => {
      this.#cancelWake = undefined
      this.#wakeAt = Infinity
      this.#alarm()
    })
  }

  /** The clock alone fires a deadline only when the inbox has been read to its end. */
  #alarm(): void {
    const { clock, log } = this.#options
    const target = this.#targets[0]
    const behind = target !== undefined && log.endOffset(target) > (this.#positions[0] ?? 0)
    if (behind) this.#wake(clock.now() + 10)
    else this.#tick(clock.now())
  }
}

/** State topics without an owner (leases) are compacted, not trimmed by who reads them. */
function trimmable(topic: Topic): boolean {
  return topic.retention.kind !== 'compacted'
}
