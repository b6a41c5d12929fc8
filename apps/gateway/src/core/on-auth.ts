// AUTH: a step of an enhanced authentication. No method is known yet, so CONNECT refuses all of them and no exchange can be under way.
import { decodeFromClient, protocolError } from '#libs/mqtt'
import type { Frame } from '#libs/mqtt'
import type { Connection } from './connection.js'

export function onAuth(connection: Connection, buffer: Uint8Array, frame: Frame): void {
  decodeFromClient(buffer, frame, connection.version, connection.gateway.settings.limits)
  // [MQTT-4.12.0-7] A client that named no method in CONNECT must not send AUTH.
  throw protocolError('AUTH was sent without an authentication method in CONNECT.', 'MQTT-4.12.0-7')
}
