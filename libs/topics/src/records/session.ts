// Requests to session (tbmq.session.inbox) and its facts (tbmq.client.session).
import { flag, optional, struct, text, u32, u8, union, whole, word, type ValueOf } from '../field.js'
import { wantedSession } from './auth.js'
import { address, permissions, will } from './common.js'

/** How a connection ended: the client said DISCONNECT, it broke, keep alive ran out, or the broker closed it. */
export const closeCause = word([
  'client',
  'broken',
  'keepAlive',
  'server',
  'takenOver',
  'protocol',
  'gatewayEnded',
])
export type CloseCause = ValueOf<typeof closeCause>

/** What each cause means, for people. */
export const closeCauses = {
  client: 'The client said DISCONNECT.',
  broken: 'The connection broke, or the client closed it without a DISCONNECT.',
  keepAlive: 'Nothing was heard for one and a half times the keep alive.',
  server:
    'The broker ended it: it stops, cannot store, or the client does not keep up; the reason says which.',
  takenOver: 'The same client id has connected again.',
  protocol: 'The client sent what MQTT or a limit forbids; the reason says what.',
  gatewayEnded: 'The broker that held the connection was killed.',
} as const satisfies Readonly<Record<CloseCause, string>>

/** What auth passes on when it lets a client in. */
const opening = struct({
  address,
  wanted: wantedSession,
  permissions,
  principal: text,
  arrivedMillis: whole,
  /** Where its CONNECT stands in tbmq.auth.inbox: of two connections of one client, the later CONNECT wins. */
  connectOffset: whole,
})
export type Opening = ValueOf<typeof opening>

export const sessionRecord = union({
  /** auth let the client in: give it its session. */
  OpenSession: [1, opening],
  /** A gateway: this connection is over, and all it sent is in the log. */
  ConnectionClosed: [
    2,
    struct({
      address,
      clientId: text,
      /** 0 when the connection was closed before its session was accepted. */
      birth: whole,
      cause: closeCause,
      reasonCode: u8,
      /** Set when DISCONNECT changed the session expiry. */
      expirySeconds: optional(u32),
      publishWill: flag,
    }),
  ],
  /** A receiver holds no connection for what was sent to it. */
  Gone: [3, struct({ address, clientId: text, birth: whole })],
})
export type SessionRecord = ValueOf<typeof sessionRecord>

/** A client's session as it stands; a fact of session replaces the whole row. */
export const sessionRow = struct({
  clientId: text,
  birth: whole,
  kept: flag,
  expirySeconds: u32,
  principal: text,
  /** The living connection; undefined while the client is away. */
  address: optional(address),
  connectedMillis: whole,
  /** Where the CONNECT of `address` stands in tbmq.auth.inbox. */
  connectOffset: whole,
  will: optional(will),
  /** When a pending will fires (milliseconds since 1970); undefined while connected or without one. */
  willDueMillis: optional(whole),
  /** When the session ends unless the client comes back. */
  expiryDueMillis: optional(whole),
  /** A CONNECT that waits until the old connection is closed. */
  waiting: optional(struct({ opening, birth: whole, untilMillis: whole })),
})
export type SessionRow = ValueOf<typeof sessionRow>
