// What PUBACK, PUBREC, PUBREL and PUBCOMP have in common: they are one grammar with four names. Read in place, written as four bytes where possible.
import type { ByteWriter } from '#libs/base'
import type { Frame } from '../framing.js'
import { malformed, protocolError } from '../protocol-error.js'
import { decodeProperties, NO_PROPERTIES, writeProperties } from '../property-codec.js'
import { PropertyScanner } from '../property-scanner.js'
import type { PropertiesOf } from '../properties.js'
import { PACKET } from '../protocol.js'
import type { Limits, ProtocolVersion, Sender } from '../protocol.js'
import { isReasonAllowed, REASON, reasonTitle } from '../reason-codes.js'

export type AckKind = 'puback' | 'pubrec' | 'pubrel' | 'pubcomp'

/** One of the four; the properties are the same in all: reason string and user properties. */
export interface AckPacket<K extends AckKind> {
  readonly kind: K
  readonly packetId: number
  readonly reasonCode: number
  readonly properties: PropertiesOf<'puback'>
}

/** What an ack says, and where its properties lie. One per connection; valid until the buffer changes. */
export class AckView {
  packetId = 0
  /** 0 in 3.1 and 3.1.1. */
  reasonCode = 0
  propertiesFrom = 0
  propertiesTo = 0

  readonly scanner = new PropertyScanner()
}

/*
 * PUBACK, PUBREC, PUBREL, PUBCOMP
 *   fixed header: 4, 5, 6 or 7; flags 0, for PUBREL 2
 *   packet identifier: uint16
 *   reason code:       uint8, may be left out when 0 and nothing follows (5.0)
 *   properties:        length, properties; may be left out when there are none (5.0)
 */

/** Fills `view` from the packet in `frame`; throws `ProtocolError`. */
export function decodeAckInPlace(
  buffer: Uint8Array,
  frame: Frame,
  version: ProtocolVersion,
  view: AckView,
  limits: Limits,
  sender: Sender = 'client',
): void {
  const kind = kindOf(frame.typeAndFlags)
  checkFlags(frame.typeAndFlags, version)
  const at = frame.bodyFrom
  const length = frame.bodyTo - at
  if (length < 2) throw malformed('The packet ends before its content does.')
  view.packetId = ((buffer[at] ?? 0) << 8) | (buffer[at + 1] ?? 0)
  if (view.packetId === 0) throw protocolError('A packet identifier must not be 0.', 'MQTT-2.2.1-3')
  view.reasonCode = REASON.success
  view.propertiesFrom = view.propertiesTo = frame.bodyTo
  if (length === 2) return
  if (version !== 5) throw malformed('The packet is longer than its content.')
  view.reasonCode = buffer[at + 2] ?? 0
  if (view.reasonCode !== REASON.success && !isReasonAllowed(view.reasonCode, kind, sender)) {
    throw protocolError(
      `Reason code ${reasonTitle(view.reasonCode)} is not allowed in ${kind} from a ${sender}.`,
    )
  }
  if (length > 3) readAckProperties(buffer, frame, kind, view, limits, sender)
}

/** The packet in `frame` as an object; throws `ProtocolError`. */
export function decodeAck<K extends AckKind>(
  kind: K,
  buffer: Uint8Array,
  frame: Frame,
  version: ProtocolVersion,
  limits: Limits,
  sender: Sender,
): AckPacket<K> {
  const view = new AckView()
  decodeAckInPlace(buffer, frame, version, view, limits, sender)
  const { packetId, reasonCode, propertiesFrom, propertiesTo } = view
  const properties =
    propertiesFrom === propertiesTo
      ? NO_PROPERTIES
      : decodeProperties(buffer, propertiesFrom, propertiesTo, { place: kind, sender, limits })
  return { kind, packetId, reasonCode, properties }
}

/** Writes an ack without properties: four bytes, or five in 5.0 when the reason code is not 0. */
export function encodeAck(
  writer: ByteWriter,
  kind: AckKind,
  packetId: number,
  reasonCode: number,
  version: ProtocolVersion,
): void {
  writer.reserve(5)
  const { buffer } = writer
  const at = writer.position
  const isShort = reasonCode === 0 || version !== 5
  // [MQTT-3.6.1-1] PUBREL alone has a flag.
  buffer[at] = (PACKET[kind] << 4) | (kind === 'pubrel' ? 2 : 0)
  buffer[at + 1] = isShort ? 2 : 3
  buffer[at + 2] = packetId >> 8
  buffer[at + 3] = packetId
  if (!isShort) buffer[at + 4] = reasonCode
  writer.position = at + (isShort ? 4 : 5)
}

/** Writes an ack with its properties, as short as it can be. */
export function encodeAckPacket(
  writer: ByteWriter,
  packet: AckPacket<AckKind>,
  version: ProtocolVersion,
): void {
  const { kind, packetId, reasonCode, properties } = packet
  const from = writer.position
  encodeAck(writer, kind, packetId, reasonCode, version)
  if (version !== 5 || Object.keys(properties).length === 0) return
  writer.position = from + 1
  writer.u16(packetId)
  writer.u8(reasonCode)
  writeProperties(writer, properties)
  writer.insertLength(from + 1)
}

function readAckProperties(
  buffer: Uint8Array,
  frame: Frame,
  kind: AckKind,
  view: AckView,
  limits: Limits,
  sender: Sender,
): void {
  let at = frame.bodyFrom + 3
  let length = 0
  for (let shift = 0; ; shift += 7) {
    if (shift > 21 || at >= frame.bodyTo) throw malformed('The property length is malformed.')
    const byte = buffer[at++] ?? 0
    if (byte === 0 && shift > 0)
      throw malformed('The property length is longer than it may be.', 'MQTT-1.5.5-1')
    length |= (byte & 127) << shift
    if (byte < 128) break
  }
  if (at + length !== frame.bodyTo) throw malformed('The property length does not fit the packet.')
  view.propertiesFrom = at
  const { scanner } = view
  scanner.start(buffer, at, frame.bodyTo, kind, sender, limits)
  while (scanner.next());
}

function kindOf(typeAndFlags: number): AckKind {
  switch (typeAndFlags >> 4) {
    case PACKET.puback:
      return 'puback'
    case PACKET.pubrec:
      return 'pubrec'
    case PACKET.pubrel:
      return 'pubrel'
    default:
      return 'pubcomp'
  }
}

function checkFlags(typeAndFlags: number, version: ProtocolVersion): void {
  const wanted = typeAndFlags >> 4 === PACKET.pubrel ? 2 : 0
  // 3.1 leaves the bits open, and sets DUP in a PUBREL that is sent again.
  if ((typeAndFlags & 15) !== wanted && version !== 3) {
    throw malformed('Reserved flags of the fixed header are set.', 'MQTT-2.1.3-1')
  }
}
