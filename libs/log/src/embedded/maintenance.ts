// What the log does beside its work: forgetting, compacting, watching the disk. One of each at a time, never in the way of an append.
import type { Pressure } from '../event-log.js'
import { Compaction, type CompactionHome } from './compaction.js'
import { DiskGuard, type DiskGuardHome } from './disk-guard.js'
import type { LogMetrics } from './metrics.js'
import type { Manifest } from './manifest.js'
import type { Settings } from './options.js'
import { Retention, type RetentionHome } from './retention.js'
import type { SegmentRun } from './segment-run.js'
import type { TopicTable } from './topic-table.js'

const secondsBetweenRetentions = 10

/** What maintenance works on. */
export interface Maintained {
  readonly settings: Settings
  readonly manifest: Manifest
  readonly messages: SegmentRun
  readonly state: SegmentRun
  readonly topics: TopicTable
  readonly metrics: LogMetrics
  readonly stored: () => Promise<void>
}

export function maintain(log: Maintained): Maintenance {
  const { settings, manifest, messages, state, topics, metrics, stored } = log
  const { files, directory, now, segmentBytes, diskMax, diskFreeMin } = settings
  const shared = { files, directory, manifest, now }
  const partitionOf = topics.byId.bind(topics)
  return new Maintenance({
    retention: { ...shared, run: messages, partitionOf, stored },
    compaction: { ...shared, run: state, segmentBytes, lagMillis: settings.compactionLagMillis },
    disk: {
      files,
      directory,
      diskMax,
      diskFreeMin,
      margin: segmentBytes * 2,
      used: () => messages.bytes + state.bytes + metrics.unsyncedBytes,
      changed: settings.pressure,
    },
    notice: settings.notice,
  })
}

export interface MaintenanceHome {
  readonly retention: Omit<RetentionHome, 'removed'>
  readonly compaction: Omit<CompactionHome, 'stopped'>
  readonly disk: Omit<DiskGuardHome, 'forget'>
  readonly notice: (sentence: string) => void
}

export class Maintenance {
  /** Passes that did something, for metrics and tests. */
  readonly counts = { segmentsRemoved: 0, compactions: 0, bytesCompacted: 0 }
  readonly #home: MaintenanceHome
  readonly #retention: Retention
  readonly #compaction: Compaction
  readonly #guard: DiskGuard
  readonly #timer: NodeJS.Timeout
  #stopped = false
  #ticks = 0
  #forgetting: Promise<unknown> = Promise.resolve()
  #compacting: Promise<void> | undefined
  #checking: Promise<void> | undefined

  constructor(home: MaintenanceHome) {
    this.#home = home
    this.#retention = new Retention({ ...home.retention, removed: () => this.#guard.look() })
    this.#compaction = new Compaction({ ...home.compaction, stopped: () => this.#stopped })
    this.#guard = new DiskGuard({ ...home.disk, forget: () => this.forget(true) })
    void this.check()
    this.#timer = setInterval(() => this.#tick(), 1000)
    this.#timer.unref()
  }

  get pressure(): Pressure {
    return this.#guard.pressure
  }

  /** Removes segments that may go; resolves with their number. */
  forget(pressed: boolean): Promise<number> {
    const pass = this.#forgetting.then(async () => {
      if (this.#stopped) return 0
      const removed = await this.#retention.pass(pressed)
      this.counts.segmentsRemoved += removed
      return removed
    })
    this.#forgetting = pass.catch((error: unknown) =>
      this.#failed('Old segments could not be removed', error),
    )
    return pass
  }

  /** Compacts if there is reason to and nobody does already. */
  compact(): Promise<void> {
    if (this.#compacting === undefined && this.#compaction.due && !this.#stopped) {
      this.#compacting = this.#compaction
        .pass()
        .then((gained) => {
          this.counts.compactions++
          this.counts.bytesCompacted += gained
        })
        .catch((error: unknown) => this.#failed('State topics could not be compacted', error))
        .finally(() => (this.#compacting = undefined))
    }
    return this.#compacting ?? Promise.resolve()
  }

  /** So many bytes are on their way to the disk. */
  wrote(bytes: number): void {
    if (this.#guard.wrote(bytes)) void this.check()
  }

  /** Looks at the room on the disk now. */
  check(): Promise<void> {
    this.#checking ??= this.#guard
      .check()
      .catch((error: unknown) => this.#failed('The room on the disk could not be looked at', error))
      .finally(() => (this.#checking = undefined))
    return this.#checking
  }

  /** A segment was closed: there may be something to do. */
  rolled(): void {
    void this.forget(false).catch(() => undefined)
    void this.compact()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    clearInterval(this.#timer)
    await Promise.all([this.#forgetting, this.#compacting, this.#checking])
  }

  #tick(): void {
    void this.check()
    void this.compact()
    if (++this.#ticks % secondsBetweenRetentions === 0) void this.forget(false).catch(() => undefined)
  }

  #failed(what: string, error: unknown): void {
    this.#home.notice(`${what} and it will be tried again: ${String(error)}`)
  }
}
