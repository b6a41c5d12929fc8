// Who subscribed to what, as objects that point at each other: clients, filters, and the subscriptions between them.
import type { GroupRow } from '#libs/topics'
import type { ReceiverSet } from './receivers.js'
import type { Target } from './targets.js'

/** A session with at least one subscription here. */
export class Client {
  readonly subscriptions: Subscription[] = []
  /** Scratch of who builds a section: in which build this client was met, and at which place. */
  mark = 0
  place = 0

  constructor(
    readonly clientId: string,
    readonly birth: number,
    readonly kept: boolean,
    /** Its lane: the inbox of its gateway, or its delivery partition. */
    readonly target: Target,
    /** What names it to the target: its connection, or its birth. */
    readonly receiverId: number,
  ) {}

  subscriptionTo(filter: Filter | undefined): Subscription | undefined {
    return filter === undefined ? undefined : this.subscriptions.find((known) => known.filter === filter)
  }
}

/** One client's subscription to one filter. */
export class Subscription {
  /** Its place in `filter.subscriptions`. */
  place = 0
  qos = 0
  noLocal = false
  retainAsPublished = false
  subscriptionId = 0
  /** It applies to messages from this offset on. */
  fromOffset = 0

  constructor(
    readonly client: Client,
    readonly filter: Filter,
  ) {}
}

/** A group of a shared subscription, as far as a matcher knows it. */
export interface Group {
  readonly row: GroupRow
  readonly target: Target
}

/** A filter that somebody subscribed to. */
export class Filter {
  readonly subscriptions: Subscription[] = []
  readonly groups: Group[] = []
  /** Rises with every change of who subscribed how. */
  version = 0
  /** The receivers of topics that only this filter matches, or that it matches exactly. */
  receivers: ReceiverSet | undefined

  constructor(
    readonly text: string,
    readonly isWildcard: boolean,
    /** Tells filters apart: never used again. */
    readonly number: number,
  ) {}

  get isEmpty(): boolean {
    return this.subscriptions.length === 0 && this.groups.length === 0
  }

  add(subscription: Subscription): void {
    subscription.place = this.subscriptions.length
    this.subscriptions.push(subscription)
  }

  /** The last one takes its place: thousands may subscribe to one filter, and their order has no meaning. */
  remove(subscription: Subscription): void {
    const last = this.subscriptions.pop()
    if (last === undefined || last === subscription) return
    last.place = subscription.place
    this.subscriptions[subscription.place] = last
  }
}
