// Who subscribed to what, as objects that point at each other: clients, filters, and the subscriptions between them.
import type { GroupRow } from '#libs/topics'
import type { ReceiverSet } from './receivers.js'
import type { Target } from './targets.js'

/** What has none shares these, which stay empty; see `withOneMore`. */
const NO_SUBSCRIPTIONS: Subscription[] = []
const NO_GROUPS: readonly Group[] = []

/** A session with at least one subscription here. */
export class Client {
  subscriptions = NO_SUBSCRIPTIONS
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
    for (const known of this.subscriptions) if (known.filter === filter) return known
    return undefined
  }
}

/** One client's subscription to one filter. */
export class Subscription {
  qos = 0
  noLocal = false
  retainAsPublished = false
  subscriptionId = 0
  /** It applies to messages from this offset on. */
  fromOffset = 0

  constructor(
    readonly client: Client,
    readonly filter: Filter,
    /** Its place in `filter.subscriptions`. */
    public place: number,
  ) {}
}

/** A group of a shared subscription, as far as a matcher knows it. */
export interface Group {
  readonly row: GroupRow
  readonly target: Target
}

/** A filter that somebody subscribed to. */
export class Filter {
  subscriptions = NO_SUBSCRIPTIONS
  groups: readonly Group[] = NO_GROUPS
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
}

/** Subscribes the client to a filter to which it is not. */
export function connect(client: Client, filter: Filter): Subscription {
  const subscription = new Subscription(client, filter, filter.subscriptions.length)
  filter.subscriptions = withOneMore(filter.subscriptions, subscription)
  client.subscriptions = withOneMore(client.subscriptions, subscription)
  return subscription
}

/** Takes the subscription from its client and its filter. */
export function disconnect(subscription: Subscription): void {
  const { client, filter, place } = subscription
  const own = client.subscriptions
  own.splice(own.indexOf(subscription), 1)
  // The last one takes its place: thousands may subscribe to one filter, and their order has no meaning.
  const last = filter.subscriptions.pop()
  if (last === undefined || last === subscription) return
  last.place = place
  filter.subscriptions[place] = last
}

/**
 * Most clients and filters have one subscription, and an array that begins with one element takes a fifth of one that was begun
 * empty.
 */
function withOneMore(list: Subscription[], subscription: Subscription): Subscription[] {
  if (list.length === 0) return [subscription]
  list.push(subscription)
  return list
}
