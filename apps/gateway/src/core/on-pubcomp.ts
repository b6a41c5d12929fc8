// PUBCOMP: a QoS 2 message to the client is done, its packet id free. Stray ones change nothing.
import { decodeAckInPlace, protocolError } from '#libs/mqtt'
import type { Frame } from '#libs/mqtt'
import type { Connection } from './connection.js'
import { AWAITS, NO_NUMBER } from './inflight.js'

export function onPubcomp(connection: Connection, buffer: Uint8Array, frame: Frame): void {
  const { ack, settings } = connection.gateway
  decodeAckInPlace(buffer, frame, connection.version, ack, settings.limits)
  const { packetId } = ack
  const { inflight } = connection
  const awaited = inflight === null ? AWAITS.nothing : inflight.awaits(packetId)
  if (inflight === null || awaited === AWAITS.nothing) return
  if (awaited !== AWAITS.pubcomp) throw protocolError('A PUBCOMP before its PUBREL.', 'MQTT-4.13.1-1')
  const group = inflight.groupOf(packetId)
  // A group is done with a message once PUBREC has come: it can no longer go to another member [MQTT-4.8.2-5].
  if (group === NO_NUMBER) connection.settle(inflight.numberOf(packetId), group, 'pubcomp', 0)
  inflight.release(packetId)
  connection.flow()
}
