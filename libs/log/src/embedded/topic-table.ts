// The topics of an open log and their partitions.
import { assert } from '#libs/base'
import type { Topic } from '#libs/topics'
import type { TopicPartition } from '../event-log.js'
import type { Manifest, ManifestTopic } from './manifest.js'
import { Partition, type PartitionReader } from './partition.js'
import type { SegmentRun } from './segment-run.js'
import { partitionKey } from './segment-index.js'

/** Topics in memory begin at a multiple of this, so that offsets rise from one start of the process to the next. */
const offsetsPerIncarnation = 2 ** 32

export interface Wanted {
  readonly topic: Topic
  readonly partitions: number
}

export class TopicTable {
  readonly #topics = new Map<string, readonly Partition[]>()
  readonly #byKey = new Map<number, Partition>()
  readonly #manifest: Manifest
  readonly #messages: SegmentRun
  readonly #state: SegmentRun
  #creating: Promise<void> = Promise.resolve()

  constructor(manifest: Manifest, messages: SegmentRun, state: SegmentRun) {
    this.#manifest = manifest
    this.#messages = messages
    this.#state = state
  }

  /** Throws when the topic was not created or does not have that partition. */
  partition(target: TopicPartition): Partition {
    const partition = this.#topics.get(target.topic)?.[target.partition]
    assert(
      partition !== undefined,
      `the topic ${target.topic} has been created with partition ${target.partition}`,
    )
    return partition
  }

  /** The partition that a frame names; undefined when its topic has not been created since the start. */
  byId(topicId: number, number: number): Partition | undefined {
    return this.#byKey.get(partitionKey(topicId, number))
  }

  all(): readonly Partition[] {
    return [...this.#topics.values()].flat()
  }

  readers(): readonly PartitionReader[] {
    return this.all().flatMap((partition) => [...partition.appendedReaders, ...partition.storedReaders])
  }

  /** Registers new topics on disk first, one call after the other. */
  create(topics: readonly Wanted[]): Promise<void> {
    const created = this.#creating.then(() => this.#create(topics))
    this.#creating = created.catch(() => undefined)
    return created
  }

  async #create(topics: readonly Wanted[]): Promise<void> {
    const missing = topics.filter(({ topic, partitions }) => !this.#exists(topic, partitions))
    const rows = missing.map(({ topic, partitions }) => this.#register(topic, partitions))
    if (rows.some((row) => row.fresh)) await this.#manifest.save()
    for (const { topic, row } of rows) this.#open(topic, row)
  }

  #exists(topic: Topic, partitions: number): boolean {
    const known = this.#topics.get(topic.name)
    if (known === undefined) return false
    refuseOtherCount(topic.name, known.length, partitions)
    return true
  }

  #register(
    topic: Topic,
    partitions: number,
  ): { readonly topic: Topic; readonly row: ManifestTopic; readonly fresh: boolean } {
    if (topic.memory) return { topic, row: { id: 0, name: topic.name, partitions }, fresh: false }
    const known = this.#manifest.topics.find((row) => row.name === topic.name)
    if (known !== undefined) {
      refuseOtherCount(topic.name, known.partitions, partitions)
      return { topic, row: known, fresh: false }
    }
    const id = 1 + Math.max(0, ...this.#manifest.topics.map((row) => row.id))
    const row = { id, name: topic.name, partitions }
    this.#manifest.topics.push(row)
    return { topic, row, fresh: true }
  }

  #open(topic: Topic, row: ManifestTopic): void {
    const run = topic.memory ? undefined : topic.kind === 'state' ? this.#state : this.#messages
    const partitions: Partition[] = []
    for (let number = 0; number < row.partitions; number++) {
      const { start, end } = run === undefined ? this.#memoryRange() : this.#rangeOf(run, row.id, number)
      const partition = new Partition({ topic, topicId: row.id, number, run, start, end })
      partitions.push(partition)
      if (run !== undefined) this.#byKey.set(partitionKey(row.id, number), partition)
    }
    this.#topics.set(topic.name, partitions)
  }

  #memoryRange(): { readonly start: number; readonly end: number } {
    const offset = (this.#manifest.incarnation - 1) * offsetsPerIncarnation
    return { start: offset, end: offset }
  }

  /** What the segments have of a partition; the manifest knows where it ended if they have nothing any more. */
  #rangeOf(
    run: SegmentRun,
    topicId: number,
    number: number,
  ): { readonly start: number; readonly end: number } {
    const key = partitionKey(topicId, number)
    let start = -1
    let end = this.#manifest.ends.get(`${topicId}:${number}`) ?? 0
    for (const segment of run.segments) {
      const part = segment.index.parts.get(key)
      if (part === undefined) continue
      if (start < 0) start = part.first
      end = Math.max(end, part.next)
    }
    return { start: start < 0 ? end : start, end }
  }
}

/** A topic exists with another number of partitions than is asked for. */
export class OtherPartitionCount extends Error {
  override readonly name = 'OtherPartitionCount'
  readonly existing: number
  constructor(topic: string, counts: { readonly existing: number; readonly wanted: number }) {
    super(`topic ${topic} has ${counts.existing} partitions, not ${counts.wanted}`)
    this.existing = counts.existing
  }
}

function refuseOtherCount(topic: string, existing: number, wanted: number): void {
  if (existing !== wanted) throw new OtherPartitionCount(topic, { existing, wanted })
}
