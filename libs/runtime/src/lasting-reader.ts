// A reader for who keeps no state: what ends the reading is told, and it begins again behind the batch that could not be taken. A
// partition with a state restores itself instead (partition.ts).
import type { EventLog, ReaderOptions, TopicPartition } from '#libs/log'
import { systemClock } from './clock.js'
import { Failures } from './failures.js'

/** Reads one partition until it is closed. `failed` is told of each end: what was still to be handled of that batch is lost. */
export class LastingReader {
  readonly #log: EventLog
  readonly #target: TopicPartition
  readonly #options: ReaderOptions
  readonly #failures = new Failures(systemClock)
  #reader: ReturnType<EventLog['read']> | undefined
  #again: NodeJS.Timeout | undefined

  constructor(log: EventLog, target: TopicPartition, options: ReaderOptions) {
    this.#log = log
    this.#target = target
    this.#options = options
    this.#read(options.from)
  }

  /** False between a failure and the next beginning, while it fails again and again, and when it is closed. */
  get reading(): boolean {
    return this.#reader !== undefined && !this.#failures.areMany
  }

  /** Nothing more is handed out; resolves when `handle` is through with what it has. */
  async close(): Promise<void> {
    clearTimeout(this.#again)
    const reader = this.#reader
    this.#reader = undefined
    await reader?.close()
  }

  #read(from: number | 'end'): void {
    const reader = this.#log.read(this.#target, {
      ...this.#options,
      from,
      failed: (error) => {
        // Closed meanwhile: `handle` threw at the last batch that it was given.
        if (this.#reader !== reader) return
        this.#reader = undefined
        this.#failures.note()
        this.#options.failed(error)
        this.#again = setTimeout(() => {
          this.#read(reader.position)
        }, this.#failures.pauseMillis)
      },
    })
    this.#reader = reader
  }
}
