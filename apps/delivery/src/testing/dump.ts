// A state in a form that can be compared with another one.
import { toHex } from '#libs/base'
import type { Line } from '../core/line.js'
import type { DeliveryState } from '../core/state.js'

/** All of a state that matters for what comes, in a form that can be compared. */
export function dump(state: DeliveryState): unknown {
  const lineOf = (line: Line) => {
    const entries: unknown[] = []
    for (let position = line.head; position < line.tail; position++) {
      if (line.isHole(position)) continue
      const message = line.messageAt(position)
      entries.push({
        number: line.numberAt(position),
        marks: line.marksAt(position),
        live: position < line.live,
        body: message?.bytes === undefined ? '' : toHex(message.bytes, message.from, message.to),
        ids: message?.subscriptionIds,
        origin: message?.origin,
        deadline: message?.deadline,
      })
    }
    return { entries, length: line.length, bytes: line.bytes, shift: line.shift }
  }
  const queues = [...state.queues.values()]
    .sort((a, b) => a.birth - b.birth)
    .map((queue) => ({
      birth: queue.birth,
      clientId: queue.clientId,
      next: queue.next,
      online:
        queue.online === undefined ? undefined : { ...queue.online, gateway: queue.online.gateway.name },
      windowMax: queue.windowMax,
      outstanding: queue.line.outstanding,
      outstandingBytes: queue.line.outstandingBytes,
      received: [...(queue.received ?? [])].sort((a, b) => a - b),
      overflowing: queue.overflowing,
      line: lineOf(queue.line),
    }))
  const groups = [...state.groups.values()]
    .sort((a, b) => a.birth - b.birth)
    .map((group) => ({
      name: `${group.share}/${group.filter}`,
      birth: group.birth,
      next: group.next,
      members: group.members.map((member) => ({
        ...member,
        online:
          member.online === undefined ? undefined : { ...member.online, gateway: member.online.gateway.name },
      })),
      cursor: group.cursor,
      stored: [...group.stored],
      answers: group.answers,
      owners: [...group.owners]
        .map(([number, { session }]) => ({ number, session }))
        .sort((a, b) => a.number - b.number),
      lent: group.lent,
      returned: group.returned,
      line: lineOf(group.line),
    }))
  return { queues, groups, routes: state.routes, displaced: [...state.displaced].sort() }
}
