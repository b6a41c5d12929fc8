// The life of gateways (tbmq.gateway.lease) and of clients (tbmq.client.history).
import { struct, text, u8, union, whole, type ValueOf } from '../field.js'

export const leaseRecord = union({
  /** A gateway starts a new life, or says that it still lives. */
  Renewed: [1, struct({ gateway: text, incarnation: whole })],
  /** That incarnation, and every older one of the name, has ended: its connections are no more. */
  Ended: [2, struct({ gateway: text, incarnation: whole })],
})
export type LeaseRecord = ValueOf<typeof leaseRecord>

/** What a client's history tells, and what its `detail` says. */
export const historyEvents = {
  connected: 'The client was let in; detail: with a new session, or with its old one.',
  takenOver: 'The client connected again while its connection lived; detail: through which gateway.',
  disconnected: 'The connection ended; the reason code, detail: the cause.',
  expired: 'The session ended, because the client stayed away too long.',
  willFired: 'The will was published; detail: its topic.',
  queueFull:
    'Messages are dropped, because too many wait for the client; said once until the queue is empty.',
  messagesExpired: 'Messages expired before they could be sent to the client; detail: how many.',
  messagesEnded:
    'The session, or the last member of the group, ended with messages that nobody had acknowledged; detail: how many.',
} as const
export type HistoryEvent = keyof typeof historyEvents

/** One line in a client's history; the key of the record is the client id. `detail`: a short sentence, never a payload. */
export const historyRecord = struct({ event: text, code: u8, detail: text, birth: whole })
