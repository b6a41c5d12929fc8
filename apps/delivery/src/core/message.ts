// One message as it waits: a range of bytes, mostly inside the batch of the inbox that brought it. All receivers share it.
import { messageDeadline } from '#libs/topics'
import { assert, type Millis } from '#libs/base'
import type { Lease } from '#libs/batch'

/** The bytes of one batch of the inbox with the messages that lie in them; let go when no queue needs any of them. */
export class Pinned {
  readonly messages: QueuedMessage[] = []
  /** How many of the messages are needed. */
  living = 0
  #isWhole = false
  #isGone = false

  constructor(
    readonly bytes: Uint8Array,
    readonly since: Millis,
    readonly lease: Lease | undefined,
  ) {
    lease?.keep()
  }

  /** No more messages come. */
  close(): void {
    this.#isWhole = true
    if (this.living === 0) this.#letGo()
  }

  enter(): void {
    assert(!this.#isGone, 'A batch that was let go is not looked at again.')
    this.living++
  }

  leave(): void {
    this.living--
    if (this.living === 0 && this.#isWhole) this.#letGo()
  }

  #letGo(): void {
    this.#isGone = true
    this.lease?.letGo()
  }
}

/** A group that has given a message to the queue of a kept member: it keeps it too, until it hears what became of it there. */
export interface Origin {
  /** Birth of the group, and the partition of tbmq.delivery.inbox that owns it. */
  readonly group: number
  readonly partition: number
  /** Under which number the group has given it. */
  readonly number: number
}

/**
 * `bytes[from..to)` is the body of a message item of a run: `[deadline u64] · topic (u16 + bytes) · [properties] · payload`, exactly
 * as the next run needs it. `tag`: the item's tag (QoS and retain as published, deadline, properties).
 */
export class QueuedMessage {
  /** How many queues hold it. */
  references = 0
  /** What it lies in, if that is to be told when nobody needs it any more. */
  #batch: Pinned | undefined

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
    /** Who wants to hear when that receiver is done with it. */
    readonly origin?: Origin,
  ) {}

  get size(): number {
    return this.to - this.from
  }

  /** It lies in this batch, from now on. */
  pinIn(batch: Pinned): void {
    batch.messages.push(this)
    this.#batch = batch
    if (this.references > 0) batch.enter()
  }

  /** One more queue holds it. */
  hold(): void {
    if (this.references++ === 0) this.#batch?.enter()
  }

  /** A queue is done with it. */
  drop(): void {
    if (--this.references === 0) this.#batch?.leave()
  }

  /** Points to a copy of the body: the batch that brought it may go. */
  moveTo(bytes: Uint8Array, from: number): void {
    this.to = from + this.to - this.from
    this.from = from
    this.bytes = bytes
    this.#leave()
  }

  /** The body is only in the store from now on. */
  evict(): void {
    this.bytes = undefined
    this.#leave()
  }

  #leave(): void {
    const batch = this.#batch
    this.#batch = undefined
    if (this.references > 0) batch?.leave()
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
