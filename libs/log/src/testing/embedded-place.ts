// A directory of its own for an embedded log under test, and the little that those tests share.
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { catalogue, type Topic } from '#libs/topics'
import { isMissing } from '../embedded/files.js'
import { openEmbeddedLog, type EmbeddedLog, type EmbeddedLogOptions, type TopicPartition } from '../index.js'
import { batchOf, recordsOf } from './log-bench.js'

export const messages: TopicPartition = { topic: catalogue.messages.name, partition: 0 }
export const inbox: TopicPartition = { topic: catalogue.sessionInbox.name, partition: 0 }
export const facts: TopicPartition = { topic: catalogue.sessions.name, partition: 0 }
export const fleeting: TopicPartition = { topic: catalogue.authInbox.name, partition: 0 }

export class EmbeddedPlace {
  readonly notices: string[] = []
  readonly directory: string
  readonly #logs: EmbeddedLog[] = []
  readonly #copies: string[] = []

  private constructor(directory: string) {
    this.directory = directory
  }

  static async make(): Promise<EmbeddedPlace> {
    return new EmbeddedPlace(await mkdtemp(join(tmpdir(), 'log:-')))
  }

  async open(
    options: Partial<EmbeddedLogOptions> = {},
    messagesTopic: Topic = catalogue.messages,
  ): Promise<EmbeddedLog> {
    const notice = (sentence: string): void => void this.notices.push(sentence)
    const log = await openEmbeddedLog({ directory: this.directory, notice, ...options })
    this.#logs.push(log)
    const topics = [messagesTopic, catalogue.sessionInbox, catalogue.sessions, catalogue.authInbox]
    await log.createTopics(topics.map((topic) => ({ topic, partitions: 1 })))
    return log
  }

  /** A copy of the directory as it is now, without the lock: as if the process had been killed. */
  async copyNow(): Promise<string> {
    const copy = await mkdtemp(join(tmpdir(), 'log-copy-'))
    this.#copies.push(copy)
    for (let attempt = 1; ; attempt++) {
      try {
        await cp(this.directory, copy, { recursive: true, filter: (path) => !path.endsWith('lock') })
        return copy
      } catch (error) {
        // A draft got its name, or a segment its successor, in the middle of the copying.
        if (!isMissing(error) || attempt === 20) throw error
        await rm(copy, { recursive: true })
      }
    }
  }

  async dispose(): Promise<void> {
    for (const log of this.#logs) await log.close()
    for (const directory of [this.directory, ...this.#copies]) await rm(directory, { recursive: true })
  }
}

/** Opens a directory that a log has left. */
export async function reopen(
  directory: string,
  options: Partial<EmbeddedLogOptions> = {},
): Promise<{ readonly log: EmbeddedLog; readonly notices: string[] }> {
  const notices: string[] = []
  const log = await openEmbeddedLog({ directory, notice: (sentence) => notices.push(sentence), ...options })
  const topics = [catalogue.messages, catalogue.sessionInbox, catalogue.sessions, catalogue.authInbox]
  await log.createTopics(topics.map((topic) => ({ topic, partitions: 1 })))
  return { log, notices }
}

/** The newest segment. */
export async function fileOf(directory: string, run: 'messages' | 'state'): Promise<string> {
  const names = (await readdir(directory)).filter((name) => name.startsWith(run) && name.endsWith('.log'))
  return join(directory, names.toSorted().at(-1) ?? '')
}

/** Resolves when everything appended so far is stored. */
export const stored = (log: EmbeddedLog): Promise<void> => new Promise((resolve) => log.barrier(resolve))

/** Appends one batch and resolves when it is stored. */
export async function put(log: EmbeddedLog, target: TopicPartition, ...records: string[]): Promise<void> {
  log.append(target, batchOf(...records))
  await stored(log)
}

/** All records of a partition, from disk and memory. */
export async function all(log: EmbeddedLog, target: TopicPartition): Promise<string[]> {
  const records: string[] = []
  await log.readState(target, (batch) => records.push(...recordsOf(batch)))
  return records
}

/** Waits for a condition, at most ten seconds. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('what was waited for did not happen')
    await setImmediate()
  }
}
