// Who is in a group: joining, leaving, coming and going. Members stand in the order in which they joined.
import {
  partitionOfTopic,
  subscriptionsListed,
  type Address,
  type DeliveryRecord,
  type SessionIdentity,
} from '#libs/topics'
import { isDisplaced } from './displaced.js'
import type { MemberRow } from './facts.js'
import { forgetGroup, giveBack, Group, nameOf, type Member, type OwedAnswer } from './group.js'
import { markQos } from './line.js'
import { noIds } from './message.js'
import type { Online } from './queue.js'
import { gatewayOf, takeOrphans } from './state.js'
import { change, fact, makeReady, type Turn } from './turn.js'
import { windowOf } from './window.js'

type JoinGroup = Extract<DeliveryRecord, { kind: 'JoinGroup' }>
type LeaveGroup = Extract<DeliveryRecord, { kind: 'LeaveGroup' }>
type GroupStored = Extract<DeliveryRecord, { kind: 'GroupStored' }>

const success = 0
const noSubscriptionExisted = 0x11

export function joinGroup(turn: Turn, record: JoinGroup): void {
  if (isDisplaced(turn, record.address)) return
  const { share, wanted, session } = record
  const group = findGroup(turn, share, wanted.filter) ?? beginGroup(turn, share, wanted.filter)
  const index = group.members.findIndex((one) => one.session.clientId === session.clientId)
  let member = group.members[index]
  // A connection of a session that is over: nobody waits for an answer.
  if (member !== undefined && member.session.birth > session.birth) return
  if (!change(turn, group)) return
  const online = onlineAt(turn, record.address)
  if (member === undefined || member.session.birth !== session.birth) {
    // The end of an older session may still be on its way here.
    if (member !== undefined) takeBack(group, member.session)
    member = { session, kept: record.kept, online, ...optionsOf(turn, record), inFlight: 0 }
    group.members.splice(index < 0 ? group.members.length : index, 1, member)
    remember(turn.state, group, session.clientId)
  } else Object.assign(member, optionsOf(turn, record), { online })
  fact(turn, { kind: 'MemberJoined', share, filter: wanted.filter, member: memberRowOf(member) })
  const answer = { address: record.address, request: record.request, place: record.place, code: wanted.qos }
  if (isKnownToAll(turn, group)) sendAnswer(turn, answer)
  else group.answers.push(answer)
  makeReady(turn, group)
}

const optionsOf = (turn: Turn, { wanted, subscriptionId, limits }: JoinGroup) => ({
  qos: wanted.qos,
  retainAsPublished: wanted.retainAsPublished,
  subscriptionIds: subscriptionId === 0 ? noIds : [subscriptionId],
  windowMax: windowOf(turn.limits, limits),
})

export const memberRowOf = (member: Member): MemberRow => ({
  session: member.session,
  kept: member.kept,
  address: member.online === undefined ? undefined : addressOf(member.online),
  qos: member.qos,
  retainAsPublished: member.retainAsPublished,
  subscriptionId: member.subscriptionIds[0] ?? 0,
  windowMax: member.windowMax,
})

export const addressOf = (online: Online): Address => ({
  gateway: online.gateway.name,
  incarnation: online.incarnation,
  connection: online.connection,
})

function onlineAt(turn: Turn, address: Address): Online {
  const { gateway, incarnation, connection } = address
  return { gateway: gatewayOf(turn.state, gateway), incarnation, connection }
}

/** The group of this name that lived when the record was written: a replay may know a younger one already. */
function findGroup(turn: Turn, share: string, filter: string): Group | undefined {
  const groups = turn.state.groupsByName.get(nameOf(share, filter)) ?? []
  return groups.find((group) => group.birth <= turn.offset)
}

function beginGroup(turn: Turn, share: string, filter: string): Group {
  const { state, outbox } = turn
  // Offset 0 would be a birth that reads as none.
  const birth = turn.offset + 1
  const known = state.groups.get(birth)
  if (known !== undefined) return known
  const group = new Group(share, filter, birth)
  group.facts = takeOrphans(state, 'group', birth)
  addGroup(turn.state, group)
  for (const partition of partitionsOf(turn, group)) {
    const owner = state.placement.partition
    outbox?.toSubscription(partition, { kind: 'AddGroup', share, filter, birth, owner, replyTo: owner })
  }
  return group
}

export function addGroup(state: Turn['state'], group: Group): void {
  const name = nameOf(group.share, group.filter)
  state.groups.set(group.birth, group)
  state.groupsByName.set(name, [...(state.groupsByName.get(name) ?? []), group])
}

/** The client is to be looked for in this group when it comes and goes. */
export function remember(state: Turn['state'], group: Group, clientId: string): void {
  let groups = state.memberships.get(clientId)
  if (groups === undefined) state.memberships.set(clientId, (groups = new Set()))
  groups.add(group)
}

/** An exact filter concerns the partition of its topic, a wildcard every one. */
function partitionsOf(turn: Turn, { filter }: Group): readonly number[] {
  const { topicPartitions } = turn.state.placement
  if (!filter.includes('+') && !filter.includes('#')) return [partitionOfTopic(filter, topicPartitions)]
  return Array.from({ length: topicPartitions }, (_, partition) => partition)
}

const isKnownToAll = (turn: Turn, group: Group): boolean =>
  partitionsOf(turn, group).every((partition) => group.stored.has(partition))

/** A matcher knows the group; when all do, the SUBACKs that waited may go. */
export function groupStored(turn: Turn, { birth, partition }: GroupStored): void {
  const group = turn.state.groups.get(birth)
  if (group === undefined || !change(turn, group)) return
  group.stored.add(partition)
  if (!isKnownToAll(turn, group)) return
  for (const answer of group.answers) sendAnswer(turn, answer)
  group.answers = []
}

function sendAnswer(turn: Turn, { address, request, place, code }: OwedAnswer): void {
  const { incarnation, connection } = address
  const codes = [{ place, code }]
  const gateway = gatewayOf(turn.state, address.gateway)
  turn.outbox?.toGateway(gateway, { kind: 'Subscribed', incarnation, connection, request, codes })
}

export function listMemberships(turn: Turn, session: SessionIdentity, address: Address): void {
  const filters: string[] = []
  for (const { members, share, filter } of turn.state.memberships.get(session.clientId) ?? []) {
    if (members.some((member) => member.session.birth === session.birth))
      filters.push(`$share/${share}/${filter}`)
  }
  const gateway = gatewayOf(turn.state, address.gateway)
  for (const record of subscriptionsListed(address, filters)) turn.outbox?.toGateway(gateway, record)
}

export function leaveGroup(turn: Turn, record: LeaveGroup): void {
  const { share, filter, session, address, request, place } = record
  if (isDisplaced(turn, address)) return
  const group = findGroup(turn, share, filter)
  const member = group?.members.find((one) => one.session.birth === session.birth)
  const code = member === undefined ? noSubscriptionExisted : success
  sendAnswer(turn, { address, request, place, code })
  if (group === undefined || member === undefined || !change(turn, group)) return
  removeMember(turn, group, member, false)
}

/** The session of some members is over. */
export function endMemberships(turn: Turn, session: SessionIdentity): void {
  for (const group of turn.state.memberships.get(session.clientId) ?? []) {
    if (!change(turn, group)) continue
    takeBack(group, session)
    const member = group.members.find((one) => isOver(one, session))
    if (member !== undefined) removeMember(turn, group, member, true)
    else makeReady(turn, group)
    forgetMembership(turn, group, session.clientId)
  }
}

const isOver = (member: Member, { clientId, birth }: SessionIdentity): boolean =>
  member.session.clientId === clientId && member.session.birth <= birth

function removeMember(turn: Turn, group: Group, member: Member, isSessionOver: boolean): void {
  const index = group.members.indexOf(member)
  group.members.splice(index, 1)
  if (index < group.cursor) group.cursor--
  if (group.cursor >= group.members.length) group.cursor = 0
  if (isSessionOver) takeBack(group, member.session)
  fact(turn, {
    kind: 'MemberLeft',
    share: group.share,
    filter: group.filter,
    clientId: member.session.clientId,
  })
  forgetMembership(turn, group, member.session.clientId)
  if (group.members.length === 0) endGroup(turn, group)
  else makeReady(turn, group)
}

/**
 * What a transient member had; a kept member's queue answers for it, behind what was acknowledged there. QoS 1 goes to another one; QoS 2 was handed over and ends with
 * the session [MQTT-4.8.2-4, MQTT-4.8.2-5].
 */
function takeBack(group: Group, session: SessionIdentity): void {
  for (const [number, owner] of group.owners) {
    if (owner.kept || !isOver(owner, session)) continue
    group.take(number, owner)
    const position = group.line.find(number)
    if (position < 0) continue
    const qos = Math.min(group.line.marksAt(position) & markQos, owner.qos)
    if (qos === 2) group.line.remove(position)
    else giveBack(group, number)
  }
}

/** The client is no longer looked for in this group, unless messages are still on their way to it that are to be taken back. */
function forgetMembership(turn: Turn, group: Group, clientId: string): void {
  const isOf = (member: Member): boolean => member.session.clientId === clientId
  const isOwner = (member: Member): boolean => !member.kept && isOf(member)
  if (!group.ended && (group.members.some(isOf) || [...group.owners.values()].some(isOwner))) return
  const groups = turn.state.memberships.get(clientId)
  groups?.delete(group)
  if (groups?.size === 0) turn.state.memberships.delete(clientId)
}

function endGroup(turn: Turn, group: Group): void {
  const { share, filter, birth } = group
  for (const partition of partitionsOf(turn, group)) {
    turn.outbox?.toSubscription(partition, { kind: 'RemoveGroup', share, filter, birth })
  }
  for (const answer of group.answers) sendAnswer(turn, answer)
  forgetGroup(turn, group)
  for (const owner of group.owners.values()) forgetMembership(turn, group, owner.session.clientId)
}

export function memberOnline(turn: Turn, session: SessionIdentity, address: Address): void {
  for (const group of turn.state.memberships.get(session.clientId) ?? []) {
    const member = group.members.find((one) => one.session.birth === session.birth)
    if (member === undefined || !change(turn, group)) continue
    member.online = onlineAt(turn, address)
    makeReady(turn, group)
  }
}

export function memberOffline(turn: Turn, session: SessionIdentity, address: Address): void {
  for (const group of turn.state.memberships.get(session.clientId) ?? []) {
    const member = group.members.find((one) => one.session.birth === session.birth)
    if (member?.online?.connection !== address.connection) continue
    if (member.online.incarnation !== address.incarnation || !change(turn, group)) continue
    member.online = undefined
  }
}
