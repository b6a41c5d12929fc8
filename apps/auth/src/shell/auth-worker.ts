// Reads tbmq.auth.inbox and answers each CONNECT: OpenSession to the session owner, or ConnectionRefused to the gateway.
// Keeps no state and no order. Whom a provider knows at once is answered in the same turn, a whole batch with one append.
import { ByteReader, ByteWriter } from '#libs/base'
import { RecordBatchBuilder, RecordCursor, type Batch } from '#libs/batch'
import type { EventLog, LogFailure } from '#libs/log'
import { filterMatches, REASON } from '#libs/mqtt'
import { LastingReader } from '#libs/runtime'
import {
  authRecord,
  catalogue,
  gatewayInbox,
  gatewayRecord,
  partitionOfClient,
  sessionRecord,
  type Address,
  type AuthRecord,
} from '#libs/topics'
import { authenticate, notAuthorized, type Provider, type Verdict } from '../core/authenticate.js'

/** A CONNECT older than this has been given up by its gateway. */
const ageMillisMax = 30_000

const unavailable = {
  kind: 'deny',
  reasonCode: REASON.quotaExceeded,
  sentence: 'The broker cannot store anything now.',
} as const satisfies Verdict
const failed = {
  kind: 'deny',
  reasonCode: REASON.serverUnavailable,
  sentence: 'The broker cannot check credentials now.',
} as const satisfies Verdict

export interface AuthWorkerOptions {
  readonly log: EventLog
  /** The partition of tbmq.auth.inbox that it reads. */
  readonly partition: number
  readonly clientPartitions: number
  readonly providers: readonly Provider[]
  readonly now: () => number
  /** Something that should not happen did; the clients concerned are refused. */
  readonly failed: (sentence: string, error: unknown) => void
}

/** Counted since the start. */
export interface AuthCounters {
  allowed: number
  denied: number
  /** What should not happen and did. */
  failures: number
}

interface SessionAppend {
  readonly builder: RecordBatchBuilder
  /** Whom to refuse should it not be stored. */
  addresses: Address[]
}

/** Answers the CONNECTs of one partition. */
export class AuthWorker {
  readonly counters: AuthCounters = { allowed: 0, denied: 0, failures: 0 }
  readonly #options: AuthWorkerOptions
  readonly #cursor = new RecordCursor()
  readonly #record = new ByteReader(new Uint8Array(0))
  readonly #value = new ByteWriter(1024)
  readonly #key = new ByteWriter(256)
  readonly #sessions = new Map<number, SessionAppend>()
  readonly #gateways = new Map<string, RecordBatchBuilder>()
  #flushing = false
  #reader: LastingReader | undefined

  constructor(options: AuthWorkerOptions) {
    this.#options = options
  }

  /** True while CONNECTs are read. */
  get reading(): boolean {
    return this.#reader?.reading === true
  }

  start(): void {
    const { log, partition } = this.#options
    const target = { topic: catalogue.authInbox.name, partition }
    this.#reader = new LastingReader(log, target, {
      from: log.startOffset(target),
      visibility: 'appended',
      handle: (batch) => {
        this.#take(batch)
      },
      // Whoever was in that batch has no answer, and is given up by its gateway in time.
      failed: (error) => {
        this.#failed('reading tbmq.auth.inbox failed', error)
      },
    })
  }

  async stop(): Promise<void> {
    await this.#reader?.close()
  }

  #take(batch: Batch): void {
    const cursor = this.#cursor
    const oldest = this.#options.now() - ageMillisMax
    cursor.open(batch.bytes)
    while (cursor.next()) {
      if (cursor.valueFrom < 0) continue
      const record = this.#read()
      if (record !== undefined && record.arrivedMillis >= oldest) this.#decide(record, cursor.offset)
    }
    this.#flush()
  }

  /** The cursor's record. One that cannot be read concerns one client, whose gateway gives it up in time: the others go on. */
  #read(): AuthRecord | undefined {
    const { bytes, valueFrom, valueTo } = this.#cursor
    try {
      return authRecord.read(this.#record.reset(bytes, valueFrom, valueTo))
    } catch (error) {
      this.#failed('a record of tbmq.auth.inbox could not be read', error)
      return undefined
    }
  }

  #decide(record: AuthRecord, offset: number): void {
    const { log, providers } = this.#options
    if (!log.writable) return this.#answer(record, offset, unavailable)
    const { wanted, userName, password, peer } = record
    try {
      const verdict = authenticate(providers, { clientId: wanted.clientId, userName, password, peer })
      if (!(verdict instanceof Promise)) return this.#answer(record, offset, verdict)
      this.#answerLater(record, offset, verdict)
    } catch (error) {
      // Whatever a provider throws: this client is refused, the others go on.
      this.#failed('a CONNECT could not be checked', error)
      this.#answer(record, offset, failed)
    }
  }

  #answerLater(record: AuthRecord, offset: number, verdict: Promise<Verdict>): void {
    verdict
      .catch((error: unknown) => {
        this.#failed('a CONNECT could not be checked', error)
        return failed
      })
      .then((late) => {
        this.#answer(record, offset, late)
        this.#flushSoon()
      })
      .catch((error: unknown) => {
        this.#failed('a CONNECT could not be answered', error)
      })
  }

  #answer(record: AuthRecord, offset: number, verdict: Verdict): void {
    const checked = verdict.kind === 'allow' ? withWill(record, verdict) : verdict
    const { address, wanted, arrivedMillis } = record
    if (checked.kind === 'deny') {
      this.counters.denied++
      return this.#refuse(address, checked.reasonCode, checked.sentence)
    }
    this.counters.allowed++
    const { permissions, principal } = checked
    const value = this.#value.reset()
    sessionRecord.write(value, {
      kind: 'OpenSession',
      address,
      wanted,
      permissions,
      principal,
      arrivedMillis,
      connectOffset: offset,
    })
    const append = this.#sessionAppend(partitionOfClient(wanted.clientId, this.#options.clientPartitions))
    const key = this.#key.reset()
    key.rawText(wanted.clientId)
    append.builder.addRange(key.buffer, 0, key.position, value.buffer, 0, value.position)
    append.addresses.push(address)
  }

  #refuse({ gateway, incarnation, connection }: Address, reasonCode: number, sentence: string): void {
    const value = this.#value.reset()
    gatewayRecord.write(value, { kind: 'ConnectionRefused', incarnation, connection, reasonCode, sentence })
    let builder = this.#gateways.get(gateway)
    if (builder === undefined) this.#gateways.set(gateway, (builder = new RecordBatchBuilder()))
    builder.addRange(null, 0, 0, value.buffer, 0, value.position)
  }

  #sessionAppend(partition: number): SessionAppend {
    let append = this.#sessions.get(partition)
    if (append === undefined) {
      append = { builder: new RecordBatchBuilder(), addresses: [] }
      this.#sessions.set(partition, append)
    }
    return append
  }

  /** Late answers of one turn go out together. */
  #flushSoon(): void {
    if (this.#flushing) return
    this.#flushing = true
    setImmediate(() => {
      this.#flushing = false
      this.#flush()
    })
  }

  #flush(): void {
    const { log } = this.#options
    for (const [partition, append] of this.#sessions) {
      if (append.addresses.length === 0) continue
      const { builder, addresses } = append
      append.addresses = []
      log.append({ topic: catalogue.sessionInbox.name, partition }, builder, (failure) => {
        if (failure !== undefined) this.#notStored(failure, addresses)
      })
      builder.reset()
    }
    for (const [gateway, builder] of this.#gateways) {
      if (builder.count === 0) continue
      try {
        log.append({ topic: gatewayInbox(gateway).name, partition: 0 }, builder)
      } finally {
        // What the log throws at, it would throw at again.
        builder.reset()
      }
    }
  }

  #failed(sentence: string, error: unknown): void {
    this.counters.failures++
    this.#options.failed(sentence, error)
  }

  /** The log did not take their OpenSession: say so, rather than let them wait. */
  #notStored(failure: LogFailure, addresses: readonly Address[]): void {
    if (failure.kind === 'closed') return
    for (const address of addresses) this.#refuse(address, unavailable.reasonCode, unavailable.sentence)
    this.#flushSoon()
  }
}

/** A will is a publish: who may not publish there may not connect with it. */
function withWill(record: AuthRecord, verdict: Extract<Verdict, { kind: 'allow' }>): Verdict {
  const topic = record.wanted.will?.message.topic
  const allowed = verdict.permissions.publish
  if (topic === undefined || allowed === undefined) return verdict
  return allowed.some((filter) => filterMatches(filter, topic))
    ? verdict
    : notAuthorized('The client may not publish to the topic of its will.')
}
