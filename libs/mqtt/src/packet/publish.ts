// PUBLISH, the hot path: read in place into a view that is used again, no allocation. Writing: publish-encoder.ts; as an object: publish-packet.ts.
import type { ByteWriter } from '#libs/base'
import { VARIABLE_MAX } from '../framing.js'
import type { Frame } from '../framing.js'
import { malformed, protocolError } from '../protocol-error.js'
import { PropertyScanner } from '../property-scanner.js'
import type { Limits, ProtocolVersion, QoS, Sender } from '../protocol.js'
import { checkTopicName } from '../topic-name.js'

const DUP = 0x08
const RETAIN = 0x01

const PAYLOAD_FORMAT = 0x01
const MESSAGE_EXPIRY_INTERVAL = 0x02
const SUBSCRIPTION_IDENTIFIER = 0x0b
const TOPIC_ALIAS = 0x23

/** What a PUBLISH says, and where in its buffer the rest lies. One per connection; valid until the buffer changes. */
export class PublishView {
  dup = false
  qos: QoS = 0
  retain = false
  /** The topic name; empty when an alias stands for it. */
  topicFrom = 0
  topicTo = 0
  /** 0 with QoS 0. */
  packetId = 0
  /** All properties as they came, without the length before them. */
  propertiesFrom = 0
  propertiesTo = 0
  payloadFrom = 0
  payloadTo = 0
  /** 0: none. */
  topicAlias = 0
  /** Seconds; -1: none. */
  messageExpiryInterval = -1
  /** 1: the payload says that it is UTF-8 (judge it with `isUtf8`). */
  payloadFormat: 0 | 1 = 0
  /** There are properties that a receiver of the message gets too. */
  hasForwardedProperties = false
  /** All properties are forwarded ones, so that they can be copied as they are. */
  onlyForwardedProperties = true

  readonly scanner = new PropertyScanner()
}

/*
 * PUBLISH
 *   fixed header: 3, DUP 1 bit, QoS 2 bits, RETAIN 1 bit
 *   topic name:        UTF-8 string
 *   packet identifier: uint16, if QoS > 0
 *   properties:        length, properties (5.0)
 *   payload:           the rest
 */

/** Fills `view` from the packet in `frame`; throws `ProtocolError` and then leaves the view in no useful state. */
export function decodePublish(
  buffer: Uint8Array,
  frame: Frame,
  version: ProtocolVersion,
  view: PublishView,
  limits: Limits,
  sender: Sender = 'client',
): void {
  const flags = frame.typeAndFlags
  const end = frame.bodyTo
  readFlags(flags, view, version)

  const topicFrom = frame.bodyFrom + 2
  if (topicFrom > end) throw tooShort()
  const topicTo = topicFrom + uint16(buffer, frame.bodyFrom)
  if (topicTo > end) throw tooShort()
  view.topicFrom = topicFrom
  view.topicTo = topicTo
  checkTopicName(buffer, topicFrom, topicTo, limits)

  let at = topicTo
  view.packetId = 0
  if (view.qos > 0) {
    if (at + 2 > end) throw tooShort()
    view.packetId = uint16(buffer, at)
    at += 2
    if (view.packetId === 0) throw protocolError('A packet identifier must not be 0.', 'MQTT-2.2.1-3')
  }

  view.topicAlias = 0
  view.messageExpiryInterval = -1
  view.payloadFormat = 0
  view.hasForwardedProperties = false
  view.onlyForwardedProperties = true
  view.propertiesFrom = view.propertiesTo = at
  if (version === 5) at = readPropertiesInPlace(buffer, at, end, view, limits, sender)

  if (topicFrom === topicTo && view.topicAlias === 0) {
    throw protocolError('A PUBLISH needs a topic name or a topic alias.', 'MQTT-4.7.3-1')
  }
  view.payloadFrom = at
  view.payloadTo = end
}

/** Writes, without a length, the properties that every receiver of the message gets, unaltered and in order [MQTT-3.3.2-17]. */
export function forwardProperties(buffer: Uint8Array, view: PublishView, writer: ByteWriter): void {
  const { propertiesFrom, propertiesTo } = view
  if (view.onlyForwardedProperties) {
    writer.raw(buffer, propertiesFrom, propertiesTo)
    return
  }
  if (!view.hasForwardedProperties) return
  const { scanner } = view
  scanner.restart(buffer, propertiesFrom, propertiesTo)
  while (scanner.next())
    if (isForwarded(scanner.id)) writer.raw(buffer, scanner.propertyFrom, scanner.valueTo)
}

function readFlags(flags: number, view: PublishView, version: ProtocolVersion): void {
  view.dup = (flags & DUP) !== 0
  view.retain = (flags & RETAIN) !== 0
  switch (flags & 0x06) {
    case 0:
      view.qos = 0
      // To 3.1 it is a hint about messages that are acknowledged.
      if (view.dup && version !== 3) throw malformed('DUP is set with QoS 0.', 'MQTT-3.3.1-2')
      break
    case 2:
      view.qos = 1
      break
    case 4:
      view.qos = 2
      break
    default:
      throw malformed('QoS is 3.', 'MQTT-3.3.1-4')
  }
}

/** Returns where the payload begins. */
function readPropertiesInPlace(
  buffer: Uint8Array,
  lengthAt: number,
  end: number,
  view: PublishView,
  limits: Limits,
  sender: Sender,
): number {
  if (lengthAt >= end) throw tooShort()
  let at = lengthAt
  let byte = buffer[at++] ?? 0
  let length = byte & 127
  for (let shift = 7; byte > 127; shift += 7) {
    if (shift > 21 || at >= end) throw tooShort()
    byte = buffer[at++] ?? 0
    if (byte === 0) throw malformed('A variable byte integer is longer than it may be.', 'MQTT-1.5.5-1')
    length |= (byte & 127) << shift
  }
  const to = at + length
  if (to > end || length > VARIABLE_MAX) throw tooShort()
  view.propertiesFrom = at
  view.propertiesTo = to
  if (length > 0) scanInto(buffer, view, limits, sender)
  return to
}

function scanInto(buffer: Uint8Array, view: PublishView, limits: Limits, sender: Sender): void {
  const { scanner } = view
  scanner.start(buffer, view.propertiesFrom, view.propertiesTo, 'publish', sender, limits)
  while (scanner.next()) {
    switch (scanner.id) {
      case TOPIC_ALIAS:
        view.topicAlias = scanner.number
        break
      case MESSAGE_EXPIRY_INTERVAL:
        view.messageExpiryInterval = scanner.number
        break
      case PAYLOAD_FORMAT:
        view.payloadFormat = scanner.number === 1 ? 1 : 0
        break
    }
    if (isForwarded(scanner.id)) view.hasForwardedProperties = true
    else view.onlyForwardedProperties = false
  }
}

/** The other three belong to one hop: an alias to a connection, an expiry is rewritten, identifiers are the receiver's own. */
function isForwarded(id: number): boolean {
  return id !== TOPIC_ALIAS && id !== MESSAGE_EXPIRY_INTERVAL && id !== SUBSCRIPTION_IDENTIFIER
}

function uint16(buffer: Uint8Array, at: number): number {
  return ((buffer[at] ?? 0) << 8) | (buffer[at + 1] ?? 0)
}

function tooShort(): Error {
  return malformed('The packet ends before its content does.')
}
