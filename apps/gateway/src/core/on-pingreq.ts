// PINGREQ: PINGRESP [MQTT-3.12.4-1].
import { decodeFromClient } from '#libs/mqtt'
import type { Frame } from '#libs/mqtt'
import type { Connection } from './connection.js'
import { writeBytes } from './write-packet.js'

const pingresp = new Uint8Array([0xd0, 0])

export function onPingreq(connection: Connection, buffer: Uint8Array, frame: Frame): void {
  decodeFromClient(buffer, frame, connection.version, connection.gateway.settings.limits)
  writeBytes(connection, pingresp, 0, pingresp.length)
}
