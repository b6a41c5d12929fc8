// What a client does with each packet of the server.
import { utf8Decode } from '#libs/base'
import type { ClientPacket, ServerPacket } from '#libs/mqtt'
import type { Peer } from './peer.js'
import { end } from './requests.js'

type Of<K extends ServerPacket['kind']> = Extract<ServerPacket, { readonly kind: K }>

export function onPacket(peer: Peer, packet: ServerPacket): void {
  switch (packet.kind) {
    case 'connack':
      return onConnack(peer, packet)
    case 'publish':
      return onPublish(peer, packet)
    case 'puback':
    case 'pubrec':
    case 'pubcomp':
      return onAck(peer, packet.kind, packet)
    case 'pubrel':
      peer.receivedIds.delete(packet.packetId)
      return answer(peer, { kind: 'pubcomp', packetId: packet.packetId, reasonCode: 0, properties: {} })
    case 'suback':
      return onSuback(peer, packet)
    case 'unsuback':
      return onUnsuback(peer, packet)
    case 'disconnect':
      if (packet.reasonCode === takenOver && isNewest(peer)) {
        peer.options.ledger.violated(`${peer.clientId} was told that it has connected again, and it has not`)
      }
      // Behind a CONNACK that accepts so that it may be said at all: another connection has taken this one's place.
      if (peer.isFresh && peer.connection !== undefined) peer.connection.acceptedMicros = undefined
      return
    default:
      peer.options.ledger.violated(`${peer.clientId} got ${packet.kind}, which it did not ask for`)
  }
}

/** Session taken over, in DISCONNECT. */
const takenOver = 0x8e

/** No other connection of this client can have begun after this one, as the broker sees it. */
function isNewest({ connection, clientId, options: { ledger } }: Peer): boolean {
  const mine = connection?.arrival
  if (connection === undefined || mine === undefined) return false
  return ledger.connections.every(({ clientId: id, number, arrival, acceptedMicros }) => {
    if (id !== clientId || number >= connection.number || arrival === undefined) return true
    return arrival.at === mine.at ? arrival.moment < mine.moment : acceptedMicros !== undefined
  })
}

function onConnack(peer: Peer, { reasonCode, sessionPresent }: Of<'connack'>): void {
  const { ledger, world, version } = peer.options
  const { connection } = peer
  if (connection === undefined || reasonCode !== 0) return peer.abandon()
  peer.expire(connection)
  // 3.1 has no such flag: the client believes what it expects.
  const isPresent = version === 3 ? peer.expectation === 'present' : sessionPresent
  if (peer.expectation === 'present' && !isPresent) {
    ledger.violated(`session present is 0 for ${peer.clientId}, whose session was there`)
  }
  if (peer.expectation === 'absent' && isPresent) {
    ledger.violated(`session present is 1 for ${peer.clientId}, whose session was over`)
  }
  if (!isPresent || peer.session === undefined) {
    if (peer.session !== undefined) peer.session.ended ??= world.moment
    peer.session = ledger.newSession(peer.clientId, peer.kept, isPresent || peer.expectation === 'maybe')
    peer.session.subscriptions.push(...peer.late)
    peer.outgoing.clear()
    peer.receivedIds.clear()
  }
  connection.session = peer.session
  connection.acceptedMicros = world.schedule.micros
  peer.connected = true
  if (peer.kept) peer.expectation = peer.cleanStartIsOut ? 'maybe' : 'present'
  if (peer.cleanStartIsOut) peer.session.ended ??= world.moment
  // [MQTT-4.4.0-1]
  for (const [packetId, { message, released }] of peer.outgoing) {
    if (released) peer.send({ kind: 'pubrel', packetId, reasonCode: 0, properties: {} })
    else peer.sendPublish(packetId, message, true)
  }
  peer.subscribeAgain(isPresent)
  peer.regret()
}

function onPublish(peer: Peer, packet: Of<'publish'>): void {
  const { ledger, world } = peer.options
  const { session, connection } = peer
  const { qos, packetId, topic, dup, retain } = packet
  if (session === undefined || connection === undefined) {
    return ledger.violated(`${peer.clientId} got a message before CONNACK`)
  }
  if (qos === 1) answer(peer, { kind: 'puback', packetId, reasonCode: 0, properties: {} })
  if (qos === 2) answer(peer, { kind: 'pubrec', packetId, reasonCode: 0, properties: {} })
  if (qos === 2 && peer.receivedIds.has(packetId)) return
  if (qos === 2) peer.receivedIds.add(packetId)
  const payload = utf8Decode(packet.payload)
  if (payload === '') return
  const message = ledger.messageOf(payload)
  if (message === undefined || message.topic !== topic) {
    return ledger.violated(`${peer.clientId} got ${payload} on ${topic}, which nobody published there`)
  }
  session.receipts.push({ message, qos, dup, retain, connection, moment: world.moment })
}

/** An acknowledgement of ours, at once or when a slow client catches up. */
function answer(peer: Peer, packet: ClientPacket): void {
  if (peer.slow) peer.owed.push(packet)
  else peer.send(packet)
}

function onAck(
  peer: Peer,
  kind: 'puback' | 'pubrec' | 'pubcomp',
  { packetId, reasonCode }: Of<'puback' | 'pubrec' | 'pubcomp'>,
): void {
  const { ledger, world } = peer.options
  const outgoing = peer.outgoing.get(packetId)
  if (outgoing === undefined) {
    if (kind === 'pubrec') peer.send({ kind: 'pubrel', packetId, reasonCode: 0, properties: {} })
    return
  }
  const { message } = outgoing
  if ((message.qos === 1) !== (kind === 'puback')) {
    return ledger.violated(`${peer.clientId} got ${kind} for a publish of QoS ${String(message.qos)}`)
  }
  if (reasonCode >= 0x80) {
    peer.outgoing.delete(packetId)
    return
  }
  message.acknowledged ??= world.moment
  if (kind === 'pubrec') {
    outgoing.released = true
    peer.send({ kind: 'pubrel', packetId, reasonCode: 0, properties: {} })
  } else peer.outgoing.delete(packetId)
}

function onSuback(peer: Peer, { packetId, reasonCodes }: Of<'suback'>): void {
  const { ledger, world } = peer.options
  const request = peer.requests.get(packetId)
  if (request?.kind !== 'subscribe') return
  peer.requests.delete(packetId)
  for (const [place, view] of request.views.entries()) {
    const code = reasonCodes[place]
    if (code === view.qos) view.acknowledged = world.moment
    else if (code === undefined || code < 0x80) {
      ledger.violated(
        `${peer.clientId} was granted ${String(code)} for ${view.filter} with QoS ${String(view.qos)}`,
      )
    } else view.closed ??= world.moment
  }
}

function onUnsuback(peer: Peer, { packetId }: Of<'unsuback'>): void {
  const request = peer.requests.get(packetId)
  if (request?.kind !== 'unsubscribe' || peer.session === undefined) return
  peer.requests.delete(packetId)
  end(peer.session, request, peer.options.world.moment)
}
