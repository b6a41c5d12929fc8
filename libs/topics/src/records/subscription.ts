// Requests to subscription (tbmq.subscription.inbox) and its facts (tbmq.client.subscriptions).
import { bytes, flag, list, optional, struct, text, u16, u8, union, whole, type ValueOf } from '../field.js'
import { address, displacement, sessionIdentity, wantedFilter } from './common.js'

/** One filter with its place in the packet, so that the gateway can put the SUBACK together. */
const placedFilter = struct({ place: u16, wanted: wantedFilter })

export const subscriptionRecord = union({
  /** Store these filters as far as they concern this partition; answer Subscribed. */
  Subscribe: [
    1,
    struct({
      address,
      session: sessionIdentity,
      kept: flag,
      request: whole,
      /** 0: none. */
      subscriptionId: whole,
      filters: list(placedFilter),
    }),
  ],
  Unsubscribe: [
    2,
    struct({
      address,
      session: sessionIdentity,
      request: whole,
      filters: list(struct({ place: u16, filter: text })),
    }),
  ],
  /** These sessions are over: sweep everything of theirs, and of any older session of the same clients. */
  EndSessions: [3, struct({ sessions: list(sessionIdentity) })],
  /** The receiver has taken a page of retained messages: send the next, after this name. */
  NextRetained: [
    4,
    struct({
      address,
      session: sessionIdentity,
      kept: flag,
      filter: text,
      qos: u8,
      subscriptionId: whole,
      after: text,
    }),
  ],
  /** A group has come to be (its first member): route to it from now on; answer GroupStored to its owner. */
  AddGroup: [5, struct({ share: text, filter: text, birth: whole, owner: whole, replyTo: whole })],
  /** A group has lost its last member. */
  RemoveGroup: [6, struct({ share: text, filter: text, birth: whole })],
  /** Which filters of this session are here? Answer SubscriptionsListed. */
  ListSubscriptions: [7, struct({ address, session: sessionIdentity })],
  /** What these connections subscribe to from here on does not count. */
  ConnectionsDisplaced: [8, displacement],
})
export type SubscriptionRecord = ValueOf<typeof subscriptionRecord>

/** A subscription as stored; the key is client id and filter. A transient session's row carries its address. */
export const subscriptionRow = struct({
  clientId: text,
  birth: whole,
  filter: text,
  qos: u8,
  noLocal: flag,
  retainAsPublished: flag,
  subscriptionId: whole,
  kept: flag,
  address: optional(address),
  /** The offset in this partition of tbmq.msg.all from which on it applies. */
  fromOffset: whole,
})
export type SubscriptionRow = ValueOf<typeof subscriptionRow>

/** A group as its matchers know it; the key is share name and filter. */
export const groupRow = struct({ share: text, filter: text, birth: whole, owner: whole, fromOffset: whole })
export type GroupRow = ValueOf<typeof groupRow>

/** A retained message; the key is its topic name. Offset in this partition of tbmq.msg.all: a lower one never replaces a higher. */
export const retainedRow = struct({
  topic: text,
  offset: whole,
  qos: u8,
  publisherClientId: text,
  deadlineMillis: optional(whole),
  properties: bytes,
  payload: bytes,
})
export type RetainedRow = ValueOf<typeof retainedRow>
