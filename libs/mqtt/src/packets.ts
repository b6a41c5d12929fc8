// All packets together: from a frame to an object and back. PUBLISH and its acks have faster ways (packet/publish.ts, packet/ack.ts).
import { unreachable } from '#libs/base'
import type { ByteWriter } from '#libs/base'
import type { Frame } from './framing.js'
import { decodeAuth, encodeAuth } from './packet/auth.js'
import type { AuthPacket } from './packet/auth.js'
import { encodeAckPacket } from './packet/ack.js'
import { decodeConnack, encodeConnack } from './packet/connack.js'
import type { ConnackPacket } from './packet/connack.js'
import { decodeConnect, encodeConnect } from './packet/connect.js'
import type { ConnectPacket } from './packet/connect.js'
import { decodeDisconnect, encodeDisconnect } from './packet/disconnect.js'
import type { DisconnectPacket } from './packet/disconnect.js'
import { decodePingreq, encodePingreq } from './packet/pingreq.js'
import type { PingreqPacket } from './packet/pingreq.js'
import { decodePingresp, encodePingresp } from './packet/pingresp.js'
import type { PingrespPacket } from './packet/pingresp.js'
import { decodePuback } from './packet/puback.js'
import type { PubackPacket } from './packet/puback.js'
import { decodePubcomp } from './packet/pubcomp.js'
import type { PubcompPacket } from './packet/pubcomp.js'
import { decodePublishPacket, encodePublishPacket } from './packet/publish-packet.js'
import type { PublishPacket } from './packet/publish-packet.js'
import { decodePubrec } from './packet/pubrec.js'
import type { PubrecPacket } from './packet/pubrec.js'
import { decodePubrel } from './packet/pubrel.js'
import type { PubrelPacket } from './packet/pubrel.js'
import { decodeSuback, encodeSuback } from './packet/suback.js'
import type { SubackPacket } from './packet/suback.js'
import { decodeSubscribe, encodeSubscribe } from './packet/subscribe.js'
import type { SubscribePacket } from './packet/subscribe.js'
import { decodeUnsuback, encodeUnsuback } from './packet/unsuback.js'
import type { UnsubackPacket } from './packet/unsuback.js'
import { decodeUnsubscribe, encodeUnsubscribe } from './packet/unsubscribe.js'
import type { UnsubscribePacket } from './packet/unsubscribe.js'
import { malformed, protocolError } from './protocol-error.js'
import { PACKET } from './protocol.js'
import type { Limits, ProtocolVersion, Sender } from './protocol.js'

type EitherWay =
  PublishPacket | PubackPacket | PubrecPacket | PubrelPacket | PubcompPacket | DisconnectPacket | AuthPacket

/** What a client may send. */
export type ClientPacket = ConnectPacket | SubscribePacket | UnsubscribePacket | PingreqPacket | EitherWay

/** What a server may send. */
export type ServerPacket = ConnackPacket | SubackPacket | UnsubackPacket | PingrespPacket | EitherWay

export type Packet = ClientPacket | ServerPacket

/** The packet that a client sent; for CONNECT the version is the packet's own. Throws `ProtocolError` and nothing else. */
export function decodeFromClient(
  buffer: Uint8Array,
  frame: Frame,
  version: ProtocolVersion,
  limits: Limits,
): ClientPacket {
  switch (frame.typeAndFlags >> 4) {
    case PACKET.connect:
      return decodeConnect(buffer, frame, limits)
    case PACKET.subscribe:
      return decodeSubscribe(buffer, frame, version, limits)
    case PACKET.unsubscribe:
      return decodeUnsubscribe(buffer, frame, version, limits)
    case PACKET.pingreq:
      return decodePingreq(buffer, frame, version)
    default:
      return decodeEitherWay(buffer, frame, version, limits, 'client')
  }
}

/** The packet that a server sent. Throws `ProtocolError` and nothing else. */
export function decodeFromServer(
  buffer: Uint8Array,
  frame: Frame,
  version: ProtocolVersion,
  limits: Limits,
): ServerPacket {
  switch (frame.typeAndFlags >> 4) {
    case PACKET.connack:
      return decodeConnack(buffer, frame, version, limits)
    case PACKET.suback:
      return decodeSuback(buffer, frame, version, limits)
    case PACKET.unsuback:
      return decodeUnsuback(buffer, frame, version, limits)
    case PACKET.pingresp:
      return decodePingresp(buffer, frame, version)
    default:
      return decodeEitherWay(buffer, frame, version, limits, 'server')
  }
}

/** Writes any packet, with its fixed header. */
export function encodePacket(writer: ByteWriter, packet: Packet, version: ProtocolVersion): void {
  switch (packet.kind) {
    case 'connect':
      return encodeConnect(writer, packet)
    case 'connack':
      return encodeConnack(writer, packet, version)
    case 'publish':
      return encodePublishPacket(writer, packet, version)
    case 'puback':
    case 'pubrec':
    case 'pubrel':
    case 'pubcomp':
      return encodeAckPacket(writer, packet, version)
    case 'subscribe':
      return encodeSubscribe(writer, packet, version)
    case 'suback':
      return encodeSuback(writer, packet, version)
    case 'unsubscribe':
      return encodeUnsubscribe(writer, packet, version)
    case 'unsuback':
      return encodeUnsuback(writer, packet, version)
    case 'pingreq':
      return encodePingreq(writer)
    case 'pingresp':
      return encodePingresp(writer)
    case 'disconnect':
      return encodeDisconnect(writer, packet, version)
    case 'auth':
      return encodeAuth(writer, packet)
    default:
      return unreachable(packet)
  }
}

/**
 * Writes the packet unless it exceeds the receiver's maximum packet size; then without reason string and user properties
 * [MQTT-3.2.2-19], [MQTT-3.2.2-20] and their like; false, and nothing written, if it still does [MQTT-3.1.2-24].
 */
export function encodePacketWithin(
  writer: ByteWriter,
  packet: Packet,
  version: ProtocolVersion,
  maximumPacketSize: number,
): boolean {
  const from = writer.position
  encodePacket(writer, packet, version)
  if (writer.position - from <= maximumPacketSize) return true
  writer.position = from
  // A PUBLISH without its user properties would be another message.
  if (version === 5 && 'properties' in packet && packet.kind !== 'publish' && packet.kind !== 'connect') {
    encodePacket(writer, withoutExtras(packet), version)
    if (writer.position - from <= maximumPacketSize) return true
    writer.position = from
  }
  return false
}

type WithProperties = Exclude<
  Extract<Packet, { readonly properties: unknown }>,
  PublishPacket | ConnectPacket
>

function withoutExtras(packet: WithProperties): WithProperties {
  const entries = Object.entries(packet.properties)
  const kept = entries.filter(([name]) => name !== 'reasonString' && name !== 'userProperties')
  return { ...packet, properties: Object.fromEntries(kept) }
}

function decodeEitherWay(
  buffer: Uint8Array,
  frame: Frame,
  version: ProtocolVersion,
  limits: Limits,
  sender: Sender,
): EitherWay {
  switch (frame.typeAndFlags >> 4) {
    case PACKET.publish:
      return decodePublishPacket(buffer, frame, version, limits, sender)
    case PACKET.puback:
      return decodePuback(buffer, frame, version, limits, sender)
    case PACKET.pubrec:
      return decodePubrec(buffer, frame, version, limits, sender)
    case PACKET.pubrel:
      return decodePubrel(buffer, frame, version, limits, sender)
    case PACKET.pubcomp:
      return decodePubcomp(buffer, frame, version, limits, sender)
    case PACKET.disconnect:
      return decodeDisconnect(buffer, frame, version, limits, sender)
    case PACKET.auth:
      return decodeAuth(buffer, frame, version, limits, sender)
    case 0:
      throw malformed('Packet type 0 is reserved.')
    default:
      throw protocolError(`A ${sender} must not send this packet.`)
  }
}
