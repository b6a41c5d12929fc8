// Messages on their last step: from an encoded block to a connection's way out, or to its waiting queue while the window is full, the
// socket takes no more, or CONNACK is not out. The order of each topic is kept: what waits is never overtaken by what follows on its topic.
import { copy } from '#libs/base'
import { REASON } from '#libs/mqtt'
import type { Connection } from './connection.js'
import { AWAITS, NO_NUMBER } from './inflight.js'
import type { OutgoingBlock } from './outgoing-block.js'
import { remainingSeconds } from './outgoing-block.js'
import { WaitingPacket } from './waiting.js'

/** Where a message of the kept lane or of a group comes from; for the transient lane NO_NUMBER and no packet id. */
export interface Source {
  readonly number: number
  readonly packetId: number
  readonly group: number
}

const transientSource: Source = { number: NO_NUMBER, packetId: 0, group: NO_NUMBER }

/** Sends all messages of the block, encoded for this connection. */
export function deliverBlock(connection: Connection, block: OutgoingBlock): void {
  const { outlet, gateway } = connection
  const length = block.writer.position
  const fits =
    connection.isFlowing &&
    connection.outgoingAliases === null &&
    block.largest <= connection.clientPacketBytesMax &&
    block.earliestDeadline > gateway.now &&
    outlet.pending + length <= gateway.settings.socketBytesMax &&
    (block.acknowledged === 0 || connection.inflightCount + block.acknowledged <= connection.window)
  if (!fits) {
    for (let i = 0; i < block.count; i++) deliverOne(connection, block, i, transientSource)
    return
  }
  if (outlet.at + length > outlet.bytes.length) outlet.room(length)
  const base = outlet.at
  copy(block.writer.buffer, 0, length, outlet.bytes, base)
  outlet.at = base + length
  const { counters } = gateway
  counters.delivered.qos0 += block.count - block.acknowledged
  counters.deliveredBytes += length
  if (block.acknowledged > 0) takeIds(connection, block, outlet.bytes, base)
}

function takeIds(connection: Connection, block: OutgoingBlock, bytes: Uint8Array, base: number): void {
  const inflight = connection.useInflight()
  const { delivered } = connection.gateway.counters
  for (let i = 0; i < block.count; i++) {
    const qos = block.qos[i] ?? 0
    if (qos === 0) continue
    delivered.add(qos, 1)
    const id = inflight.take(qos === 1 ? AWAITS.puback : AWAITS.pubrec, NO_NUMBER, NO_NUMBER)
    const at = base + (block.packetIdAt[i] ?? 0)
    bytes[at] = id >> 8
    bytes[at + 1] = id
  }
}

const packet = new WaitingPacket()

/** Sends one message of the block, or lets it wait, or drops and counts it. */
export function deliverOne(
  connection: Connection,
  block: OutgoingBlock,
  index: number,
  source: Source,
): void {
  const { gateway } = connection
  const { counters } = gateway
  const start = block.starts[index] ?? 0
  const end = block.starts[index + 1] ?? 0
  const qos = block.qos[index] ?? 0
  const deadline = block.deadlines[index] ?? 0
  if (end - start > connection.clientPacketBytesMax) {
    // [MQTT-3.1.2-25] As if it had been sent.
    counters.dropped.tooLarge.add(qos, 1)
    if (qos > 0) connection.settle(source.number, source.group, 'dropped', REASON.packetTooLarge)
    return
  }
  if (deadline !== 0 && deadline <= gateway.now) {
    counters.dropped.expired.add(qos, 1)
    if (qos > 0) connection.settle(source.number, source.group, 'dropped', 0)
    return
  }
  packet.qos = qos
  packet.packetIdAt = qos === 0 ? 0 : (block.packetIdAt[index] ?? 0) - start
  packet.expiryAt = block.expiryAt[index] === 0 ? 0 : (block.expiryAt[index] ?? 0) - start
  packet.deadline = deadline
  packet.number = source.number
  packet.packetId = source.packetId
  packet.group = source.group
  const isFull = connection.isSocketFull(end - start)
  if (connection.isFlowing && !isFull && (qos === 0 || connection.inflightCount < connection.window)) {
    send(connection, block.writer.buffer, start, end)
    return
  }
  if (qos === 0 && isFull && source.number === NO_NUMBER) {
    counters.dropped.socketFull.add(qos, 1)
    return
  }
  packet.topic = block.topicMark(index)
  // [MQTT-4.9.0-3] A full window holds up what needs a place in it, and QoS 0 only where it would overtake its own topic.
  if (qos === 0 && !isFull && connection.mayPass(packet.topic))
    send(connection, block.writer.buffer, start, end)
  else wait(connection, block.writer.buffer, start, end)
}

/** Sends what waits, as far as window and socket allow. */
export function drain(connection: Connection): void {
  const { waiting, gateway } = connection
  if (waiting === null || connection.state !== 'connected') return
  while (waiting.length > 0) {
    const { size } = waiting
    if (waiting.qos > 0 && connection.inflightCount >= connection.window) return
    if (connection.isSocketFull(size)) return
    waiting.peek(packet)
    if (packet.deadline !== 0 && packet.deadline <= gateway.now) {
      gateway.counters.dropped.expired.add(packet.qos, 1)
      if (packet.qos > 0) connection.settle(packet.number, packet.group, 'dropped', 0)
    } else {
      if (packet.expiryAt !== 0) rewriteExpiry(waiting.bytes, waiting.from + packet.expiryAt, gateway.now)
      send(connection, waiting.bytes, waiting.from, waiting.from + size)
    }
    waiting.shift()
  }
}

function rewriteExpiry(bytes: Uint8Array, at: number, now: number): void {
  const seconds = remainingSeconds(packet.deadline, now)
  bytes[at] = seconds >>> 24
  bytes[at + 1] = seconds >>> 16
  bytes[at + 2] = seconds >>> 8
  bytes[at + 3] = seconds
}

/** Copies the packet to the way out and gives it its id. */
function send(connection: Connection, source: Uint8Array, from: number, to: number): void {
  const { outlet, outgoingAliases } = connection
  let at = -1
  if (outgoingAliases !== null) {
    at = outgoingAliases.write(outlet, source, from, to, connection.clientPacketBytesMax)
  }
  if (at === -1) {
    const length = to - from
    if (outlet.at + length > outlet.bytes.length) outlet.room(length)
    at = outlet.at + packet.packetIdAt
    copy(source, from, to, outlet.bytes, outlet.at)
    outlet.at += length
  }
  const { counters } = connection.gateway
  counters.delivered.add(packet.qos, 1)
  counters.deliveredBytes += to - from
  if (packet.qos === 0) return
  const inflight = connection.useInflight()
  const awaits = packet.qos === 1 ? AWAITS.puback : AWAITS.pubrec
  let id = packet.packetId
  if (id === 0) id = inflight.take(awaits, packet.number, packet.group)
  else inflight.put(id, awaits, packet.number, packet.group)
  outlet.bytes[at] = id >> 8
  outlet.bytes[at + 1] = id
}

function wait(connection: Connection, source: Uint8Array, from: number, to: number): void {
  const { gateway } = connection
  const waiting = connection.useWaiting()
  // Of a kept session no more is under way than its delivery owner allows.
  const isBounded = packet.qos > 0 && packet.packetId !== 0
  if (!isBounded && waiting.byteLength + to - from > gateway.settings.waitingBytesMax) {
    gateway.counters.dropped.waitingFull.add(packet.qos, 1)
    if (packet.qos > 0)
      connection.end(
        'server',
        REASON.quotaExceeded,
        'More messages wait for this client than are kept for a connection.',
      )
    return
  }
  const before = waiting.bytes.length
  waiting.push(source, from, to, packet)
  if (waiting.bytes.length !== before) connection.weigh()
}
