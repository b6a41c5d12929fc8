// Forgetting: closed segments of streams and inboxes go, oldest first, when every topic in them allows it.
import { DAY, type Millis } from '#libs/base'
import type { Files } from './files.js'
import type { Manifest } from './manifest.js'
import type { Partition } from './partition.js'
import type { SegmentRun } from './segment-run.js'
import type { Segment } from './segment.js'
import type { IndexPart } from './segment-index.js'

/** A topic that nobody has created for this long after its last record is one that no longer exists. */
const orphanMillis = DAY

export interface RetentionHome {
  readonly files: Files
  readonly directory: string
  readonly manifest: Manifest
  readonly run: SegmentRun
  readonly now: () => Millis
  partitionOf(topicId: number, number: number): Partition | undefined
  /** Called when a segment is gone from the disk. */
  removed(): Promise<void>
  /** Resolves when everything appended so far is stored. */
  stored(): Promise<void>
}

export class Retention {
  readonly #home: RetentionHome
  constructor(home: RetentionHome) {
    this.#home = home
  }

  /** Removes what may go; `pressed` lets history go before its time. Resolves with the number of segments removed. */
  async pass(pressed: boolean): Promise<number> {
    const { run } = this.#home
    const leaving: Segment[] = []
    const total = this.#bytesByTopic()
    for (const segment of run.closed) {
      const parts = [...segment.index.parts.values()]
      if (!this.#allMayGo(parts, pressed, total)) break
      for (const part of parts) total.set(part.topic, (total.get(part.topic) ?? 0) - part.bytes)
      leaving.push(segment)
    }
    if (leaving.length === 0) return 0
    // What followed from these records must be stored before they go: a removal waits as a packet does.
    await this.#home.stored()
    await this.#remove(leaving)
    return leaving.length
  }

  /** What goes with its files waits for nobody, but it does not go alone: another stream in the segment must be past its limit. */
  #allMayGo(parts: readonly IndexPart[], pressed: boolean, total: ReadonlyMap<number, number>): boolean {
    const staying = parts.filter((part) => !this.#mayGo(part, pressed, total))
    if (staying.length === 0) return true
    return staying.every((part) => this.#goesWith(part)) && parts.some((part) => this.#isPast(part, total))
  }

  #goesWith(part: IndexPart): boolean {
    const partition = this.#home.partitionOf(part.topic, part.partition)
    if (partition === undefined || part.next > partition.slowestReader) return false
    return partition.retention.kind === 'limited' && partition.retention.goesWith === true
  }

  /** A part of a stream that has its own limits and is past them. */
  #isPast(part: IndexPart, total: ReadonlyMap<number, number>): boolean {
    const partition = this.#home.partitionOf(part.topic, part.partition)
    if (partition?.retention.kind !== 'limited' || partition.retention.goesWith === true) return false
    return this.#mayGo(part, false, total)
  }

  #mayGo(part: IndexPart, pressed: boolean, total: ReadonlyMap<number, number>): boolean {
    const partition = this.#home.partitionOf(part.topic, part.partition)
    const age = this.#home.now() - part.time
    if (partition === undefined) return age > orphanMillis
    if (part.next > partition.slowestReader) return false
    const { retention } = partition
    switch (retention.kind) {
      case 'compacted':
        return false
      case 'trimmed':
        return part.next <= partition.trimmed
      case 'limited':
        return (
          pressed || age > retention.millis || (total.get(part.topic) ?? 0) - part.bytes >= retention.bytes
        )
    }
  }

  async #remove(leaving: readonly Segment[]): Promise<void> {
    const { files, directory, manifest, run } = this.#home
    // Where the partitions ended must be known also when nothing of them is left.
    for (const segment of leaving) manifest.noteEnds(segment.index.parts.values())
    await manifest.save()
    for (const segment of leaving) {
      for (const part of segment.index.parts.values()) {
        const partition = this.#home.partitionOf(part.topic, part.partition)
        if (partition !== undefined) partition.startOffset = Math.max(partition.startOffset, part.next)
      }
      await run.replace([segment], undefined)
      await files.remove(segment.path)
      await files.remove(segment.indexPath)
      // One after the other, so that a power cut cannot bring back an older one without those that followed it.
      await files.syncDirectory(directory)
      await this.#home.removed()
    }
  }

  #bytesByTopic(): Map<number, number> {
    const total = new Map<number, number>()
    for (const segment of this.#home.run.segments)
      for (const part of segment.index.parts.values())
        total.set(part.topic, (total.get(part.topic) ?? 0) + part.bytes)
    return total
  }
}
