// From a packet's first byte to the file that knows what it does.
import { PACKET, protocolError } from '#libs/mqtt'
import type { Frame } from '#libs/mqtt'
import { mayArrive } from './connection-state.js'
import type { Connection } from './connection.js'
import { onAuth } from './on-auth.js'
import { onConnect } from './on-connect.js'
import { onDisconnect } from './on-disconnect.js'
import { onPingreq } from './on-pingreq.js'
import { onPuback } from './on-puback.js'
import { onPubcomp } from './on-pubcomp.js'
import { onPublish } from './on-publish.js'
import { onPubrec } from './on-pubrec.js'
import { onPubrel } from './on-pubrel.js'
import { onSubscribe } from './on-subscribe.js'
import { onUnsubscribe } from './on-unsubscribe.js'

/** Handles one packet. False: it must wait, and be given again. Throws `ProtocolError` for what the client did wrong. */
export function dispatch(connection: Connection, buffer: Uint8Array, frame: Frame): boolean {
  const type = frame.typeAndFlags >> 4
  if (connection.state !== 'connected' && !mayArrive(connection.state, type)) {
    throw protocolError('This packet may not be sent before the server has answered CONNECT.', 'MQTT-3.1.0-1')
  }
  switch (type) {
    case PACKET.publish:
      return onPublish(connection, buffer, frame)
    case PACKET.puback:
      onPuback(connection, buffer, frame)
      return true
    case PACKET.pubrec:
      onPubrec(connection, buffer, frame)
      return true
    case PACKET.pubrel:
      return onPubrel(connection, buffer, frame)
    case PACKET.pubcomp:
      onPubcomp(connection, buffer, frame)
      return true
    case PACKET.pingreq:
      onPingreq(connection, buffer, frame)
      return true
    case PACKET.subscribe:
      return onSubscribe(connection, buffer, frame)
    case PACKET.unsubscribe:
      return onUnsubscribe(connection, buffer, frame)
    case PACKET.disconnect:
      return onDisconnect(connection, buffer, frame)
    case PACKET.auth:
      onAuth(connection, buffer, frame)
      return true
    case PACKET.connect:
      if (connection.state !== 'connecting') throw protocolError('A second CONNECT.', 'MQTT-3.1.0-2')
      onConnect(connection, buffer, frame)
      return true
    default:
      throw protocolError('A client sends no packet of this type.')
  }
}
