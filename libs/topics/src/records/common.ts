// What several services' records are made of: addresses, session identities, messages as values, subscriptions, permissions.
import { bytes, flag, list, optional, struct, text, u16, u32, u8, whole, type ValueOf } from '../field.js'

/** A connection of one start (incarnation) of one gateway: where an answer must go. */
export const address = struct({ gateway: text, incarnation: whole, connection: whole })
export type Address = ValueOf<typeof address>

/** One text per connection. */
export const addressKey = ({ connection, incarnation, gateway }: Address): string =>
  `${String(connection)} ${String(incarnation)} ${gateway}`

/**
 * Connections whose kept session another one was given before their gateway had told their end. What they still ask for does not count,
 * until that gateway has told (or is no more): then nothing of theirs comes any more (`isOver`).
 */
export const displacement = struct({ addresses: list(address), isOver: flag })
export type Displacement = ValueOf<typeof displacement>

/** A session: its client id, and the birth that tells it from every other session of that client. */
export const sessionIdentity = struct({ clientId: text, birth: whole })
export type SessionIdentity = ValueOf<typeof sessionIdentity>

/**
 * A message as a value, for the places where there are few of them (wills, QoS 2 of kept sessions).
 * `properties`: the MQTT 5.0 properties to forward, encoded, in the publisher's order. `expirySeconds` undefined: never.
 */
export const messageValue = struct({
  topic: text,
  payload: bytes,
  qos: u8,
  retain: flag,
  expirySeconds: optional(u32),
  properties: bytes,
})
export type MessageValue = ValueOf<typeof messageValue>

/** A will: its message and the delay (seconds) between the end of the connection and its publication. */
export const will = struct({ message: messageValue, delaySeconds: u32 })
export type Will = ValueOf<typeof will>

/** One filter of a SUBSCRIBE with its options; for a shared subscription `filter` is what follows the share name. */
export const wantedFilter = struct({
  filter: text,
  qos: u8,
  noLocal: flag,
  retainAsPublished: flag,
  retainHandling: u8,
})
export type WantedFilter = ValueOf<typeof wantedFilter>

/** What a client may do: filters for publishing (wills included) and subscribing; undefined allows everything. */
export const permissions = struct({ publish: optional(list(text)), subscribe: optional(list(text)) })
export type Permissions = ValueOf<typeof permissions>

/** What a connection can take: bounds that the client stated. `maximumPacketSize` undefined: no bound of its own. */
export const clientLimits = struct({
  protocolVersion: u8,
  receiveMaximum: u16,
  maximumPacketSize: optional(u32),
})
export type ClientLimits = ValueOf<typeof clientLimits>
