// The life of one partition of a service: claim, restore, replay, run, and all over again when something fails.
// What a service decides about one batch is one commit. A failed append is not undone: the state is dropped and restored. On a log that
// may cut a commit short, sends are numbered and written down with the facts (outbox.ts), and what comes twice is dropped (input.ts).
import type { Millis } from '#libs/base'
import type { Batch } from '#libs/batch'
import type { Claim, EventLog, LogFailure } from '#libs/log'
import { UnknownRecord } from '#libs/topics'
import type { Clock } from './clock.js'
import { CommitBuilder, type CommitOptions } from './commit-builder.js'
import { attemptsMax, Failures } from './failures.js'
import type { Input } from './input.js'
import { OrderedSends } from './ordered-sends.js'
import type { Outbox } from './outbox.js'
import { partBytesMax, partsOf, restOf } from './parts.js'
import { newerVersion, restore } from './restore.js'
import { sendAgain } from './send-again.js'
import { StreamGate } from './stream-gate.js'
import { Wake } from './wake.js'

/** Positions that moved without a fact are saved this often. */
const savePositionsMillis = 1000

export interface PartitionOptions<State, Fact> extends CommitOptions<State, Fact> {
  readonly log: EventLog
  readonly clock: Clock
  /** How a batch gets to `take`; an app leads it through Nest. */
  readonly deliver?: (partition: Partition<State, Fact>, batch: Batch) => void | Promise<void>
  /** A batch with more bytes is decided in parts (parts.ts), 4 MiB if not given. Who replays must be given the same. */
  readonly partBytesMax?: number
  /** Something went wrong and the partition starts again. */
  readonly failed: (sentence: string, error: unknown) => void
  /** Called with the state when it has been restored, and with undefined when it has been dropped: for shells. */
  readonly restored?: (state: State | undefined) => void
  /** Another owner has taken the partition over: it is dropped and not started again. Only on a log of several processes. */
  readonly lost?: () => void
}

/** What happens on a log of several processes, counted since the start. */
export interface PartitionCounters {
  outboxesSentAgain: number
  originsDropped: number
}

/** One partition of one service on a log. */
export class Partition<State, Fact> {
  readonly #options: PartitionOptions<State, Fact>
  #state: State | undefined
  #commit: CommitBuilder<State, Fact> | undefined
  #outbox: Outbox | undefined
  #claim: Claim | undefined
  #ordered: OrderedSends | undefined
  #inputs: readonly Input[] = []
  #reading = false
  #cancelSave: (() => void) | undefined
  #stopped = false
  #life = 0
  readonly #gate = new StreamGate()
  readonly #wake: Wake
  readonly failures: Failures
  readonly counters: PartitionCounters = { outboxesSentAgain: 0, originsDropped: 0 }

  constructor(options: PartitionOptions<State, Fact>) {
    this.#options = options
    this.failures = new Failures(options.clock)
    this.#wake = new Wake(options.clock, () => {
      this.#alarm()
    })
  }

  /** The state, once restored: for reading only. */
  get state(): State | undefined {
    return this.#state
  }

  /** True once restored and reading. */
  get ready(): boolean {
    return this.#reading
  }

  /** Records of the inputs that have not been read yet. */
  get lag(): number {
    const { log } = this.#options
    return this.#inputs.reduce((lag, { target, position }) => lag + log.endOffset(target) - position, 0)
  }

  /** Offset of the inbox up to which the log knows what was decided. */
  get savedPosition(): number {
    return this.#inputs[0]?.saved ?? 0
  }

  /** Resolves when the partition has been restored and reads its inputs, or somebody else has taken it over meanwhile. */
  async start(): Promise<void> {
    const { log, service, placement, clock } = this.#options
    const life = ++this.#life
    const { partition } = placement
    const states = service.states.map((topic) => ({ topic: topic.name, partition }))
    const claim = await log.claim(service.name, partition, states)
    const now = clock.now()
    const { state, inputs, outbox } = await restore(log, service, placement, now, this.#options.partBytesMax)
    if (!log.atomicCommit) {
      const again = await sendAgain(claim, outbox, service.targets?.(state) ?? [])
      if (again === undefined) return this.#lose()
      this.counters.outboxesSentAgain += again
    }
    if (this.#stopped || life !== this.#life) return
    this.#claim = claim
    this.#inputs = inputs
    this.#state = state
    this.#outbox = log.atomicCommit ? undefined : outbox
    this.#ordered = log.atomicCommit ? undefined : new OrderedSends(claim)
    this.#commit = new CommitBuilder(this.#options, state)
    this.#options.restored?.(state)
    if (service.restored !== undefined) {
      this.#commit.numbered(this.#outbox?.next)
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

  /**
   * Decides about one batch and commits the outcome; about a large one in parts. A throw of the service drops the partition and restores
   * it.
   */
  take(batch: Batch): void {
    for (const part of partsOf(batch, this.#options.partBytesMax ?? partBytesMax)) {
      try {
        this.#decide(part)
      } catch (error) {
        return this.failedAt(part, error)
      }
    }
  }

  #decide(batch: Batch): void {
    const { service, clock, log } = this.#options
    const state = this.#state
    const commit = this.#commit
    if (state === undefined || commit === undefined) return
    const input = this.#inputOf(batch)
    if (batch.nextOffset <= input.position) return
    const now = Math.max(clock.now(), batch.appendTime)
    if (this.#wake.at <= batch.appendTime) this.#tick(batch.appendTime)
    const rest = restOf(batch, input.position)
    const fresh = log.atomicCommit || rest === undefined ? rest : this.#fresh(input, rest)
    // What follows from a stream alone is not written down: it is routed again, and receivers know it by its offset.
    commit.numbered(input.topic.kind === 'stream' ? undefined : this.#outbox?.next)
    if (fresh !== undefined) service.decide(state, fresh, now, commit)
    this.#store(input, batch.nextOffset)
    // Due or not: the clock waits until the inbox has been read, and what comes next in the log waits for what was due before it.
    this.#wake.set(service.nextWake(state))
    this.#gate.advanced()
  }

  #fresh(input: Input, batch: Batch): Batch | undefined {
    const before = input.dropped.length
    const fresh = input.fresh(batch)
    this.counters.originsDropped += input.dropped.length - before
    return fresh
  }

  /** Lets the service decide something that no batch brought: what a shell has to tell it. */
  run(decide: (state: State, now: Millis, commit: CommitBuilder<State, Fact>) => void): void {
    if (this.#state === undefined || this.#commit === undefined) return
    this.#commit.numbered(this.#outbox?.next)
    decide(this.#state, this.#options.clock.now(), this.#commit)
    this.#store()
  }

  #inputOf(batch: Batch): Input {
    const input = this.#inputs.find(({ topic }) => topic.name === batch.topic)
    if (input === undefined) throw new Error(`${this.#options.service.name} does not read ${batch.topic}`)
    return input
  }

  #openReaders(): void {
    const { log, deliver } = this.#options
    this.#reading = true
    for (const input of this.#inputs) {
      const from = input.startIn(log, this.#options.failed)
      input.reader = log.read(input.target, {
        from,
        visibility: 'appended',
        handle: (batch) => {
          const ends = input.index === 0 ? this.#gate.ahead(this.#inputs, log) : undefined
          if (ends !== undefined) return this.#afterStreams(ends, batch)
          if (deliver === undefined) this.take(batch)
          else return deliver(this, batch)
        },
        failed: (error) => {
          this.#fail('reading failed', error)
        },
      })
    }
  }

  /** A request is decided when the streams have been read to an end fetched after it arrived. */
  async #afterStreams(ends: ReadonlyMap<Input, number>, batch: Batch): Promise<void> {
    const life = this.#life
    const isOver = (): boolean => life !== this.#life || !this.ready
    await this.#gate.reached(ends, isOver)
    if (isOver()) return
    const { deliver } = this.#options
    if (deliver === undefined) this.take(batch)
    else await deliver(this, batch)
  }

  /**
   * The batch could not be taken: drop the state, restore, try it again; after some attempts pass it over. But a record of a newer
   * version is no mistake of that version's: nobody knows what was promised with it, so nothing behind it is read.
   */
  failedAt(batch: Batch, error: unknown): void {
    const name = `${batch.topic} partition ${String(batch.partition)} offset ${String(batch.baseOffset)}`
    if (error instanceof UnknownRecord) return this.#standStill(newerVersion(name, error))
    if (!this.failures.isLast(name)) return this.#fail(`a batch could not be taken: ${name}`, error)
    this.#options.failed(`a batch is passed over after ${String(attemptsMax)} attempts: ${name}`, error)
    const input = this.#inputOf(batch)
    this.#commit?.reset()
    input.pass(batch.nextOffset)
    this.#savePositions()
    this.#fail(`restored after passing over a batch: ${name}`, error)
  }

  #fail(sentence: string, error: unknown): void {
    if (this.#stopped) return
    const { clock, failed, restored } = this.#options
    failed(sentence, error)
    this.failures.note()
    this.#life++
    this.#state = undefined
    this.#commit = undefined
    restored?.(undefined)
    void this.#close().then(() => {
      if (this.#stopped) return
      clock.after(this.failures.pauseMillis, () => {
        if (this.#stopped) return
        this.start().catch((again: unknown) => {
          if (again instanceof UnknownRecord) this.#standStill(again)
          else this.#fail('restoring failed', again)
        })
      })
    })
  }

  /** Until the process starts again. */
  #standStill(error: UnknownRecord): void {
    if (this.#stopped) return
    this.failures.note()
    this.#options.failed(`${this.#options.service.name} stands still at ${error.message}`, error)
    this.#leave()
  }

  /** Somebody else is the owner now: nothing more is sent. */
  #lose(): void {
    if (this.#stopped) return
    this.#leave()
    this.#options.lost?.()
  }

  #leave(): void {
    this.#life++
    this.#state = undefined
    this.#commit = undefined
    this.#options.restored?.(undefined)
    void this.#close()
  }

  async #close(): Promise<void> {
    this.#wake.set(undefined)
    this.#cancelSave?.()
    this.#cancelSave = undefined
    this.#reading = false
    this.#gate.advanced()
    await Promise.all(this.#inputs.map(({ reader }) => reader?.close()))
  }

  /** One commit of all that was decided; without facts the positions are saved later. */
  #store(input?: Input, position = 0): void {
    const commit = this.#commit
    if (commit === undefined) return
    const sendsLater = this.#outbox !== undefined && !commit.isNumbered && commit.sends.length > 0
    const arrived = sendsLater ? input?.passLater(position) : undefined
    if (arrived === undefined) input?.pass(position)
    if (commit.empty) {
      this.#saveLater()
      return
    }
    const number = commit.isNumbered && commit.sends.length > 0 ? this.#outbox?.write(commit) : undefined
    const positions = commit.hasFacts ? this.#recordPositions(commit) : undefined
    // As this commit leaves it: what later ones allow to forget may never be stored.
    const keepFrom = this.#keepFrom
    if (positions === undefined) this.#saveLater()
    commit.finish()
    const life = this.#life
    const stored = (failure: LogFailure | undefined): void => {
      if (life !== this.#life) return
      if (failure !== undefined) return this.#notStored(failure)
      if (number !== undefined) this.#outbox?.arrived(number)
      arrived?.()
      if (number !== undefined || arrived !== undefined) this.#saveLater()
      if (positions !== undefined) this.#storedTo(positions, keepFrom)
    }
    const { facts, sends, isAnswer } = commit
    if (this.#ordered === undefined) this.#claim?.commit(facts, sends, stored)
    else this.#ordered.commit(facts, sends, isAnswer, stored)
    commit.reset()
  }

  #notStored(failure: LogFailure): void {
    if (failure.kind === 'closed') return
    if (failure.kind === 'refused' && !this.#options.log.atomicCommit) this.#lose()
    else this.#fail(`a commit was not stored: ${failure.sentence}`, undefined)
  }

  #storedTo(positions: readonly number[], keepFrom: number): void {
    const { log } = this.#options
    for (const input of this.#inputs) {
      const { index, topic, target } = input
      input.saved = Math.max(input.saved, positions[index] ?? 0)
      // State topics without an owner (leases) are compacted, not trimmed by who reads them.
      if (topic.retention.kind === 'compacted') continue
      log.trim(target, index === 0 ? Math.min(input.saved, keepFrom) : input.saved)
    }
  }

  /** What the next owner has to know beside the facts: goes last into the main state topic. */
  #recordPositions(commit: CommitBuilder<State, Fact>): readonly number[] {
    this.#outbox?.forget(commit)
    for (const input of this.#inputs) {
      const { index, safe, saved } = input
      for (const origin of input.takeUnsaved()) commit.own({ kind: 'origin', input: index, origin })
      if (index === 0 && input.dropped.length > 0) this.#recordDropped(commit, input)
      if (safe !== saved) commit.own({ kind: 'position', input: index, offset: safe })
    }
    return this.#inputs.map(({ safe }) => safe)
  }

  #recordDropped(commit: CommitBuilder<State, Fact>, inbox: Input): void {
    const keepFrom = Math.min(inbox.saved, this.#keepFrom)
    inbox.dropped = inbox.dropped.filter((offset) => offset >= keepFrom)
    commit.own({ kind: 'dropped', offsets: inbox.dropped })
  }

  #saveLater(): void {
    this.#cancelSave ??= this.#options.clock.after(savePositionsMillis, () => {
      this.#cancelSave = undefined
      this.#savePositions()
    })
  }

  #savePositions(): void {
    const commit = this.#commit
    if (commit === undefined) return
    const isSaved = this.#inputs.every(({ safe, saved }) => safe === saved)
    if (isSaved && this.#outbox?.hasArrived !== true) return
    commit.numbered(undefined)
    this.#recordPositions(commit)
    this.#store()
  }

  /** From where on the inbox is still needed, whatever its position. */
  get #keepFrom(): number {
    return (this.#state === undefined ? undefined : this.#options.service.keepFrom?.(this.#state)) ?? Infinity
  }

  #tick(now: Millis): void {
    const { service } = this.#options
    if (this.#state === undefined || this.#commit === undefined) return
    this.#commit.numbered(this.#outbox?.next)
    const next = service.tick(this.#state, now, this.#commit)
    this.#store()
    this.#wake.set(next)
  }

  /** The clock alone fires a deadline only when the inbox has been read to its end. */
  #alarm(): void {
    const { clock, log } = this.#options
    const [inbox] = this.#inputs
    const behind = inbox !== undefined && log.endOffset(inbox.target) > inbox.position
    if (behind) this.#wake.set(clock.now() + 10)
    else this.#tick(clock.now())
  }
}
