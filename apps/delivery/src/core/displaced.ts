// Connections whose kept session another one was given before their gateway had told their end: what that still sends for them is too
// late to join or leave a group. The client's own partition tells it everybody concerned, the other partitions take note.
import { addressKey, type Address, type Displacement } from '#libs/topics'
import { fact, type Turn } from './turn.js'

/** As many connections as go into one record. */
const addressesMax = 1_000

/** To be told at the end of the turn. */
export function tellDisplaced({ displaced }: Turn, { addresses, isOver }: Displacement): void {
  for (const address of addresses) {
    const last = displaced.at(-1)
    if (last?.isOver === isOver && last.addresses.length < addressesMax) last.addresses.push(address)
    else displaced.push({ isOver, addresses: [address] })
  }
}

/** Answers to gateways go out behind what a turn sends to others: whoever is answered from now on finds that all of them know. */
export function sendDisplaced({ displaced, state, outbox }: Turn): void {
  const { clientPartitions, topicPartitions } = state.placement
  for (const each of displaced) {
    const record = { kind: 'ConnectionsDisplaced', ...each } as const
    for (let partition = 0; partition < topicPartitions; partition++)
      outbox?.toSubscription(partition, record)
    for (let partition = 0; partition < clientPartitions; partition++) outbox?.toDelivery(partition, record)
  }
}

/** The facts say from which record on it is so: a replay, which finds them already there, decides as it was decided. */
export function displaced(turn: Turn, { addresses, isOver }: Displacement): void {
  const { state, offset } = turn
  for (const address of addresses) {
    const known = state.displaced.get(addressKey(address))
    if (!isOver && known === undefined)
      fact(turn, { kind: 'ConnectionDisplaced', address, row: { from: offset, over: undefined } })
    if (isOver && known !== undefined && known.over === undefined)
      fact(turn, { kind: 'ConnectionDisplaced', address, row: { from: known.from, over: offset } })
  }
}

/** True when this record came too late. */
export function isDisplaced({ state, offset }: Turn, address: Address): boolean {
  if (state.displaced.size === 0) return false
  const known = state.displaced.get(addressKey(address))
  return known !== undefined && known.from < offset
}

/** A replay begins at this offset from now on. */
export function forgetDisplaced(turn: Turn, base: number): void {
  for (const { address, over } of turn.state.displaced.values())
    if (over !== undefined && over < base) fact(turn, { kind: 'DisplacedForgotten', address })
}
