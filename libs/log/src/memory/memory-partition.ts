// One partition of the memory log: its batches and who may write it.
import { stamp, type Batch } from '#libs/batch'
import type { Topic } from '#libs/topics'

export class MemoryPartition {
  readonly topic: Topic
  readonly number: number
  batches: Batch[] = []
  startOffset: number
  endOffset: number
  /** Everything below would survive a power cut. */
  storedOffset: number
  /** False while it has no leader: nothing lands, nothing is read. */
  reachable = true
  /** The highest epoch of each producer that has written or claimed this partition: lower ones are refused. */
  readonly epochs = new Map<string, number>()

  constructor(topic: Topic, number: number, start: number) {
    this.topic = topic
    this.number = number
    this.startOffset = this.endOffset = this.storedOffset = start
  }

  /** True when somebody with a higher epoch has taken over from this producer here. */
  refuses(producer: string, epoch: number): boolean {
    return (this.epochs.get(producer) ?? 0) > epoch
  }

  /** Appends a finished batch; the array belongs to the partition from now on. */
  push(bytes: Uint8Array, count: number, appendTime: number): Batch {
    const baseOffset = this.endOffset
    stamp(bytes, baseOffset, appendTime, null)
    const nextOffset = baseOffset + count
    const batch = {
      topic: this.topic.name,
      partition: this.number,
      baseOffset,
      nextOffset,
      appendTime,
      bytes,
    }
    this.batches.push(batch)
    this.endOffset = nextOffset
    return batch
  }

  /** Takes back the newest batch: a power cut. */
  pop(): void {
    const batch = this.batches.pop()
    if (batch !== undefined) this.endOffset = batch.baseOffset
  }

  /** The first batch that ends after `offset`. */
  after(offset: number): Batch | undefined {
    let low = 0
    let high = this.batches.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.batches[middle]?.nextOffset ?? Infinity) <= offset) low = middle + 1
      else high = middle
    }
    return this.batches[low]
  }

  /** Forgets whole batches below `before`. */
  trim(before: number): void {
    const limit = Math.min(before, this.storedOffset)
    this.batches = this.batches.filter((batch) => batch.nextOffset > limit)
    this.startOffset = Math.max(this.startOffset, this.batches[0]?.baseOffset ?? limit)
  }
}
