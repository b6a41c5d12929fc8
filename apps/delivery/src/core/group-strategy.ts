// Which member of a group gets the next message. Everything here follows from the group and the message, so that a replay chooses alike.
import { hash32, SeededRandom, unreachable } from '#libs/base'
import type { Group, Member } from './group.js'
import { labelIn, markQos } from './line.js'
import type { QueuedMessage } from './message.js'
import type { GroupStrategy } from './settings.js'

/** The member to take this message; undefined when it has to wait: those that are there have no room, or nobody is. */
export function chooseMember(group: Group, position: number, strategy: GroupStrategy): Member | undefined {
  const { members, line } = group
  const marks = line.marksAt(position)
  const qos = marks & markQos
  if (members.length === 0) return undefined
  switch (strategy) {
    case 'roundRobin': {
      const index = firstFrom(members, group.cursor, (member) => isThere(member) && hasRoom(member, qos))
      if (index >= 0) group.cursor = (index + 1) % members.length
      return members[index]
    }
    case 'random': {
      const start = new SeededRandom(group.birth * 31 + line.numberAt(position)).below(members.length)
      return members[firstFrom(members, start, (member) => isThere(member) && hasRoom(member, qos))]
    }
    case 'leastInFlight':
      return leastBusy(group, qos)
    case 'sticky': {
      const index = firstFrom(members, group.cursor, isThere)
      if (index >= 0) group.cursor = index
      return withRoom(members[index], qos)
    }
    case 'hashClient':
      return memberOf(group, labelIn(marks), qos)
    case 'hashTopic':
      return memberOf(group, topicHash(line.messageAt(position)), qos)
    default:
      return unreachable(strategy)
  }
}

/** The same member for the same hash, as long as the members stay. */
function memberOf(group: Group, hash: number, qos: number): Member | undefined {
  const { members } = group
  return withRoom(members[firstFrom(members, hash % members.length, isThere)], qos)
}

export const isThere = (member: Member): boolean => member.online !== undefined

/** A kept member's queue has room for everybody; QoS 0 has no window. */
const hasRoom = (member: Member, qos: number): boolean =>
  member.kept || Math.min(qos, member.qos) === 0 || member.inFlight < member.windowMax

const withRoom = (member: Member | undefined, qos: number): Member | undefined =>
  member !== undefined && hasRoom(member, qos) ? member : undefined

function leastBusy(group: Group, qos: number): Member | undefined {
  const { members } = group
  let best = -1
  for (let i = 0; i < members.length; i++) {
    const index = (group.cursor + i) % members.length
    const member = members[index]
    if (member === undefined || !isThere(member) || !hasRoom(member, qos)) continue
    if (best < 0 || member.inFlight < (members[best]?.inFlight ?? 0)) best = index
  }
  if (best >= 0) group.cursor = (best + 1) % members.length
  return members[best]
}

/** The first member from `start` on, once round, that fits; -1 if none does. */
function firstFrom(members: readonly Member[], start: number, fits: (member: Member) => boolean): number {
  for (let i = 0; i < members.length; i++) {
    const index = (start + i) % members.length
    const member = members[index]
    if (member !== undefined && fits(member)) return index
  }
  return -1
}

function topicHash(message: QueuedMessage | undefined): number {
  const topic = message?.topicRange()
  return topic === undefined ? 0 : hash32(topic.bytes, topic.from, topic.to)
}
