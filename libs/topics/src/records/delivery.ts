// Requests to delivery (tbmq.delivery.inbox). Messages stand in delivery-run.ts; facts of tbmq.client.delivery in delivery-facts.ts.
import {
  bytes,
  flag,
  list,
  optional,
  struct,
  text,
  u16,
  u8,
  union,
  whole,
  word,
  type ValueOf,
} from '../field.js'
import { address, clientLimits, messageValue, sessionIdentity, wantedFilter } from './common.js'

/** What a client (or its gateway) answered to one message, by its number in the session or group. */
export const acknowledgement = struct({
  number: whole,
  step: word(['puback', 'pubrec', 'pubcomp', 'dropped']),
  reasonCode: u8,
})
export type Acknowledgement = ValueOf<typeof acknowledgement>

export const deliveryRecord = union({
  /** A kept session's client is connected here: send what waits, at most `limits.receiveMaximum` unacknowledged. */
  SessionOnline: [1, struct({ session: sessionIdentity, address, limits: clientLimits, queueFrom: flag })],
  SessionOffline: [2, struct({ session: sessionIdentity, address })],
  /** These sessions are over (sent to every partition, for queues and for group memberships). */
  EndSessions: [3, struct({ sessions: list(sessionIdentity) })],
  /** Acknowledgements of a kept session, packed per turn. */
  Acknowledge: [4, struct({ session: sessionIdentity, acknowledgements: list(acknowledgement) })],
  /** A PUBLISH of a kept session that uses QoS 2: store it once, in order, then answer PublishStored. */
  Publish: [
    5,
    struct({
      session: sessionIdentity,
      address,
      packetId: u16,
      message: messageValue,
    }),
  ],
  /** PUBREL of a kept session: forget the packet id, then answer ReleaseStored. */
  ReleaseReceived: [6, struct({ session: sessionIdentity, address, packetId: u16 })],
  /** A will of a kept session, behind what that client published here. */
  PublishWill: [7, struct({ session: sessionIdentity, message: messageValue })],
  /** A session joins (or changes its options in) the group of a share name and a filter; answered with Subscribed. */
  JoinGroup: [
    8,
    struct({
      session: sessionIdentity,
      address,
      kept: flag,
      limits: clientLimits,
      request: whole,
      place: u16,
      share: text,
      wanted: wantedFilter,
      subscriptionId: whole,
    }),
  ],
  LeaveGroup: [
    9,
    struct({ session: sessionIdentity, address, request: whole, place: u16, share: text, filter: text }),
  ],
  /** A matcher knows the group now. */
  GroupStored: [10, struct({ share: text, filter: text, birth: whole, partition: whole })],
  /** What transient members did with messages of a group. */
  AcknowledgeGroup: [
    11,
    struct({ share: text, filter: text, birth: whole, acknowledgements: list(acknowledgement) }),
  ],
  /** A group hands a message over to a kept member's queue. */
  Hand: [
    12,
    struct({
      session: sessionIdentity,
      message: messageValue,
      qos: u8,
      subscriptionId: whole,
      deadlineMillis: optional(whole),
      group: struct({ share: text, filter: text, birth: whole, number: whole }),
    }),
  ],
  /** A record for a gateway that must not come before what this inbox holds already: pass it on when that is decided. */
  PassOn: [13, struct({ gateway: text, record: bytes })],
  /** In which groups here is this session a member? Answer SubscriptionsListed. */
  ListSubscriptions: [14, struct({ address, session: sessionIdentity })],
})
export type DeliveryRecord = ValueOf<typeof deliveryRecord>
