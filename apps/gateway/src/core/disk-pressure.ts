// A disk that fills up: QoS 0 is dropped and counted first, then publishers are held until there is room.
import type { PublishView } from '#libs/mqtt'
import type { Connection } from './connection.js'

/** What the log asks of senders. */
export type Pressure = 'none' | 'dropQos0' | 'hold'

/** What to do with a PUBLISH: take it, forget it, or keep it for later (the connection is not read meanwhile). */
export function underPressure({ gateway }: Connection, view: PublishView): 'take' | 'drop' | 'hold' {
  if (gateway.pressure === 'none') return 'take'
  if (view.qos === 0) {
    gateway.counters.droppedDiskFull++
    return 'drop'
  }
  return gateway.pressure === 'hold' ? 'hold' : 'take'
}

/** Stops reading the connection until `releaseHeld`. */
export function holdPublisher(connection: Connection): void {
  connection.stalled = true
  connection.gateway.held.push(connection)
}

/** There is room again: held publishers go on. */
export function releaseHeld(held: Connection[]): void {
  for (const connection of held.splice(0)) connection.goOn()
}
