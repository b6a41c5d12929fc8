// Which of the waiting messages may go to the client now: as many as its window allows, in order, each under the packet id that
// follows from its number, and from what is on its way when it is decided.
import type { Millis } from '#libs/base'
import type { ClientLimits } from '#libs/topics'
import { markQos, markReleased, markSent, labelIn, labelMark, type Line } from './line.js'
import type { DeliveryLimits } from './settings.js'

/** There are this many packet ids: 1 to 65,535 [MQTT-2.2.1-3]. */
const packetIds = 65_535

/** Bytes of messages on their way to one client, at most; one message may always be. What its gateway holds for it is bounded by this. */
export const windowBytesMax = 2 * 1024 * 1024

/** The packet id of a number, which is at least 1. */
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
      if (line.outstanding >= windowMax || isTooMuch(line, position)) return expired
    }
    if ((marks & (markSent | markReleased)) === 0) {
      const deadline = line.messageAt(position)?.deadline ?? 0
      if (deadline !== 0 && deadline <= now) {
        line.remove(position)
        expired++
        continue
      }
    }
    if ((marks & markQos) !== 0) {
      // Once for all: it stays the same after a reconnect, a restart and a rebuild [MQTT-4.4.0-1].
      if (labelIn(marks) === 0) line.mark(position, labelMark(newPacketId(line, line.numberAt(position))))
      line.outstanding++
      line.outstandingBytes += sizeAt(line, position)
    }
    line.live++
  }
  return expired
}

const sizeAt = (line: Line, position: number): number => line.messageAt(position)?.size ?? 0

const isTooMuch = (line: Line, position: number): boolean =>
  line.outstandingBytes > 0 && line.outstandingBytes + sizeAt(line, position) > windowBytesMax

/** A packet id that no message on its way has [MQTT-2.2.1-4]. There is one: the window is smaller than the number of ids. */
function newPacketId(line: Line, number: number): number {
  if (number >= line.clearTo) lookAhead(line, number)
  return packetIdOf(number + line.shift)
}

/** Passes over the ids in use from this number's on, and finds up to which number the next are free. */
function lookAhead(line: Line, number: number): void {
  const inUse = new Set<number>()
  for (let position = line.head; position < line.live; position++) {
    const packetId = labelIn(line.marksAt(position))
    if (packetId !== 0) inUse.add(packetId)
  }
  while (inUse.has(packetIdOf(number + line.shift))) line.shift++
  const packetId = packetIdOf(number + line.shift)
  let free = packetIds
  for (const used of inUse) free = Math.min(free, (used - packetId + packetIds) % packetIds)
  line.clearTo = number + free
}

/** How many QoS 1 and 2 messages may be on their way to this client [MQTT-4.9.0-1]. */
export function windowOf({ windowMax, windowOldMax }: DeliveryLimits, client: ClientLimits): number {
  return client.protocolVersion < 5 ? windowOldMax : Math.max(1, Math.min(client.receiveMaximum, windowMax))
}
