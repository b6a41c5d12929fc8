// Requests to delivery (tbmq.delivery.inbox). Messages stand in message-run.ts, what became of them in acknowledge-run.ts.
import { bytes, flag, list, struct, text, u16, union, whole, type ValueOf } from '../field.js'
import { address, clientLimits, displacement, messageValue, sessionIdentity, wantedFilter } from './common.js'

export const deliveryRecord = union({
  /**
   * A kept session's client is connected here: send what waits, at most `limits.receiveMaximum` unacknowledged. (This and its opposite are
   * sent to every partition, for its queue and for group memberships.)
   */
  SessionOnline: [1, struct({ session: sessionIdentity, address, limits: clientLimits })],
  SessionOffline: [2, struct({ session: sessionIdentity, address })],
  /** These sessions are over (sent to every partition, for queues and for group memberships). */
  EndSessions: [3, struct({ sessions: list(sessionIdentity) })],
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
  /** A record for a gateway that must not come before what this inbox holds already: pass it on when that is decided. */
  PassOn: [13, struct({ gateway: text, record: bytes })],
  /** In which groups here is this session a member? Answer SubscriptionsListed. */
  ListSubscriptions: [14, struct({ address, session: sessionIdentity })],
  /** Tell it every matcher and every group owner; what is to be passed on behind this record goes when all of them have it. */
  TellDisplaced: [15, displacement],
  /** These connections join and leave groups no more. */
  ConnectionsDisplaced: [16, displacement],
})
export type DeliveryRecord = ValueOf<typeof deliveryRecord>
