// The memory of all connections together. Each has bounds of its own, and thousands of clients that each stay within them can still hold
// more than the machine has: with large packets that they never finish, or with messages that they never read.
import { REASON } from '#libs/mqtt'
import type { Connection } from './connection.js'
import type { Gateway } from './gateway.js'

/** One of so many parts of the limit is made free at a time, so that not every byte beyond it makes everybody be weighed again. */
const partsFree = 8

/**
 * While more is held for all connections than may be, those for which most is held are ended. Not to be called while a packet is being
 * written.
 */
export function makeRoom(gateway: Gateway): void {
  const { counters, settings, connections } = gateway
  const { connectionMemoryMax } = settings
  if (counters.connectionMemory <= connectionMemoryMax) return
  const heavy: Connection[] = []
  connections.each((connection) => {
    connection.weigh()
    if (connection.weight > 0) heavy.push(connection)
  })
  if (counters.connectionMemory <= connectionMemoryMax) return
  heavy.sort((one, other) => other.weight - one.weight)
  const enough = connectionMemoryMax - connectionMemoryMax / partsFree
  for (const connection of heavy) {
    if (counters.connectionMemory <= enough) return
    counters.connectionMemoryEnded++
    connection.end(
      'server',
      REASON.quotaExceeded,
      'Too much is held for all clients, and most of it for this one.',
    )
    connection.outlet.cut()
    connection.weigh()
  }
}
