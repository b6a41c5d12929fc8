// One round: a broker, a crowd, a load, kills, and the question whether every promise was kept. All chance comes from its seed.
import { SeededRandom } from '#libs/base'
import type { Activity } from './broker/activity.js'
import { largestGroup } from './broker/direct-writes.js'
import { Victim } from './broker/victim.js'
import { judgeChurners } from './load/churner-verdict.js'
import { Crowd } from './load/crowd.js'
import { Notes } from './load/notes.js'
import { judgeRetained } from './load/retained-verdict.js'
import { until } from './load/until.js'
import { areGroupsServed, areWillsSeen, judgeMessages, judgeWills } from './load/verdict.js'

/** `power`: after each kill the files lose what was not synced. */
export type Fault = 'kill' | 'power'

/** When the kill comes; `group`: a large one is on its way to the disk. */
type Moment = 'load' | 'roll' | 'compaction' | 'group'

const moments = ['load', 'roll', 'compaction', 'group'] as const satisfies readonly Moment[]

/** The groups that are waited for have at least so many KiB. */
const groups = [65, 300, 1100] as const

export interface RoundReport {
  readonly seed: number
  readonly connections: number
  readonly acknowledged: number
  readonly inFlight: number
  /** One for each kill. */
  readonly doing: readonly Activity[]
  /** Bytes that were written past the page cache. */
  readonly directBytes: number
  /** Bytes of the largest group that was being written so, at each kill. */
  readonly groups: readonly number[]
  readonly seconds: number
  /** What was done to the files, in words; empty without a power cut. */
  readonly spoiled: string
  /** Everything that went wrong. */
  readonly broken: readonly string[]
  /** Where the files of a round lie in which something went wrong. */
  readonly folder: string
}

const waitMillis = 20_000

/** Plays one round and tells what happened; throws only when the broker cannot be brought to start in the first place. */
export async function playRound(seed: number, fault: Fault): Promise<RoundReport> {
  const began = performance.now()
  const random = new SeededRandom(seed)
  const victim = await Victim.start({
    partitions: seed % 3 === 2 ? 4 : 1,
    recordsSyncs: fault === 'power',
  })
  const notes = new Notes()
  const crowd = new Crowd(victim.address, notes, random)
  const round = new Round(seed, fault, victim, crowd, notes, random)
  try {
    await round.play()
  } catch (error) {
    notes.broken(error instanceof Error ? error.message : String(error))
  } finally {
    for (const line of victim.errors) notes.broken(`the broker said: ${line}`)
    crowd.leave()
    await victim.end(notes.sentences.length > 0)
  }
  return round.report((performance.now() - began) / 1000)
}

class Round {
  readonly #doing: Activity[] = []
  readonly #spoiled: string[] = []
  readonly #groups: number[] = []
  #directBytes = 0
  #connections = 0
  #acknowledged = 0
  #inFlight = 0

  constructor(
    private readonly seed: number,
    private readonly fault: Fault,
    private readonly victim: Victim,
    private readonly crowd: Crowd,
    private readonly notes: Notes,
    private readonly random: SeededRandom,
  ) {}

  async play(): Promise<void> {
    const { crowd, random, notes } = this
    await crowd.arrive()
    crowd.load()
    await this.#loadFor(200 + random.below(600))
    crowd.turn()
    await this.#loadFor(100 + random.below(500))
    await this.#kill(moments[this.seed % moments.length] ?? 'load')
    for (let again = random.below(3); again > 0; again -= 1) await this.#killWhileStarting()
    await this.victim.start()
    await crowd.recover()
    if (random.chance(0.4)) {
      await this.#loadFor(200 + random.below(400))
      await this.#kill(random.pick(moments) ?? 'load')
      await this.victim.start()
      await crowd.recover()
    }
    await this.#loadFor(100 + random.below(200))
    await crowd.stop()
    await this.#fence()
    if (!(await until(() => areGroupsServed(crowd), waitMillis)))
      notes.broken('groups were not served in time')
    judgeMessages(crowd, notes)
    if (!(await until(() => areWillsSeen(crowd), waitMillis))) notes.broken('not all wills were seen in time')
    judgeWills(crowd, notes)
    await judgeRetained(crowd, notes)
    await judgeChurners(crowd, notes)
  }

  report(seconds: number): RoundReport {
    return {
      seed: this.seed,
      connections: this.#connections,
      acknowledged: this.#acknowledged,
      inFlight: this.#inFlight,
      doing: this.#doing,
      directBytes: this.#directBytes,
      groups: this.#groups,
      seconds,
      spoiled: this.#spoiled.join('; '),
      broken: this.notes.sentences,
      folder: this.victim.folder,
    }
  }

  /** Lets the load run for a while that differs from round to round; also as long as nothing was acknowledged yet. */
  async #loadFor(millis: number): Promise<void> {
    const before = this.crowd.acknowledged
    const end = performance.now() + millis
    await until(() => performance.now() >= end && this.crowd.acknowledged > before, waitMillis)
  }

  async #kill(moment: Moment): Promise<void> {
    if (moment === 'roll') await this.victim.file(/\.log$/, 5000)
    if (moment === 'compaction') await this.victim.file(/\.compacting$/, 5000)
    this.crowd.rush()
    if (moment === 'group') await this.victim.largeGroup((this.random.pick(groups) ?? 0) * 1024, 3000)
    // Right after what was waited for, but with something under way.
    const end = performance.now() + waitMillis
    while (this.crowd.inFlight === 0) {
      if (performance.now() > end) throw new Error('nothing came under way that a kill could hit')
      await new Promise((resolve) => setImmediate(resolve))
    }
    this.#connections = Math.max(this.#connections, this.crowd.connections)
    this.#acknowledged = this.crowd.acknowledged
    this.#inFlight =
      this.#inFlight === 0 ? this.crowd.inFlight : Math.min(this.#inFlight, this.crowd.inFlight)
    this.#doing.push(await this.victim.kill())
    this.#killed()
  }

  async #killWhileStarting(): Promise<void> {
    this.#doing.push(await this.victim.killWhileStarting(this.random))
    this.#killed()
  }

  #killed(): void {
    const direct = this.victim.takeDirectWrites()
    this.#directBytes += direct.bytes
    this.#groups.push(largestGroup(direct))
    if (this.fault === 'kill') return
    const { cut, garbled, torn, removed, bytes } = this.victim.cutPower(direct, this.random)
    this.#spoiled.push(
      `${String(bytes)} bytes lost, files cut ${String(cut)}, garbled ${String(garbled)}, torn ${String(torn)}, removed ${String(removed)}`,
    )
  }

  /** Every publisher sends its last message to every topic; whoever has subscribed to it must get it. */
  async #fence(): Promise<void> {
    const { crowd, notes } = this
    for (const sender of crowd.senders) sender.fence()
    const kept = [...crowd.subscribers.values()].filter(({ peer, filters }) => {
      const isMember = Object.keys(filters).some((filter) => filter.startsWith('$share/'))
      return peer.options.kept && !isMember
    })
    const missing = (): string[] =>
      kept.flatMap((subscriber) =>
        crowd.senders.flatMap(({ name, entries, options }) =>
          entries
            .slice(-options.topics.length)
            .filter(
              ({ topic, number }) =>
                subscriber.qosOf(topic) !== undefined && subscriber.receipts.times(name, number) === 0,
            )
            .map(({ topic }) => `${subscriber.name} on ${topic}`),
        ),
      )
    if (await until(() => missing().length === 0, waitMillis)) return
    notes.broken(
      `fences did not arrive within ${String(waitMillis)} ms: ${missing().slice(0, 12).join(', ')}`,
    )
  }
}
