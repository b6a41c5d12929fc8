// The broker that is killed: with files that roll and are compacted all the time, on a directory of its own, and with ears on it.
import { spawnSync } from 'node:child_process'
import { watch, writeFileSync, type FSWatcher } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SeededRandom } from '#libs/base'
import { startBroker, type Broker } from '../../mqtt/broker/broker.js'
import { until } from '../load/until.js'
import { activityOf, type Activity } from './activity.js'
import { largestGroup, readDirectWrites, type DirectWrites } from './direct-writes.js'
import { cutPower, type Spoiled } from './power-cut.js'

const recordedWrites = new URL('recorded-writes.mjs', import.meta.url).href
const recordedSync = new URL('recorded-sync.mjs', import.meta.url).href

/** Small files: the least that the broker takes. */
const settings = {
  TBMQ_PACKET_MAX: '64KiB',
  TBMQ_SEGMENT_BYTES: String(1024 * 1024 + 2 * 64 * 1024),
  TBMQ_QUEUE_MAX: '1000000',
  TBMQ_LOG_LEVEL: process.env['KILL_LOG_LEVEL'] ?? 'warn',
}

export interface VictimOptions {
  readonly partitions: number
  /** Syncs are recorded, so that a power cut can follow a kill. */
  readonly recordsSyncs: boolean
}

/** The id of a process that has ended. */
function deadPid(): number {
  return spawnSync(process.execPath, ['--version']).pid
}

export class Victim {
  /** How long the last start took from the opened log to readiness, in milliseconds. */
  restoreMillis = 0
  /** Bytes of the record of direct writes that earlier lives have told. */
  #told = 0
  #isReady = false
  #hasLog = false
  readonly #ears = new Set<(name: string) => void>()
  #watcher: FSWatcher | undefined

  private constructor(
    readonly folder: string,
    readonly broker: Broker,
  ) {}

  static async start(options: VictimOptions): Promise<Victim> {
    const folder = await mkdtemp(join(tmpdir(), 'mqtt-kill-'))
    const recording = {
      NODE_OPTIONS: `--import ${recordedWrites} --import ${recordedSync}`,
      SYNC_RECORD: join(folder, 'syncs'),
      SYNC_HOLD: join(folder, 'hold'),
    }
    const ours = {
      ...settings,
      TBMQ_DATA_DIR: join(folder, 'data'),
      NODE_OPTIONS: `--import ${recordedWrites}`,
      DIRECT_RECORD: join(folder, 'direct'),
      ...(options.recordsSyncs ? recording : {}),
    }
    const broker = await startBroker('ours', { partitions: options.partitions, settings: { ours } })
    const victim = new Victim(folder, broker)
    victim.#isReady = true
    victim.#hasLog = true
    victim.#watcher = watch(victim.#logDirectory, (event, name) => {
      // Names that come, go or change; what is only written to is of no interest.
      if (name !== null && event === 'rename') for (const ear of victim.#ears) ear(name)
    })
    return victim
  }

  get address(): string {
    return this.broker.addresses.tcp
  }

  /** Lines of level error that it printed: a broker that was only killed has none. */
  get errors(): readonly string[] {
    return this.broker
      .output()
      .split('\n')
      .filter((line) => line.includes('"level":50') || line.includes('"level":60'))
  }

  /** While this file exists, no sync begins. */
  get holdPath(): string {
    return join(this.folder, 'hold')
  }

  get #logDirectory(): string {
    return join(this.folder, 'data', 'log')
  }

  /** Resolves when a file comes into being whose name matches; false when none does within the deadline. */
  async file(pattern: RegExp, deadlineMillis: number): Promise<boolean> {
    return new Promise((resolve) => {
      const finish = (isFound: boolean): void => {
        clearTimeout(timer)
        this.#ears.delete(ear)
        resolve(isFound)
      }
      const ear = (name: string): void => {
        if (pattern.test(name)) finish(true)
      }
      const timer = setTimeout(() => finish(false), deadlineMillis)
      this.#ears.add(ear)
    })
  }

  /** Resolves when a group of at least so many bytes is on its way past the page cache; false when none is within the deadline. */
  async largeGroup(bytes: number, deadlineMillis: number): Promise<boolean> {
    return until(() => largestGroup(this.#direct()) >= bytes, deadlineMillis)
  }

  /** After a kill, once: what its last life has written past the page cache. */
  takeDirectWrites(): DirectWrites {
    const found = this.#direct()
    this.#told = found.end
    return found
  }

  #direct(): DirectWrites {
    return readDirectWrites(join(this.folder, 'direct'), this.#told)
  }

  /** SIGKILL, and what it was doing. */
  async kill(): Promise<Activity> {
    await this.broker.kill()
    if (this.#isReady) {
      this.#isReady = false
      return activityOf(this.#logDirectory)
    }
    return this.#hasLog ? 'restore' : 'start'
  }

  /** After a kill: what is left when it comes just as a starting broker takes over the lock of the one before it. */
  leaveGuard(): void {
    writeFileSync(join(this.#logDirectory, 'lock.guard'), String(deadPid()))
  }

  /** After a kill: what was not synced is lost, the groups that `direct` names among it. */
  cutPower(direct: DirectWrites, random: SeededRandom): Spoiled {
    return cutPower(join(this.folder, 'data'), join(this.folder, 'syncs'), direct.groups, random)
  }

  /** Starts again; rejects when that needs more than time. */
  async start(): Promise<void> {
    await this.#begin()
  }

  /** Starts again and is killed before that is done, mostly while it restores. Rejects when it ends before by itself. */
  async killWhileStarting(random: SeededRandom): Promise<Activity> {
    let isKilled = false
    const ready = this.#begin().catch((error: unknown) => {
      if (!isKilled) throw error
    })
    const opened = this.file(/^log\.json$/, 20_000)
    if (random.chance(0.85)) {
      await Promise.race([opened, ready])
      await Promise.race([ready, soon(random.fraction() * this.restoreMillis)])
    } else await Promise.race([ready, soon(random.fraction() * 400)])
    isKilled = true
    const doing = await this.kill()
    await ready
    return doing
  }

  /** Ends it for good and removes its files, unless they are wanted: then they lie in `folder`, beside what it printed. */
  async end(keepsFiles: boolean): Promise<void> {
    this.#watcher?.close()
    await this.broker.kill()
    await this.broker.stop()
    if (keepsFiles) await writeFile(join(this.folder, 'output'), this.broker.output())
    else await rm(this.folder, { recursive: true, force: true })
  }

  async #begin(): Promise<void> {
    this.#isReady = false
    this.#hasLog = false
    let openedAt = performance.now()
    void this.file(/^log\.json$/, 20_000).then((isOpen) => {
      this.#hasLog = isOpen
      openedAt = performance.now()
    })
    await this.broker.start()
    this.#isReady = true
    this.restoreMillis = performance.now() - openedAt
  }
}

const soon = async (millis: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, millis))
