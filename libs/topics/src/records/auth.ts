// Requests to auth (tbmq.auth.inbox).
import { bytes, flag, optional, struct, text, u16, u32, union, whole, type ValueOf } from '../field.js'
import { address, clientLimits, will } from './common.js'

/** Where a connection really comes from. `forwarded`: a PROXY or X-Forwarded-For header named it. */
export const peer = struct({
  host: text,
  port: u16,
  transport: text,
  forwarded: flag,
  /** True when a WebSocket's Origin is absent or names one of its own hosts (always true for TCP and TLS). */
  sameOrigin: flag,
})
export type Peer = ValueOf<typeof peer>

/** What the client wants of its session; auth hands it on to session untouched. */
export const wantedSession = struct({
  clientId: text,
  cleanStart: flag,
  /** Seconds that the session outlives its connection: 0 ends with it, 0xFFFFFFFF never ends. */
  expirySeconds: u32,
  limits: clientLimits,
  keepAliveSeconds: u16,
  will: optional(will),
})

export const authRecord = union({
  /** A CONNECT has arrived: may this client have its session? */
  Authenticate: [
    1,
    struct({
      address,
      peer,
      wanted: wantedSession,
      userName: optional(text),
      password: optional(bytes),
      arrivedMillis: whole,
    }),
  ],
})
export type AuthRecord = ValueOf<typeof authRecord>
