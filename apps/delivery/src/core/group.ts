// The queue of one shared-subscription group (share name and filter) and how its messages reach members [MQTT-4.8.2].
// A transient member gets them through its gateway and acknowledges to the group; a kept member through its own queue, which answers for
// it. QoS 1 stays here until then, and comes back when the member's session ends. While no member is there, messages wait here.
import type { Address, SessionIdentity } from '#libs/topics'
import { droppedStep, endedStep, goneStep, partitionOfClient } from '#libs/topics'
import { chooseMember, isThere } from './group-strategy.js'
import { Line, markQos } from './line.js'
import type { QueuedMessage } from './message.js'
import { admitToLine, isFull, noFacts, type Arrival, type Online } from './queue.js'
import { fact, makeReady, noteDropped, noteExpired, type Turn } from './turn.js'

export interface Member {
  readonly session: SessionIdentity
  readonly kept: boolean
  /** Where it is connected; undefined for a kept member that is away, and for one whose connection is known to be gone. */
  online: Online | undefined
  qos: number
  retainAsPublished: boolean
  subscriptionIds: readonly number[]
  windowMax: number
  /** Messages sent to it and not acknowledged. */
  inFlight: number
}

/** Whom to tell that the group is known to every matcher. */
export interface OwedAnswer {
  readonly address: Address
  readonly request: number
  readonly place: number
  readonly code: number
}

export class Group {
  readonly line = new Line()
  next = 1
  readonly members: Member[] = []
  /** Where the strategy goes on. */
  cursor = 0
  /** Partitions of the topic space whose matchers know the group. */
  readonly stored = new Set<number>()
  answers: OwedAnswer[] = []
  /** Who has which message; also members that left and still have some. */
  readonly owners = new Map<number, Member>()
  /** How many of them are kept members: so many messages stand in their queues, too. */
  lent = 0
  /** Handed to a member that is gone: these go out again first. In order. */
  returned: number[] = []
  overflowing = false
  ready = false
  ended = false
  unsaved = false
  factsFrom = -1
  changedFrom = -1
  changedBytes = 0
  facts: number[] = noFacts

  constructor(
    readonly share: string,
    readonly filter: string,
    readonly birth: number,
  ) {}

  /** A message for this group. While no member is there, QoS 0 goes and the rest waits for the first one that is. */
  arrive(message: QueuedMessage, marks: number, turn: Turn): Arrival {
    const number = this.next++
    if ((marks & markQos) === 0 && !this.members.some(isThere)) return 'offline'
    // What waits is worth more than what a member has: that is lost with its session only.
    while (isFull(this.line, message.size, turn.limits) && this.#letGo());
    return admitToLine(this.line, number, marks, message, turn.limits)
  }

  give(number: number, member: Member): void {
    this.owners.set(number, member)
    member.inFlight++
    if (member.kept) this.lent++
  }

  /** The member has it no more. */
  take(number: number, member: Member): void {
    this.owners.delete(number)
    member.inFlight--
    if (member.kept) this.lent--
  }

  /** The oldest message in the queue of a kept member is from now on that member's alone. */
  #letGo(): boolean {
    const { line, owners } = this
    for (let position = line.head; position < line.live && this.lent > 0; position++) {
      const number = line.numberAt(position)
      const owner = owners.get(number)
      if (owner?.kept !== true) continue
      this.take(number, owner)
      line.remove(position)
      return true
    }
    return false
  }
}

/** Gives what waits to members, in order, as far as they have room. */
export function distribute(turn: Turn, group: Group): void {
  const { line } = group
  while (group.returned.length > 0) {
    const position = line.find(group.returned[0] ?? 0)
    if (position >= 0 && !assign(turn, group, position)) return
    group.returned.shift()
  }
  let expired = 0
  while (line.live < line.tail) {
    const position = line.live
    if (line.isHole(position)) {
      line.live++
      continue
    }
    const deadline = line.messageAt(position)?.deadline ?? 0
    if (deadline !== 0 && deadline <= turn.now) {
      line.remove(position)
      expired++
      continue
    }
    if (!assign(turn, group, position)) break
  }
  line.written = line.live
  noteExpired(turn, nameInHistory(group), group.birth, expired)
}

export const nameInHistory = ({ share, filter }: Group): string => `$share/${share}/${filter}`

/** False when no member can take it now. */
function assign(turn: Turn, group: Group, position: number): boolean {
  const { line } = group
  const message = line.messageAt(position)
  if (message === undefined) return true
  const marks = line.marksAt(position)
  const member = chooseMember(group, position, turn.limits.groupStrategy)
  if (member === undefined) return false
  if (position === line.live) line.live++
  const number = line.numberAt(position)
  const given = marksFor(member, marks)
  const { session, online, subscriptionIds } = member
  const qos = given & markQos
  // QoS 2 in a member's queue stays with its session, and ends with it [MQTT-4.8.2-5].
  const comesBack = member.kept ? qos === 1 : qos > 0
  if (member.kept) {
    const partition = partitionOfClient(session.clientId, turn.state.placement.clientPartitions)
    const origin = comesBack ? handedNumber(number, member) : 0
    turn.outbox?.hand(partition, session.birth, given, message, subscriptionIds, group.birth, origin)
    turn.published = true
  } else if (online !== undefined) {
    turn.outbox?.shared(online, group.birth, handedNumber(number, member), given, message, subscriptionIds)
    turn.counters.sent++
  }
  if (comesBack) group.give(number, member)
  else line.remove(position)
  return true
}

const numbersMax = 2 ** 32
const marksMax = 2 ** 20

/**
 * The number under which a member gets a message: it says which session has it. A message may come back from one member and be given
 * to another before the first one's gateway says that it is gone.
 */
const handedNumber = (number: number, { session }: Member): number =>
  number + (1 + (session.birth % marksMax)) * numbersMax

/** The QoS is the lower of the message's and the member's [MQTT-3.8.4-8]; retain as its subscription wants it [MQTT-3.3.1-13]. */
function marksFor(member: Member, marks: number): number {
  const qos = Math.min(marks & markQos, member.qos)
  return qos | (member.retainAsPublished ? marks & ~markQos : 0)
}

/**
 * What became of a message at a transient member, or in the queue of a kept one. QoS 2 that a transient member has received stays with it
 * [MQTT-4.8.2-5].
 */
export function groupAcknowledged(
  turn: Turn,
  group: Group,
  handed: number,
  step: number,
  reasonCode: number,
): void {
  const number = handed % numbersMax
  const member = group.owners.get(number)
  // Somebody else has it by now. (Plain numbers are from before members were told apart.)
  if (member === undefined || (handed !== number && handed !== handedNumber(number, member))) {
    // Or nobody, since the group had let it go.
    if (step === endedStep) turn.counters.droppedSessionEnded++
    return
  }
  group.take(number, member)
  if (step === goneStep || step === endedStep) {
    // Not before its session's end is known does anybody know that it will not come back under this address.
    member.online = undefined
    giveBack(group, number)
  } else {
    group.line.remove(group.line.find(number))
    if (step === droppedStep) noteDropped(turn, nameInHistory(group), group.birth, reasonCode)
    // What is done with in a kept member's queue was counted there.
    else if (!member.kept) turn.counters.acknowledged++
  }
  makeReady(turn, group)
}

/** The message goes to another member, before those that were published later. */
export function giveBack(group: Group, number: number): void {
  const { returned } = group
  let at = returned.length
  while (at > 0 && (returned[at - 1] ?? 0) > number) at--
  returned.splice(at, 0, number)
}

/** Nobody is left: the group is over, and what waited in it. */
export function forgetGroup(turn: Turn, group: Group): void {
  const { state } = turn
  group.ended = true
  state.groups.delete(group.birth)
  const name = nameOf(group.share, group.filter)
  const others = state.groupsByName.get(name)?.filter((other) => other !== group) ?? []
  if (others.length === 0) state.groupsByName.delete(name)
  else state.groupsByName.set(name, others)
  const left = group.line.length - group.owners.size
  turn.counters.droppedNoMember += left
  if (left > 0) turn.outbox?.note(nameInHistory(group), group.birth, 'messagesEnded', String(left))
  if (group.factsFrom >= 0) fact(turn, { kind: 'GroupEnded', birth: group.birth })
  for (const number of group.facts) {
    fact(turn, { kind: 'MessageForgotten', of: 'group', birth: group.birth, number })
  }
  for (let position = group.line.head; position < group.line.tail; position++)
    group.line.dropMessage(position)
}

/** A share name has no slash in it. */
export const nameOf = (share: string, filter: string): string => `${share}/${filter}`
