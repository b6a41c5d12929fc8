// Which of the waiting messages may go to the client now: as many as its window allows, in order, each under the packet id that
// follows from its number.
import type { Millis } from '#libs/base'
import type { ClientLimits } from '#libs/topics'
import { markQos, markReleased, markSent, type Line } from './line.js'
import type { DeliveryLimits } from './settings.js'

/** There are this many packet ids: 1 to 65,535 [MQTT-2.2.1-3]. */
const packetIds = 65_535

/** The packet id of a session's message, whose number is at least 1: the same after a reconnect, a restart and a rebuild [MQTT-4.4.0-1]. */
export const packetIdOf = (number: number): number => ((number - 1) % packetIds) + 1

/**
 * Moves `live` forward over what may be sent now. What has expired on the way is taken out [MQTT-3.3.2-5] and counted in the result;
 * what was sent before is not subject to expiry.
 */
export function admit(line: Line, windowMax: number, now: Millis): number {
  let expired = 0
  while (line.live < line.tail) {
    const position = line.live
    if (line.isHole(position)) {
      line.live++
      continue
    }
    const marks = line.marksAt(position)
    if ((marks & markQos) !== 0) {
      if (line.outstanding >= windowMax || isIdInUse(line, position)) return expired
    }
    if ((marks & (markSent | markReleased)) === 0) {
      const deadline = line.messageAt(position)?.deadline ?? 0
      if (deadline !== 0 && deadline <= now) {
        line.remove(position)
        expired++
        continue
      }
    }
    if ((marks & markQos) !== 0) line.outstanding++
    line.live++
  }
  return expired
}

/** True while a message on its way has the packet id that this one would get: 65,535 numbers apart. */
function isIdInUse(line: Line, position: number): boolean {
  const number = line.numberAt(position)
  if (number - line.numberAt(line.head) < packetIds) return false
  for (let other = line.head; other < line.live; other++) {
    if (!line.isHole(other) && (number - line.numberAt(other)) % packetIds === 0) return true
  }
  return false
}

/** How many QoS 1 and 2 messages may be on their way to this client [MQTT-4.9.0-1]. */
export function windowOf({ windowMax, windowOldMax }: DeliveryLimits, client: ClientLimits): number {
  return client.protocolVersion < 5 ? windowOldMax : Math.max(1, Math.min(client.receiveMaximum, windowMax))
}
