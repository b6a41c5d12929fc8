// DISCONNECT: the client leaves, with or without its will, perhaps with another session expiry.
import { decodeFromClient, protocolError, REASON } from '#libs/mqtt'
import type { Frame } from '#libs/mqtt'
import type { Connection } from './connection.js'
import { ending } from './ending.js'

/** False: what came before it must be answered first. */
export function onDisconnect(connection: Connection, buffer: Uint8Array, frame: Frame): boolean {
  const { settings } = connection.gateway
  const packet = decodeFromClient(buffer, frame, connection.version, settings.limits)
  if (packet.kind !== 'disconnect') return true
  const { reasonCode, properties } = packet
  const { sessionExpiryInterval } = properties
  if (connection.sessionExpirySeconds === 0 && (sessionExpiryInterval ?? 0) > 0) {
    throw protocolError('A session that ends with its connection cannot be prolonged.', 'MQTT-3.14.2-2')
  }
  // Programs that send all at once and then read expect every answer; none can follow when this is done.
  if (!connection.isAnswered()) return false
  ending(connection, {
    cause: 'client',
    reasonCode,
    sentence: properties.reasonString ?? '',
    // [MQTT-3.14.4-3] Only code 0 takes the will back.
    publishWill: reasonCode !== REASON.success,
    expirySeconds:
      sessionExpiryInterval === undefined
        ? undefined
        : Math.min(sessionExpiryInterval, settings.sessionExpirySecondsMax),
  })
  return true
}
