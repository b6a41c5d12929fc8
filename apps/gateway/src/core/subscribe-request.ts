// A SUBSCRIBE or UNSUBSCRIBE that was sent to the partitions and groups it concerns, until all of them have answered.
import type { Connection } from './connection.js'
import { writePacket } from './write-packet.js'

/** What is known so far: one code for each filter, in the packet's order. */
export interface SubscribeRequest {
  readonly kind: 'suback' | 'unsuback'
  readonly packetId: number
  readonly codes: number[]
  /** Answers that are still to come: one for each filter from each partition or group that was asked. */
  owed: number
}

/** Begins to wait for the answers, or answers at once when there is nobody to ask. */
export function openRequest(connection: Connection, number: number, request: SubscribeRequest): void {
  if (request.owed === 0 && connection.requests === null) {
    answer(connection, request)
    return
  }
  const requests = (connection.requests ??= new Map<number, SubscribeRequest>())
  requests.set(number, request)
}

/** One partition or group has stored its part. The acknowledgement goes out when all have, and those of earlier requests are out. */
export function onSubscribed(
  connection: Connection,
  number: number,
  codes: readonly { readonly place: number; readonly code: number }[],
): void {
  const { requests } = connection
  const request = requests?.get(number)
  if (requests === null || request === undefined) return
  for (const { place, code } of codes) {
    request.owed--
    const known = request.codes[place]
    request.codes[place] = known === undefined ? code : together(request.kind, known, code)
  }
  if (request.owed > 0) return
  for (const [earliest, done] of requests) {
    if (done.owed > 0) return
    requests.delete(earliest)
    answer(connection, done)
  }
  connection.requests = null
  connection.goOn()
}

/** What is told of one filter when several were asked: a refusal before all; of an UNSUBSCRIBE that it existed anywhere. */
function together(kind: SubscribeRequest['kind'], one: number, other: number): number {
  if (one >= 0x80 || other >= 0x80) return Math.max(one, other)
  return kind === 'suback' ? Math.max(one, other) : Math.min(one, other)
}

function answer(connection: Connection, { kind, packetId, codes }: SubscribeRequest): void {
  if (connection.state !== 'connected') return
  writePacket(connection, { kind, packetId, reasonCodes: codes, properties: {} })
}
