// Which stored batches stay in memory: of all partitions on disk together the newest ones that somebody still has to read, and per
// topic in memory what its readers have not had; of both, a little more.
import { Fifo } from './fifo.js'
import type { LogMetrics } from './metrics.js'
import type { Frame, Partition } from './partition.js'

/** What every reader has had stays up to this many bytes: for readers that are about to begin. */
const readBytesMax = 1024 * 1024

export class TailCache {
  readonly #cached = new Fifo<Frame>()
  readonly #metrics: Pick<LogMetrics, 'cacheBytes' | 'cacheBytesMax'>
  readonly #memoryBytes: number

  constructor(
    settings: { readonly cacheBytes: number; readonly memoryBytes: number },
    metrics: Pick<LogMetrics, 'cacheBytes' | 'cacheBytesMax'>,
  ) {
    this.#metrics = metrics
    metrics.cacheBytesMax = settings.cacheBytes
    this.#memoryBytes = settings.memoryBytes
  }

  /** Takes note of a frame that has just been stored; frames come in the order of appending. */
  add(frame: Frame): void {
    if (frame.owner.run === undefined) return this.#keepLittle(frame.owner)
    const metrics = this.#metrics
    this.#cached.push(frame)
    metrics.cacheBytes += frame.cost
    while (metrics.cacheBytes > readBytesMax || metrics.cacheBytes > metrics.cacheBytesMax) {
      const oldest = this.#cached.first()
      if (oldest === undefined) return
      if (metrics.cacheBytes <= metrics.cacheBytesMax && oldest.nextOffset > oldest.owner.slowestReader)
        return
      this.#cached.shift()
      metrics.cacheBytes -= oldest.cost
      oldest.owner.evict()
    }
  }

  #keepLittle(partition: Partition): void {
    if (partition.tailBytes <= this.#memoryBytes) return
    const slowest = Math.min(partition.slowestReader, partition.storedOffset)
    while (partition.tailBytes > this.#memoryBytes) {
      const oldest = partition.tail.first()
      if (oldest === undefined || oldest.nextOffset > slowest) return
      partition.evict()
    }
  }
}
