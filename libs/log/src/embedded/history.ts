// Reading what is no longer in memory: from the segments of a run, in bounded chunks.
import { crc32c } from '@node-rs/crc32'
import type { Batch } from '#libs/batch'
import { appendTimeOf, baseOffsetOf, checkBatch, nextOffsetOf } from '#libs/batch'
import { Frame, type Partition } from './partition.js'
import type { HistoryHint } from './reader.js'
import { DamagedSegment, scanFrames, type Segment } from './segment.js'
import { partitionKey, type IndexPart } from './segment-index.js'

const chunk = 256 * 1024

/** The first segment with a batch of the partition that ends after `offset`. */
function find(
  segments: readonly Segment[],
  key: number,
  offset: number,
): { readonly segment: Segment; readonly part: IndexPart } | undefined {
  for (const segment of segments) {
    const part = segment.index.parts.get(key)
    if (part !== undefined && part.next > offset) return { segment, part }
  }
  return undefined
}

/**
 * Some batches of the partition in order, the first of which ends after `offset`; none if there are no more on disk. One read of
 * 256 KiB unless a batch is bigger or there is nothing of the partition in it. Throws DamagedSegment.
 */
export async function readBatches(
  segments: readonly Segment[],
  partition: Partition,
  offset: number,
  salt: number,
  hint: HistoryHint,
): Promise<readonly Batch[]> {
  const key = partitionKey(partition.topicId, partition.number)
  const batches: Batch[] = []
  let wanted = offset
  for (;;) {
    const found = find(segments, key, wanted)
    if (found === undefined) return batches
    const { segment, part } = found
    segment.hold()
    try {
      const { id, generation } = segment.header
      const goesOn = hint.segment === id && hint.generation === generation && hint.offset === wanted
      let position: number | undefined = goesOn ? hint.position : part.positionOf(wanted)
      const end = segment.index.length
      while (position !== undefined && position < end && batches.length === 0) {
        position = await readChunk(segment, position, end)
        hint.position = position
        position = part.skipFrom(position)
      }
      hint.segment = id
      hint.generation = generation
      if (batches.length > 0) {
        hint.offset = wanted
        return batches
      }
      // The rest of this segment had none: compaction took them.
      wanted = part.next
    } finally {
      await segment.letGo()
    }
  }

  /** Reads about a chunk from `position` on; returns where it stopped. */
  async function readChunk(segment: Segment, position: number, to: number): Promise<number> {
    const range = { from: position, to, chunk, once: true }
    const { end, bad } = await scanFrames(segment, range, salt, (header, batch) => {
      if (header.topic !== partition.topicId || header.partition !== partition.number) return true
      const next = nextOffsetOf(batch)
      if (next <= wanted) return true
      if (checkBatch(batch, crc32c) !== undefined) return false
      const [base, time] = [baseOffsetOf(batch), appendTimeOf(batch)]
      batches.push(new Frame(partition, 0, base, next, time, batch, undefined, undefined))
      wanted = next
      return true
    })
    // What was read before the bad place is handed out first; then reading goes on there and throws.
    if (bad && batches.length === 0) throw new DamagedSegment(segment.path, end)
    return end
  }
}
