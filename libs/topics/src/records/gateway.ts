// What services tell one gateway (tbmq.gateway.<name>.inbox). Messages on their way to sockets stand in delivery-run.ts.
import { flag, list, optional, struct, text, u16, u32, u8, union, whole, type ValueOf } from '../field.js'
import { permissions, type Address } from './common.js'

export const gatewayRecord = union({
  /** The session is there: CONNACK. `kept` fixes the lane for the session's life. */
  SessionAccepted: [
    1,
    struct({
      incarnation: whole,
      connection: whole,
      birth: whole,
      sessionPresent: flag,
      kept: flag,
      expirySeconds: u32,
      permissions,
      principal: text,
    }),
  ],
  /** No: CONNACK with this reason code (5.0 numbers) and the end. */
  ConnectionRefused: [2, struct({ incarnation: whole, connection: whole, reasonCode: u8, sentence: text })],
  /** Close this connection (take-over, administration) and answer ConnectionClosed. */
  CloseConnection: [3, struct({ incarnation: whole, connection: whole, reasonCode: u8, sentence: text })],
  /** One partition (or group owner) has stored its part of a SUBSCRIBE. `codes` pair with the filters' places in the packet. */
  Subscribed: [
    4,
    struct({
      incarnation: whole,
      connection: whole,
      /** The gateway's own number of the SUBSCRIBE or UNSUBSCRIBE. */
      request: whole,
      codes: list(struct({ place: u16, code: u8 })),
    }),
  ],
  /** delivery has stored a QoS 1 or 2 PUBLISH of a kept session: PUBACK or PUBREC. */
  PublishStored: [
    5,
    struct({ incarnation: whole, connection: whole, packetId: u16, qos: u8, reasonCode: u8 }),
  ],
  /** delivery has stored a PUBREL of a kept session: PUBCOMP. */
  ReleaseStored: [6, struct({ incarnation: whole, connection: whole, packetId: u16, reasonCode: u8 })],
  /** delivery (re)sends PUBREL for a message that this kept session's client has received. */
  Release: [7, struct({ incarnation: whole, connection: whole, packetId: u16, number: whole })],
  /** The page of retained messages before this record is complete; ask for the next with this name, if any. */
  RetainedPageEnd: [
    8,
    struct({ incarnation: whole, connection: whole, partition: whole, filter: text, after: optional(text) }),
  ],
  /** Answers ListSubscriptions, in several records if the filters are long. Of groups `$share/<share name>/<filter>`. */
  SubscriptionsListed: [
    9,
    struct({ incarnation: whole, connection: whole, filters: list(text), isLast: flag }),
  ],
})
export type GatewayRecord = ValueOf<typeof gatewayRecord>

/** One record lists so many characters, if it lists more than one filter. */
const listedMax = 100_000

/** The records that tell a connection these filters. */
export function* subscriptionsListed(
  { incarnation, connection }: Address,
  filters: readonly string[],
): Generator<GatewayRecord> {
  let from = 0
  let length = 0
  for (const [at, filter] of filters.entries()) {
    length += filter.length
    if (at === from || length <= listedMax) continue
    yield {
      kind: 'SubscriptionsListed',
      incarnation,
      connection,
      filters: filters.slice(from, at),
      isLast: false,
    }
    from = at
    length = filter.length
  }
  yield { kind: 'SubscriptionsListed', incarnation, connection, filters: filters.slice(from), isLast: true }
}
