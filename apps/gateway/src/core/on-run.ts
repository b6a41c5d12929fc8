// A run of messages from a matcher (transient lane) or from delivery (kept lane, groups): encoded as often as receivers differ, then
// handed to each receiver.
import { ByteReader, EMPTY_BYTES } from '#libs/base'
import { dupOption, goneStep, groupOption, keptRunKind, subscriptionIdsOption } from '#libs/topics'
import { groupCode } from './acknowledgements.js'
import { deliverBlock, deliverOne } from './deliver.js'
import type { Gateway } from './gateway.js'
import { AWAITS, NO_NUMBER } from './inflight.js'
import { makeRoom } from './make-room.js'
import { lower } from './outgoing-block.js'

/** Reads the run in `buffer[from..to)`; one for another incarnation concerns connections that are no more. */
export function onRun(gateway: Gateway, buffer: Uint8Array, from: number, to: number): void {
  const { run, block } = gateway
  run.open(buffer, from, to)
  if (run.incarnation !== gateway.incarnation) return
  if (run.kind === keptRunKind) {
    onKeptRun(gateway)
    return
  }
  let receiversFrom = 0
  let receiversCount = 0
  block.clear()
  for (;;) {
    const item = run.next()
    if (item === 'message') {
      if (run.offset >= gateway.newFrom) block.add(run)
      if (!block.isFull) continue
    }
    if (block.count > 0) {
      handOver(gateway, buffer, receiversFrom, receiversCount, to)
      block.clear()
    }
    if (item === 'end') return
    if (item === 'receivers') {
      receiversFrom = run.reader.position
      receiversCount = run.count
    }
  }
}

const receivers = new ByteReader(EMPTY_BYTES)

/** Gives the block's messages to `count` receivers that stand at `from`. */
function handOver(gateway: Gateway, buffer: Uint8Array, from: number, count: number, to: number): void {
  const { block, connections, counters } = gateway
  const reader = receivers.reset(buffer, from, to)
  for (let left = count; left > 0; left--) {
    const id = reader.varint()
    const options = reader.u8()
    let idsCount = 0
    let idsFrom = 0
    if ((options & subscriptionIdsOption) !== 0) {
      idsCount = reader.varint()
      idsFrom = reader.position
      for (let i = idsCount; i > 0; i--) reader.varint()
    }
    makeRoom(gateway)
    const connection = connections.find(id)
    if (connection === undefined || !connection.isReading) {
      block.countInto(counters.dropped.gone, options)
      continue
    }
    try {
      block.encodeFor(
        connection.version,
        options & ~dupOption,
        idsCount,
        idsFrom,
        reader.position,
        gateway.now,
      )
      deliverBlock(connection, block)
    } catch (error) {
      connection.outlet.failed(error)
    }
  }
}

const source = { number: NO_NUMBER, packetId: 0, group: NO_NUMBER }

/** One receiver before each message. */
function onKeptRun(gateway: Gateway): void {
  const { run, block, connections, counters, acknowledgements } = gateway
  for (;;) {
    const item = run.next()
    if (item === 'end') return
    if (item !== 'message') continue
    const isOfGroup = (run.options & groupOption) !== 0
    source.group = isOfGroup ? groupCode(run.groupBirth, run.groupPartition) : NO_NUMBER
    makeRoom(gateway)
    const connection = connections.find(run.id)
    if (connection === undefined || !connection.isReading) {
      counters.dropped.gone.add(lower(run.qos, run.options & 3), 1)
      if (isOfGroup) acknowledgements.addOfGroup(source.group, goneStep, run.number, 0)
      continue
    }
    if (!isOfGroup) {
      // A new owner sends again what is under way: this connection has had it.
      if (run.number <= connection.highestNumber) continue
      // It may not know yet that only PUBREL is to be sent. What is older than that comes all the same: releases are told first.
      if (connection.inflight?.awaits(run.packetId) === AWAITS.pubcomp) continue
      connection.highestNumber = run.number
    }
    source.number = run.number
    source.packetId = run.packetId
    block.clear()
    block.add(run)
    try {
      block.encodeFor(connection.version, run.options, run.idsCount, run.idsFrom, run.idsTo, gateway.now)
      deliverOne(connection, block, 0, source)
    } catch (error) {
      connection.outlet.failed(error)
    }
  }
}
