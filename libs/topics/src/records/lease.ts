// The life of gateways (tbmq.gateway.lease) and of clients (tbmq.client.history).
import { struct, text, u8, union, whole, type ValueOf } from '../field.js'

export const leaseRecord = union({
  /** A gateway starts a new life, or says that it still lives. */
  Renewed: [1, struct({ gateway: text, incarnation: whole })],
  /** That incarnation, and every older one of the name, has ended: its connections are no more. */
  Ended: [2, struct({ gateway: text, incarnation: whole })],
})
export type LeaseRecord = ValueOf<typeof leaseRecord>

/** One line in a client's history; the key of the record is the client id. `detail`: a short sentence, never a payload. */
export const historyRecord = struct({ event: text, code: u8, detail: text, birth: whole })
export type HistoryRecord = ValueOf<typeof historyRecord>
