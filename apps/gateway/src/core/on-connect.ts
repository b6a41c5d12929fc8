// CONNECT: judged here as far as it can be without asking anybody, then handed to auth. The answer comes by the inbox (on-accepted.ts).
import { ByteReader, ByteWriter, copyOf } from '#libs/base'
import {
  decodeConnect,
  isUtf8,
  ProtocolError,
  REASON,
  refusalBytesMax,
  refusalVersion,
  writeProperties,
} from '#libs/mqtt'
import type { ConnectPacket, Frame, Will } from '#libs/mqtt'
import { authRecord, catalogue } from '#libs/topics'
import type { Will as WillRecord } from '#libs/topics'
import type { Connection } from './connection.js'
import { OutgoingAliases } from './outgoing-alias.js'

/** Session expiry that means "for ever" [MQTT-3.1.2.11.2]. */
const forEver = 0xffff_ffff

export function onConnect(connection: Connection, buffer: Uint8Array, frame: Frame): void {
  const { gateway } = connection
  const { settings } = gateway
  // So that a CONNECT that is wrong in itself can be refused in its own form.
  connection.version = refusalVersion(buffer, frame)
  connection.versionKnown = true
  const connect = decoded(connection, buffer, frame)
  const { properties } = connect
  connection.clientPacketBytesMax = properties.maximumPacketSize ?? connection.clientPacketBytesMax
  connection.clientId = connect.clientId
  connection.userName = connect.userName
  connection.cleanStart = connect.cleanStart
  if (!gateway.connectRates.take(connection.peer.host, gateway.now, settings.connectsPerSecondMax)) {
    connection.exceed(REASON.connectionRateExceeded, 'This address connects too often.')
    return
  }
  if (gateway.stopping) throw new ProtocolError(REASON.serverUnavailable, 'The server is stopping.')
  if (!gateway.writable)
    throw new ProtocolError(REASON.serverUnavailable, 'The server can store nothing now.')
  if (properties.authenticationMethod !== undefined) {
    throw new ProtocolError(REASON.badAuthenticationMethod, 'This authentication method is not known here.')
  }
  if (connect.will !== undefined) checkWill(connection, connect.will)
  // [MQTT-3.1.3-6], [MQTT-3.2.2-16]
  if (connect.clientId === '') assignClientId(connection)
  connection.wantsReasons = properties.requestProblemInformation ?? true
  connection.wantsResponseInformation = properties.requestResponseInformation ?? false
  connection.window =
    connect.version === 5
      ? Math.min(properties.receiveMaximum ?? 65_535, settings.windowMax)
      : settings.windowMaxBefore5
  const aliases = Math.min(properties.topicAliasMaximum ?? 0, settings.topicAliasMax)
  if (aliases > 0) connection.outgoingAliases = new OutgoingAliases(aliases)
  setKeepAlive(connection, connect)
  setExpiry(connection, connect)
  connection.willTopic = connect.will?.topic
  ask(connection, connect)
  connection.move('waiting')
  // What the client sends before CONNACK waits unread [MQTT-3.1.4-6].
  connection.stalled = true
}

function decoded(connection: Connection, buffer: Uint8Array, frame: Frame): ConnectPacket {
  const { limits } = connection.gateway.settings
  try {
    return decodeConnect(buffer, frame, limits)
  } catch (error) {
    // A refusal, too, must not be larger than the client takes.
    if (connection.version === 5) connection.clientPacketBytesMax = refusalBytesMax(buffer, frame, limits)
    throw error
  }
}

function checkWill({ gateway: { settings } }: Connection, will: Will): void {
  if (will.qos > settings.maximumQos) {
    throw new ProtocolError(
      REASON.qosNotSupported,
      'The will has a QoS above what is allowed.',
      'MQTT-3.2.2-12',
    )
  }
  if (will.retain && !settings.retainAvailable) {
    throw new ProtocolError(REASON.retainNotSupported, 'Retained messages are not allowed.', 'MQTT-3.2.2-13')
  }
  if (will.topic.startsWith('$SYS/')) {
    throw new ProtocolError(REASON.notAuthorized, 'Only the broker publishes to $SYS.')
  }
  if (will.properties.payloadFormat === 1 && !isUtf8(will.payload)) {
    throw new ProtocolError(
      REASON.payloadFormatInvalid,
      'The payload of the will is not the UTF-8 that it says.',
    )
  }
}

function assignClientId(connection: Connection): void {
  const { random } = connection.gateway
  const digits = (): string => random().toString(36).padStart(7, '0')
  connection.clientId = `tbmq-${digits()}${digits()}${digits()}`
  connection.assignedClientId = true
}

function setKeepAlive(connection: Connection, { version, keepAlive }: ConnectPacket): void {
  const most = connection.gateway.settings.keepAliveSecondsMax
  const isBeyond = version === 5 && most > 0 && (keepAlive === 0 || keepAlive > most)
  connection.keepAliveSeconds = isBeyond ? most : keepAlive
  // [MQTT-3.2.2-21]
  connection.serverKeepAlive = isBeyond ? most : undefined
}

function setExpiry(connection: Connection, { version, cleanStart, properties }: ConnectPacket): void {
  const wanted = version === 5 ? (properties.sessionExpiryInterval ?? 0) : cleanStart ? 0 : forEver
  connection.sessionExpirySeconds = wanted
}

function ask(connection: Connection, connect: ConnectPacket): void {
  const { gateway, clientId } = connection
  const { sessionExpirySecondsMax } = gateway.settings
  const { version, cleanStart, userName, password, properties, will } = connect
  authRecord.write(gateway.appends.value(), {
    kind: 'Authenticate',
    address: connection.address,
    peer: connection.peer,
    wanted: {
      clientId,
      cleanStart,
      expirySeconds: Math.min(connection.sessionExpirySeconds, sessionExpirySecondsMax),
      limits: {
        protocolVersion: version,
        receiveMaximum: connection.window,
        maximumPacketSize: properties.maximumPacketSize,
      },
      keepAliveSeconds: connection.keepAliveSeconds,
      will: will === undefined ? undefined : willRecord(will),
    },
    userName,
    password,
    arrivedMillis: gateway.now,
  })
  gateway.appends.send(catalogue.authInbox, gateway.partitionOfClient(clientId), clientId)
  connection.announced = true
  connection.appended()
}

function willRecord({ topic, payload, qos, retain, properties }: Will): WillRecord {
  const { willDelayInterval, messageExpiryInterval, ...forwarded } = properties
  const writer = new ByteWriter(256)
  writeProperties(writer, forwarded)
  const reader = new ByteReader(writer.buffer, 0, writer.position)
  const length = reader.varint()
  return {
    message: {
      topic,
      payload,
      qos,
      retain,
      expirySeconds: messageExpiryInterval,
      properties: copyOf(reader.raw(length)),
    },
    delaySeconds: willDelayInterval ?? 0,
  }
}
