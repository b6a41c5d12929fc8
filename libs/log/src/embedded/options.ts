// What the embedded log can be told.
import type { Millis } from '#libs/base'
import { nodeFiles, type Files } from './files.js'

export interface EmbeddedLogOptions {
  /** Where its files lie; made if missing, locked against a second broker. */
  readonly directory: string
  /** One sentence for the operator: a torn tail that was cut, a disk that fails, a disk that is well again. */
  readonly notice?: (sentence: string) => void
  /** What to do when frames that were stored cannot be read: `refuse` to start (default), or `cut` everything behind them. */
  readonly damage?: 'refuse' | 'cut'
  /** A segment is closed when it has this many bytes; 64 MiB by default. */
  readonly segmentBytes?: number
  /** Bytes of stored batches kept in memory for readers that follow closely; 32 MiB by default. */
  readonly cacheBytes?: number
  /** Bytes that a topic in memory keeps behind its slowest reader; 4 MiB by default. */
  readonly memoryBytes?: number
  /** Pause before a failed write is tried again; 1,000 ms by default. */
  readonly retryMillis?: Millis
  /** The clock that stamps batches; never goes backwards in the log even if it does. */
  readonly now?: () => Millis
  /** The file system; for tests. */
  readonly files?: Files
}

export type Settings = Required<EmbeddedLogOptions>

const mebibyte = 1024 * 1024

export function withDefaults(options: EmbeddedLogOptions): Settings {
  return {
    notice: () => {},
    damage: 'refuse',
    segmentBytes: 64 * mebibyte,
    cacheBytes: 32 * mebibyte,
    memoryBytes: 4 * mebibyte,
    retryMillis: 1000,
    now: Date.now,
    files: nodeFiles,
    ...options,
  }
}
