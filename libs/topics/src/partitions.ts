// Which partition a client, a topic name or a group belongs to.
import { partitionOf, utf8Encode } from '#libs/base'

/** The partition of `byClient` topics that holds this client. */
export const partitionOfClient = (clientId: string, partitions: number): number => of(clientId, partitions)

/** The partition of `byTopic` topics that holds this topic name. */
export const partitionOfTopic = (topicName: string, partitions: number): number => of(topicName, partitions)

/** The partition of `byClient` topics whose delivery owner holds this shared-subscription group. */
export const partitionOfGroup = (share: string, filter: string, partitions: number): number =>
  of(`${share}/${filter}`, partitions)

/** As `partitionOfTopic`, for a topic name in place. */
export const partitionOfTopicBytes = (
  bytes: Uint8Array,
  partitions: number,
  from: number,
  to: number,
): number => partitionOf(bytes, partitions, from, to)

function of(text: string, partitions: number): number {
  return partitions === 1 ? 0 : partitionOf(utf8Encode(text), partitions)
}
