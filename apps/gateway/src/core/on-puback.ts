// PUBACK: the client has a QoS 1 message. Stray ones change nothing.
import { decodeAckInPlace, protocolError } from '#libs/mqtt'
import type { Frame } from '#libs/mqtt'
import type { Connection } from './connection.js'
import { AWAITS } from './inflight.js'

export function onPuback(connection: Connection, buffer: Uint8Array, frame: Frame): void {
  const { ack, settings } = connection.gateway
  decodeAckInPlace(buffer, frame, connection.version, ack, settings.limits)
  const { inflight } = connection
  const awaited = inflight === null ? AWAITS.nothing : inflight.awaits(ack.packetId)
  if (inflight === null || awaited === AWAITS.nothing) return
  if (awaited !== AWAITS.puback) throw protocolError('A PUBACK for a message of QoS 2.', 'MQTT-4.13.1-1')
  const number = inflight.numberOf(ack.packetId)
  if (number >= 0) connection.settle(number, inflight.groupOf(ack.packetId), 'puback', ack.reasonCode)
  inflight.release(ack.packetId)
  connection.flow()
}
