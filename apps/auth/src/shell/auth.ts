// The auth app's parts put together: the chain of providers and one worker per partition.
import { join } from 'node:path'
import type { EventLog } from '#libs/log'
import { anonymousProvider, type AnonymousRule } from '../core/anonymous.js'
import { AuthWorker, type AuthCounters } from './auth-worker.js'
import { PasswordFile, type Notice } from './password-file.js'
import type { PasswordQueue } from './password-queue.js'

export interface AuthOptions {
  readonly log: EventLog
  readonly clientPartitions: number
  readonly anonymous: AnonymousRule
  readonly passwordFile: string
  readonly now: () => number
  readonly notice: Notice
  readonly failed: (sentence: string, error: unknown) => void
}

/** Where the users stand unless a setting says otherwise. */
export const passwordFileOf = (given: string, dataDir: string): string =>
  given === '' ? join(dataDir, 'users') : given

export class Auth {
  readonly #passwordFile: PasswordFile
  readonly #workers: readonly AuthWorker[]

  constructor(options: AuthOptions) {
    const { passwordFile: path, notice, clientPartitions } = options
    this.#passwordFile = new PasswordFile({ path, notice })
    const providers = [this.#passwordFile, anonymousProvider(options.anonymous)]
    this.#workers = Array.from(
      { length: clientPartitions },
      (_, partition) => new AuthWorker({ ...options, partition, providers }),
    )
  }

  /** True while the CONNECTs of every partition are read. */
  get reading(): boolean {
    return this.#workers.every((worker) => worker.reading)
  }

  get userCount(): number {
    return this.#passwordFile.userCount
  }

  get queue(): PasswordQueue {
    return this.#passwordFile.queue
  }

  get counters(): AuthCounters {
    const sum = { allowed: 0, denied: 0, failures: 0 }
    for (const { counters } of this.#workers) {
      sum.allowed += counters.allowed
      sum.denied += counters.denied
      sum.failures += counters.failures
    }
    return sum
  }

  /** Throws when the password file is broken. */
  async start(): Promise<void> {
    await this.#passwordFile.start()
    for (const worker of this.#workers) worker.start()
  }

  async stop(): Promise<void> {
    this.#passwordFile.stop()
    await Promise.all(this.#workers.map((worker) => worker.stop()))
  }
}
