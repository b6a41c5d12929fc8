// What the embedded log can be told.
import { HOUR, type Millis } from '#libs/base'
import type { Pressure } from '../event-log.js'
import { nodeFiles, type Files } from './files.js'

export interface EmbeddedLogOptions {
  /** Where its files lie; made if missing, locked against a second broker. */
  readonly directory: string
  /** One sentence for the operator: a torn tail that was cut, a disk that fails, a disk that is well again. */
  readonly notice?: (sentence: string) => void
  /** Awaited when the directory is locked and nothing of it has been read; when it rejects, nothing is. */
  readonly locked?: () => Promise<void>
  /** Told while it opens: so many of its segment files have been checked. */
  readonly progress?: (done: number, total: number) => void
  /** What to do when frames that were stored cannot be read: `refuse` to start (default), or `cut` everything behind them. */
  readonly damage?: 'refuse' | 'cut'
  /** A segment is closed when it has this many bytes; 64 MiB by default, 2 GiB at most. */
  readonly segmentBytes?: number
  /** Zeros written behind the frames in advance, which makes small syncs cheaper; 512 KiB by default, 0 for none. */
  readonly aheadBytes?: number
  /** Bytes of stored batches kept in memory, at most, for readers that follow closely; 16 MiB by default. */
  readonly cacheBytes?: number
  /** Bytes that a topic in memory keeps behind its slowest reader; 1 MiB by default. */
  readonly memoryBytes?: number
  /** Bytes that the log may take on disk; by default 80 % of the file system. */
  readonly diskMax?: number | undefined
  /** Bytes that stay free on the file system whatever `diskMax` says; 1 GiB by default. */
  readonly diskFreeMin?: number
  /** Told when senders should hold back, and when they need not any more. */
  readonly pressure?: (pressure: Pressure) => void
  /** State topics keep the tombstones of deleted keys this long; an hour by default. */
  readonly compactionLagMillis?: Millis
  /** Pause before a failed write is tried again; 1,000 ms by default. */
  readonly retryMillis?: Millis
  /** The clock that stamps batches; never goes backwards in the log even if it does. */
  readonly now?: () => Millis
  /** The file system; for tests. */
  readonly files?: Files
}

export type Settings = Required<Omit<EmbeddedLogOptions, 'diskMax'>> & Pick<EmbeddedLogOptions, 'diskMax'>

const mebibyte = 1024 * 1024

/** The header of a segment tells the length of the one before in four bytes. A segment is larger than asked for by one group at most. */
const segmentBytesMax = 2048 * mebibyte

export function withDefaults(options: EmbeddedLogOptions): Settings {
  const settings = allWithDefaults(options)
  // A small disk holds some segments at least, or nothing could ever be removed from it.
  const segmentBytes = Math.min(
    settings.segmentBytes,
    segmentBytesMax,
    Math.max(64 * 1024, (settings.diskMax ?? Infinity) / 16),
  )
  return { ...settings, segmentBytes }
}

function allWithDefaults(options: EmbeddedLogOptions): Settings {
  return {
    notice: () => {},
    locked: () => Promise.resolve(),
    progress: () => {},
    damage: 'refuse',
    segmentBytes: 64 * mebibyte,
    aheadBytes: mebibyte / 2,
    cacheBytes: 16 * mebibyte,
    memoryBytes: mebibyte,
    diskMax: undefined,
    diskFreeMin: 1024 * mebibyte,
    pressure: () => {},
    compactionLagMillis: HOUR,
    retryMillis: 1000,
    now: Date.now,
    files: nodeFiles,
    ...options,
  }
}
