// A reader for who keeps no state: what ends the reading is told, and it begins again behind the batch that could not be taken. A
// partition with a state restores itself instead (partition.ts).
import type { EventLog, ReaderOptions, TopicPartition } from '#libs/log'

/** After a failure it waits this long before it reads on. */
const againMillis = 250

/** Reads one partition until it is closed. `failed` is told of each end: what was still to be handled of that batch is lost. */
export class LastingReader {
  readonly #log: EventLog
  readonly #target: TopicPartition
  readonly #options: ReaderOptions
  #reader: ReturnType<EventLog['read']> | undefined
  #again: NodeJS.Timeout | undefined

  constructor(log: EventLog, target: TopicPartition, options: ReaderOptions) {
    this.#log = log
    this.#target = target
    this.#options = options
    this.#read(options.from)
  }

  /** False between a failure and the next beginning, and when it is closed. */
  get reading(): boolean {
    return this.#reader !== undefined
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
        this.#options.failed(error)
        this.#again = setTimeout(() => {
          this.#read(reader.position)
        }, againMillis)
      },
    })
    this.#reader = reader
  }
}
