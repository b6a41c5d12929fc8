// The receivers of messages that the same filters match, written down once per target, ready to be copied in front of messages.
import type { ByteWriter } from '#libs/base'
import { groupOption, receiversItem, retainAsPublishedOption, writeReceiver } from '#libs/topics'
import type { Client, Filter, Subscription } from './filter.js'
import type { Target } from './targets.js'

/** Groups take messages at the highest QoS: what a member was granted is known to the group's owner. */
const GROUP_QOS = 2

const NO_IDS: readonly number[] = []

/** One set of receivers; holds for messages from offset `from` up to, not including, `until`. */
export class ReceiverSet {
  readonly targets: Target[] = []
  /** Per target: tag, count and receivers, as in a MessageRun. */
  readonly sections: Uint8Array[] = []
  /** Per target: a group is among the receivers. */
  readonly withGroup: boolean[] = []
  /** How many receivers there are in all. */
  count = 0
  /** Length of all sections. */
  bytes = 0
  from = 0
  until = Infinity
  /** Clients that do not want what they published themselves. */
  noLocal: Set<string> | undefined
  /** The receivers of what one of those clients publishes. */
  variants: Map<string, ReceiverSet> | undefined
  readonly #versions: readonly number[]

  constructor(readonly filters: readonly Filter[]) {
    this.#versions = filters.map((filter) => filter.version)
  }

  /** True while it is what building it again from these filters would give. */
  isFor(filters: readonly Filter[]): boolean {
    if (filters.length !== this.filters.length) return false
    for (let i = 0; i < filters.length; i++) {
      if (filters[i] !== this.filters[i] || filters[i]?.version !== this.#versions[i]) return false
    }
    return true
  }
}

/** A message is for a session once, however many of its subscriptions match. [MQTT-3.3.4-2, -3] */
interface Merged {
  readonly client: Client
  qos: number
  retainAsPublished: boolean
  readonly ids: number[]
}

let build = 0

/**
 * The receivers of a message with this offset. `publisher`: the client whose own messages are meant; undefined if that makes no
 * difference.
 */
export function buildReceivers(
  filters: readonly Filter[],
  publisher: string | undefined,
  offset: number,
): ReceiverSet {
  const set = new ReceiverSet(filters)
  const only = filters[0]
  if (only !== undefined && filters.length === 1) {
    for (const subscription of only.subscriptions) {
      if (applies(set, subscription, publisher, offset)) writeOne(set, subscription)
    }
  } else writeMerged(set, filters, publisher, offset)
  for (const filter of filters) writeGroups(set, filter, offset)
  finish(set)
  return set
}

/** Narrows the set's offsets to where the answer stays the same. */
function inTime(set: ReceiverSet, fromOffset: number, offset: number): boolean {
  if (fromOffset > offset) {
    set.until = Math.min(set.until, fromOffset)
    return false
  }
  set.from = Math.max(set.from, fromOffset)
  return true
}

function applies(
  set: ReceiverSet,
  subscription: Subscription,
  publisher: string | undefined,
  offset: number,
): boolean {
  if (!inTime(set, subscription.fromOffset, offset)) return false
  if (!subscription.noLocal) return true
  const { clientId } = subscription.client
  if (clientId === publisher) return false // [MQTT-3.8.3-3]
  set.noLocal ??= new Set()
  set.noLocal.add(clientId)
  return true
}

function writeOne(set: ReceiverSet, subscription: Subscription): void {
  const { client, qos, retainAsPublished, subscriptionId } = subscription
  const options = retainAsPublished ? qos | retainAsPublishedOption : qos
  const scratch = scratchOf(set, client.target)
  writeReceiver(scratch, client.receiverId, options, subscriptionId === 0 ? NO_IDS : [subscriptionId])
}

function writeMerged(
  set: ReceiverSet,
  filters: readonly Filter[],
  publisher: string | undefined,
  offset: number,
): void {
  build++
  const merged: Merged[] = []
  for (const filter of filters) {
    for (const subscription of filter.subscriptions) {
      if (applies(set, subscription, publisher, offset)) merge(merged, subscription)
    }
  }
  for (const { client, qos, retainAsPublished, ids } of merged) {
    const options = retainAsPublished ? qos | retainAsPublishedOption : qos
    writeReceiver(scratchOf(set, client.target), client.receiverId, options, ids)
  }
}

function merge(merged: Merged[], subscription: Subscription): void {
  const { client, qos, retainAsPublished, subscriptionId } = subscription
  const known = client.mark === build ? merged[client.place] : undefined
  if (known === undefined) {
    client.mark = build
    client.place = merged.length
    merged.push({ client, qos, retainAsPublished, ids: subscriptionId === 0 ? [] : [subscriptionId] })
    return
  }
  known.qos = Math.max(known.qos, qos)
  known.retainAsPublished ||= retainAsPublished
  // [MQTT-3.3.4-4], [MQTT-3.3.4-5] The identifiers of all of them, also when some are the same.
  if (subscriptionId !== 0) known.ids.push(subscriptionId)
}

function writeGroups(set: ReceiverSet, filter: Filter, offset: number): void {
  for (const { row, target } of filter.groups) {
    if (!inTime(set, row.fromOffset, offset)) continue
    target.hasGroup = true
    writeReceiver(
      scratchOf(set, target),
      row.birth,
      GROUP_QOS | retainAsPublishedOption | groupOption,
      NO_IDS,
    )
  }
}

function scratchOf(set: ReceiverSet, target: Target): ByteWriter {
  if (target.count++ === 0) set.targets.push(target)
  return target.scratch
}

/** Puts tag and count before what was collected per target. */
function finish(set: ReceiverSet): void {
  for (const target of set.targets) {
    const { scratch, count } = target
    const to = scratch.position
    scratch.u8(receiversItem)
    scratch.varint(count)
    const headLength = scratch.position - to
    const section = new Uint8Array(scratch.position)
    section.set(scratch.buffer.subarray(to, scratch.position))
    section.set(scratch.buffer.subarray(0, to), headLength)
    set.sections.push(section)
    set.withGroup.push(target.hasGroup)
    set.count += count
    set.bytes += section.length
    target.count = 0
    target.hasGroup = false
    scratch.reset()
  }
}
