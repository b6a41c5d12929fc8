// One message as it waits: a range of bytes, mostly inside the batch of the inbox that brought it. All receivers share it.
import { messageDeadline } from '#libs/topics'

/** The bytes of one batch of the inbox with the messages that lie in them; released when no queue needs any of them. */
export interface Pinned {
  readonly bytes: Uint8Array
  readonly since: number
  messages: QueuedMessage[]
}

/**
 * `bytes[from..to)` is the body of a message item of a run: `[deadline u64] · topic (u16 + bytes) · [properties] · payload`, exactly
 * as the next run needs it. `tag`: the item's tag (QoS and retain as published, deadline, properties).
 */
export class QueuedMessage {
  /** How many queues hold it. */
  references = 0
  /** In how many pages of the store it is. */
  copies = 0

  constructor(
    /** Undefined while the body is only in the store. */
    public bytes: Uint8Array | undefined,
    public from: number,
    public to: number,
    readonly tag: number,
    /** Milliseconds since 1970; 0: never. */
    readonly deadline: number,
    /** Subscription identifiers of the one receiver that this object is for. */
    readonly subscriptionIds: readonly number[],
  ) {}

  get size(): number {
    return this.to - this.from
  }

  /** Points to a copy of the body: the batch that brought it may go. */
  moveTo(bytes: Uint8Array, from: number): void {
    this.to = from + this.to - this.from
    this.from = from
    this.bytes = bytes
  }

  /** The topic's bytes; only while the body is in memory. */
  topicRange(): { readonly bytes: Uint8Array; readonly from: number; readonly to: number } | undefined {
    const { bytes } = this
    if (bytes === undefined) return undefined
    const at = this.from + ((this.tag & messageDeadline) === 0 ? 0 : 8)
    const length = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
    return { bytes, from: at + 2, to: at + 2 + length }
  }
}

export const noIds: readonly number[] = []
