// The end of a connection: what the client is told, and what session is told once everything that came from it is stored.
import { connackReturnCode, encodePacketWithin, isReasonAllowed, REASON } from '#libs/mqtt'
import type { ConnackPacket, DisconnectPacket } from '#libs/mqtt'
import { catalogue, goneStep, sessionRecord } from '#libs/topics'
import type { Connection, Ending } from './connection.js'
import { NO_NUMBER } from './inflight.js'
import { WaitingPacket } from './waiting.js'
import { writeBytes } from './write-packet.js'

/** Ends a connection that is still open. */
export function ending(connection: Connection, how: Ending): void {
  connection.ending = how
  sayGoodbye(connection, how)
  connection.move('closing')
  connection.outlet.ended()
  connection.outlet.close()
  reportEnd(connection)
}

/** CONNACK with a reason before login, which is counted, DISCONNECT after it (5.0); 3.x has a few return codes and no DISCONNECT. */
function sayGoodbye(connection: Connection, { cause, reasonCode, sentence }: Ending): void {
  const { version, state } = connection
  if (cause === 'client' || !connection.versionKnown) return
  const properties = sentence === '' ? {} : { reasonString: sentence }
  if (state === 'connected') {
    if (version === 5) send(connection, { kind: 'disconnect', reasonCode, properties })
    return
  }
  connection.gateway.counters.refuse(reasonCode)
  if (version !== 5) {
    if (connackReturnCode(reasonCode) === undefined) return
    send(connection, { kind: 'connack', sessionPresent: false, reasonCode, properties: {} })
    return
  }
  if (reasonCode === REASON.sessionTakenOver && connection.cleanStart) {
    // CONNACK has no such reason, and DISCONNECT may come only behind a CONNACK that accepts [MQTT-3.14.0-1]. A client that hopes for
    // its session must not get it: without session present it would throw away what it remembers [MQTT-3.2.2-5].
    send(connection, { kind: 'connack', sessionPresent: false, reasonCode: 0, properties: {} })
    send(connection, { kind: 'disconnect', reasonCode, properties })
    return
  }
  const isReason = reasonCode !== REASON.success && isReasonAllowed(reasonCode, 'connack', 'server')
  const code = isReason ? reasonCode : REASON.serverUnavailable
  send(connection, { kind: 'connack', sessionPresent: false, reasonCode: code, properties })
}

function send(connection: Connection, packet: ConnackPacket | DisconnectPacket): void {
  const writer = connection.gateway.packet.reset()
  if (encodePacketWithin(writer, packet, connection.version, connection.clientPacketBytesMax)) {
    writeBytes(connection, writer.buffer, 0, writer.position)
  }
}

/** Tells session, when all that this connection appended is stored; until then the turn will call again. */
export function reportEnd(connection: Connection): void {
  const { gateway, ending: how } = connection
  if (connection.reported || how === undefined) return
  if (!connection.isStored) {
    gateway.turns.await(connection, connection.lastTurn)
    return
  }
  connection.reported = true
  returnGroupMessages(connection)
  gateway.connections.remove(connection)
  if (!connection.announced) return
  sessionRecord.write(gateway.appends.value(), {
    kind: 'ConnectionClosed',
    address: connection.address,
    clientId: connection.clientId,
    birth: connection.birth,
    cause: how.cause,
    reasonCode: how.reasonCode,
    expirySeconds: how.expirySeconds,
    publishWill: how.publishWill,
  })
  const partition = gateway.partitionOfClient(connection.clientId)
  gateway.appends.send(catalogue.sessionInbox, partition, connection.clientId)
}

const packet = new WaitingPacket()

/** Messages of groups that were never written to the socket go back, whatever their QoS. */
function returnGroupMessages(connection: Connection): void {
  const { waiting, gateway } = connection
  while (waiting !== null && waiting.length > 0) {
    waiting.peek(packet)
    if (packet.group !== NO_NUMBER)
      gateway.acknowledgements.addOfGroup(packet.group, goneStep, packet.number, 0)
    waiting.shift()
  }
}
