// CONNECT: the first packet of a client, and the only one that says which version of the protocol it speaks.
import { equalBytes, utf8Encode, utf8Length } from '#libs/base'
import type { ByteWriter } from '#libs/base'
import { variableLength } from '../framing.js'
import type { Frame } from '../framing.js'
import { PacketReader } from '../packet-reader.js'
import { malformed, ProtocolError, protocolError } from '../protocol-error.js'
import { NO_PROPERTIES, readProperties, writeProperties } from '../property-codec.js'
import type { PropertiesOf } from '../properties.js'
import type { Limits, ProtocolVersion, QoS } from '../protocol.js'
import { REASON } from '../reason-codes.js'
import { checkReservedFlags, beginPacket, endPacket } from './fixed-header.js'
import { decodeWill, writeWill } from './will.js'
import type { Will } from './will.js'

export interface ConnectPacket {
  readonly kind: 'connect'
  readonly version: ProtocolVersion
  /** Clean Session in 3.1 and 3.1.1. */
  readonly cleanStart: boolean
  /** Seconds; 0: off. */
  readonly keepAlive: number
  /** May be empty: with clean start, in 5.0 always; then the server assigns one. */
  readonly clientId: string
  readonly will: Will | undefined
  readonly userName: string | undefined
  readonly password: Uint8Array | undefined
  readonly properties: PropertiesOf<'connect'>
}

const MQTT = utf8Encode('MQTT')
const MQISDP = utf8Encode('MQIsdp')

/** A CONNACK of 5.0 without properties. */
const connackBytesMin = 5

const RESERVED = 0x01
const CLEAN_START = 0x02
const WILL = 0x04
const WILL_RETAIN = 0x20
const PASSWORD = 0x40
const USER_NAME = 0x80

/*
 * CONNECT
 *   fixed header: 1, flags 0
 *   protocol name:  UTF-8 string, "MQIsdp" (3.1) or "MQTT"
 *   protocol level: uint8, 3, 4 or 5
 *   connect flags:  user name, password, will retain, will QoS 2 bits, will, clean start, reserved
 *   keep alive:     uint16
 *   properties:     length, properties (5.0)
 *   client id:      UTF-8 string
 *   will:           properties (5.0), topic, payload; if the flag is set
 *   user name:      UTF-8 string, if the flag is set
 *   password:       binary, if the flag is set
 */

/** The version that the CONNECT in `frame` names, even if the rest is wrong. */
export function connectVersion(buffer: Uint8Array, frame: Frame): ProtocolVersion | undefined {
  const nameFrom = frame.bodyFrom + 2
  const levelAt = levelIn(buffer, frame)
  if (levelAt >= frame.bodyTo) return undefined
  const level = buffer[levelAt]
  const nameLength = levelAt - nameFrom
  const isNamed = (name: Uint8Array) =>
    nameLength === name.length && equalBytes(buffer, nameFrom, name, 0, nameLength)
  if (isNamed(MQISDP)) return level === 3 ? 3 : undefined
  if (!isNamed(MQTT)) return undefined
  return level === 4 || level === 5 ? level : undefined
}

/**
 * The version in whose form the CONNECT in `frame` is refused: its own; where that is unknown, the form that it has itself. Behind the keep
 * alive 5.0 has properties, 3.1.1 the length of the client identifier.
 */
export function refusalVersion(buffer: Uint8Array, frame: Frame): ProtocolVersion {
  const levelAt = levelIn(buffer, frame)
  const at = levelAt + 4
  const hasProperties = at + 1 < frame.bodyTo && (buffer[at] !== 0 || buffer[at + 1] === 0)
  return connectVersion(buffer, frame) ?? (hasProperties && (buffer[levelAt] ?? 0) >= 5 ? 5 : 4)
}

/** What the client takes at most, as far as the CONNECT in `frame` can be read; the smallest packet there is where it cannot [MQTT-3.2.2-19]. */
export function refusalBytesMax(buffer: Uint8Array, frame: Frame, limits: Limits): number {
  const reader = new PacketReader(buffer, frame)
  try {
    reader.skip(levelIn(buffer, frame) + 4 - frame.bodyFrom)
    return (
      readProperties(reader, { place: 'connect', sender: 'client', limits }).maximumPacketSize ?? Infinity
    )
  } catch (error) {
    if (error instanceof ProtocolError) return connackBytesMin
    throw error
  }
}

function levelIn(buffer: Uint8Array, { bodyFrom }: Frame): number {
  return bodyFrom + 2 + (((buffer[bodyFrom] ?? 0) << 8) | (buffer[bodyFrom + 1] ?? 0))
}

/** Throws `ProtocolError`; 0x84 for a version that is not known, 0x85 for a client identifier that cannot be. */
export function decodeConnect(buffer: Uint8Array, frame: Frame, limits: Limits): ConnectPacket {
  const reader = new PacketReader(buffer, frame)
  const version = readVersion(reader, buffer, frame)
  checkReservedFlags(frame, 'connect', version)
  checkLengthIsMinimal(frame, version)
  const flags = reader.u8()
  checkConnectFlags(flags, version)
  const cleanStart = (flags & CLEAN_START) !== 0
  const keepAlive = reader.u16()
  const place = { place: 'connect', sender: 'client', limits } as const
  const properties = version === 5 ? readProperties(reader, place) : NO_PROPERTIES
  if (properties.authenticationData !== undefined && properties.authenticationMethod === undefined) {
    throw protocolError('Authentication data needs an authentication method.')
  }
  const clientId = readClientId(reader, { version, cleanStart, limits })
  const will = (flags & WILL) === 0 ? undefined : decodeWill(reader, willFlags(flags), version, limits)
  // In 3.1 the remaining length takes precedence over the flags of user name and password: the fields may be missing.
  const has = (flag: number): boolean => (flags & flag) !== 0 && !(version === 3 && reader.remaining === 0)
  const userName = has(USER_NAME) ? reader.string('user name') : undefined
  const password = has(PASSWORD) ? reader.binary() : undefined
  reader.finish()
  return { kind: 'connect', version, cleanStart, keepAlive, clientId, will, userName, password, properties }
}

export function encodeConnect(writer: ByteWriter, packet: ConnectPacket): void {
  const { version, will, userName, password } = packet
  const body = beginPacket(writer, 'connect')
  writer.bytes16(version === 3 ? MQISDP : MQTT)
  writer.u8(version)
  let flags = packet.cleanStart ? CLEAN_START : 0
  if (will !== undefined) flags |= WILL | (will.qos << 3) | (will.retain ? WILL_RETAIN : 0)
  if (userName !== undefined) flags |= USER_NAME
  if (password !== undefined) flags |= PASSWORD
  writer.u8(flags)
  writer.u16(packet.keepAlive)
  if (version === 5) writeProperties(writer, packet.properties)
  writer.text16(packet.clientId)
  if (will !== undefined) writeWill(writer, will, version)
  if (userName !== undefined) writer.text16(userName)
  if (password !== undefined) writer.bytes16(password)
  endPacket(writer, body)
}

function readVersion(reader: PacketReader, buffer: Uint8Array, frame: Frame): ProtocolVersion {
  reader.skip(reader.u16())
  reader.u8()
  const version = connectVersion(buffer, frame)
  if (version !== undefined) return version
  throw new ProtocolError(
    REASON.unsupportedProtocolVersion,
    'The protocol name and level are those of no version of MQTT that is known.',
    'MQTT-3.1.2-2',
  )
}

/** The framing could not check it: it did not know the version yet. */
function checkLengthIsMinimal(frame: Frame, version: ProtocolVersion): void {
  const written = frame.bodyFrom - frame.frameFrom - 1
  if (version === 5 && written > variableLength(frame.bodyTo - frame.bodyFrom)) {
    throw malformed('The remaining length is longer than it may be.', 'MQTT-1.5.5-1')
  }
}

function checkConnectFlags(flags: number, version: ProtocolVersion): void {
  // 5.0 allows a password alone; in 3.1 servers ignore it, which nobody should rely on.
  if ((flags & PASSWORD) !== 0 && (flags & USER_NAME) === 0 && version !== 5) {
    throw malformed('There is a password without a user name.', 'MQTT-3.1.2-22')
  }
  // 3.1 disregards what belongs to a will that is not there, and a bit that it does not define.
  if (version === 3) return
  if ((flags & RESERVED) !== 0) throw malformed('The reserved connect flag is set.', 'MQTT-3.1.2-3')
  const { qos, retain } = willFlags(flags)
  if ((flags & WILL) === 0) {
    if (qos !== 0) throw malformed('A will QoS is set without a will.', 'MQTT-3.1.2-11')
    if (retain) throw malformed('Will retain is set without a will.', 'MQTT-3.1.2-13')
  }
}

function willFlags(flags: number): { readonly qos: QoS; readonly retain: boolean } {
  const qos = (flags >> 3) & 3
  if (qos === 3) throw malformed('The will QoS is 3.', 'MQTT-3.1.2-12')
  return { qos: qos === 0 ? 0 : qos === 1 ? 1 : 2, retain: (flags & WILL_RETAIN) !== 0 }
}

interface ClientIdRules {
  readonly version: ProtocolVersion
  readonly cleanStart: boolean
  readonly limits: Limits
}

function readClientId(reader: PacketReader, { version, cleanStart, limits }: ClientIdRules): string {
  const clientId = reader.string('client identifier')
  if (clientId === '' && (version === 3 || (version === 4 && !cleanStart))) {
    throw notValid('A client without an identifier can have no session to keep.', 'MQTT-3.1.3-8')
  }
  // 3.1 says 23 characters at most; clients in the field use more, and servers accept them.
  if (utf8Length(clientId) > limits.clientIdBytesMax) throw notValid('The client identifier is too long.')
  return clientId
}

function notValid(sentence: string, requirement?: string): ProtocolError {
  return new ProtocolError(REASON.clientIdentifierNotValid, sentence, requirement)
}
