// The filters of one SUBSCRIBE or UNSUBSCRIBE, by the partitions of the topic space that they concern.
import type { TopicFilter } from '#libs/mqtt'
import { partitionOfTopic } from '#libs/topics'

export class ByPartition<Asked> {
  readonly #asked = new Map<number, Asked[]>()
  readonly #partitions: number

  /** `partitions`: of the topic space. */
  constructor(partitions: number) {
    this.#partitions = partitions
  }

  /** An exact filter concerns the partition of its topic, one with wildcards every partition. Returns how many those are. */
  add({ kind, filter }: TopicFilter, asked: Asked): number {
    if (kind !== 'wildcard') {
      this.#put(partitionOfTopic(filter, this.#partitions), asked)
      return 1
    }
    for (let partition = 0; partition < this.#partitions; partition++) this.#put(partition, asked)
    return this.#partitions
  }

  /** Each partition that somebody asks, with all that it is asked. */
  [Symbol.iterator](): Iterator<[partition: number, asked: readonly Asked[]]> {
    return this.#asked.entries()
  }

  #put(partition: number, asked: Asked): void {
    const known = this.#asked.get(partition)
    if (known === undefined) this.#asked.set(partition, [asked])
    else known.push(asked)
  }
}
