// What a decoder must refuse, and with which reason code: the other half of the shared table.
import { bytesOf, lengthed, packetOf, plain } from './case-bytes.js'
import type { Part } from './case-bytes.js'
import type { ProtocolVersion, Sender } from '../protocol.js'

export interface RefusedCase {
  readonly fact: string
  readonly version: ProtocolVersion
  readonly sender: Sender
  readonly bytes: Uint8Array
  readonly reasonCode: number
}

type Row = readonly [fact: string, reasonCode: number, bytes: Uint8Array]

const rows = (version: ProtocolVersion, sender: Sender, list: readonly Row[]): readonly RefusedCase[] =>
  list.map(([fact, reasonCode, bytes]) => ({ fact, version, sender, bytes, reasonCode }))

const connect5 = (flags: number, properties: Uint8Array, ...payload: readonly Part[]) =>
  packetOf(0x10, 'MQTT', 5, flags, 0, 60, properties, ...payload)
const connect4 = (flags: number, ...payload: readonly Part[]) =>
  packetOf(0x10, 'MQTT', 4, flags, 0, 60, ...payload)
const publish5 = (...properties: readonly Part[]) => packetOf(0x30, 'a', lengthed(...properties), plain('hi'))
const topic = (...bytes: readonly number[]) => packetOf(0x30, 0, bytes.length, Uint8Array.from(bytes), 0)
const none = lengthed()

const connects: readonly RefusedCase[] = [
  ...rows(4, 'client', [
    ['CONNECT with an unknown name [MQTT-3.1.2-1]', 0x84, packetOf(0x10, 'MQTX', 4, 2, 0, 60, 'c')],
    ['CONNECT with an unknown level [MQTT-3.1.2-2]', 0x84, packetOf(0x10, 'MQTT', 6, 2, 0, 60, 'c')],
    ['CONNECT with the name of 3.1 and the level of 3.1.1', 0x84, packetOf(0x10, 'MQIsdp', 4, 2, 0, 60, 'c')],
    ['CONNECT with flags in its fixed header [MQTT-2.2.2-2]', 0x81, packetOf(0x11, 'MQTT', 4, 2, 0, 60, 'c')],
    ['CONNECT with the reserved flag [MQTT-3.1.2-3]', 0x81, connect4(3, 'c')],
    ['CONNECT with a will QoS and no will [MQTT-3.1.2-13]', 0x81, connect4(0x0a, 'c')],
    ['CONNECT with will retain and no will [MQTT-3.1.2-15]', 0x81, connect4(0x22, 'c')],
    ['CONNECT with a will QoS of 3 [MQTT-3.1.2-14]', 0x81, connect4(0x1e, 'c', 'w', 'm')],
    ['CONNECT with a password and no user name [MQTT-3.1.2-22]', 0x81, connect4(0x42, 'c', 'p')],
    ['CONNECT 3.1.1 without client id or clean session [MQTT-3.1.3-8]', 0x85, connect4(0, '')],
    ['CONNECT with a client id that is too long', 0x85, connect4(2, 'c'.repeat(1025))],
    ['CONNECT with U+0000 in the client id', 0x81, connect4(2, 'a\0')],
    ['CONNECT with U+0000 in the user name', 0x81, connect4(0x82, 'c', 'a\0')],
    ['CONNECT without the user name that its flags promise', 0x81, connect4(0x82, 'c')],
    ['CONNECT with bytes behind its payload', 0x81, connect4(2, 'c', 0)],
    ['CONNECT with a wildcard in the will topic', 0x90, connect4(6, 'c', 'w/+', 'm')],
    ['CONNECT with an empty will topic', 0x82, connect4(6, 'c', '', 'm')],
    ['CONNECT with U+0000 in the will topic', 0x81, connect4(6, 'c', 'a\0', 'm')],
    ['CONNECT with 65,400 slashes in the will topic', 0x90, connect4x(65400)],
  ]),
  ...rows(3, 'client', [
    ['CONNECT 3.1 without a client id', 0x85, packetOf(0x10, 'MQIsdp', 3, 2, 0, 60, '')],
  ]),
  ...rows(5, 'client', [
    ['CONNECT 5.0 with a reserved flag', 0x81, connect5(3, none, 'c')],
    ['CONNECT 5.0 without properties', 0x81, packetOf(0x10, 'MQTT', 5, 2, 0, 60)],
    ['CONNECT with a receive maximum of 0', 0x82, connect5(2, lengthed(0x21, 0, 0), 'c')],
    ['CONNECT with a maximum packet size of 0', 0x82, connect5(2, lengthed(0x27, 0, 0, 0, 0), 'c')],
    ['CONNECT with request problem information of 2', 0x82, connect5(2, lengthed(0x17, 2), 'c')],
    ['CONNECT with authentication data and no method', 0x82, connect5(2, lengthed(0x16, 'x'), 'c')],
    ['CONNECT with a property twice', 0x82, connect5(2, lengthed(0x21, 0, 1, 0x21, 0, 1), 'c')],
    ['CONNECT with a property that MQTT does not know', 0x81, connect5(2, lengthed(0x7f, 0), 'c')],
    ['CONNECT with a property of PUBLISH', 0x81, connect5(2, lengthed(0x23, 0, 1), 'c')],
    ['CONNECT with the will delay outside the will', 0x81, connect5(2, lengthed(0x18, 0, 0, 0, 1), 'c')],
    ['CONNECT with a topic alias in the will', 0x81, connect5(6, none, 'c', lengthed(0x23, 0, 1), 'w', 'm')],
    ['CONNECT with more user properties than the limit', 0x97, connect5(2, lengthed(...users(101)), 'c')],
    [
      'CONNECT with more bytes of properties than the limit',
      0x97,
      connect5(2, lengthed(0x26, 'k', 'v'.repeat(8200)), 'c'),
    ],
    [
      'CONNECT with a property length of five bytes',
      0x81,
      connect5(2, bytesOf(0x80, 0x80, 0x80, 0x80, 1), 'c'),
    ],
    [
      'CONNECT with a property length longer than needed [MQTT-1.5.5-1]',
      0x81,
      connect5(2, bytesOf(0x80, 0), 'c'),
    ],
    ['CONNECT with properties longer than the packet', 0x81, connect5(2, bytesOf(100, 0x21, 0, 1), 'c')],
  ]),
]

const publishes: readonly RefusedCase[] = [
  ...rows(4, 'client', [
    ['PUBLISH with QoS 3 [MQTT-3.3.1-4]', 0x81, packetOf(0x36, 'a', 0, 7)],
    ['PUBLISH with DUP and QoS 0 [MQTT-3.3.1-2]', 0x81, packetOf(0x38, 'a')],
    ['PUBLISH with packet id 0 [MQTT-2.3.1-1]', 0x82, packetOf(0x32, 'a', 0, 0)],
    ['PUBLISH without a packet id', 0x81, packetOf(0x32, 'a', 0)],
    ['PUBLISH with an empty topic [MQTT-4.7.3-1]', 0x82, packetOf(0x30, '', plain('hi'))],
    ['PUBLISH without a topic', 0x81, packetOf(0x30)],
    ['PUBLISH with half a topic length', 0x81, packetOf(0x30, 0)],
    ['PUBLISH with a topic longer than the packet', 0x81, packetOf(0x30, 0, 9, plain('a'))],
    ['PUBLISH with + in the topic [MQTT-3.3.2-2]', 0x90, packetOf(0x30, 'a/+')],
    ['PUBLISH with # in the topic [MQTT-3.3.2-2]', 0x90, packetOf(0x30, '#')],
    ['PUBLISH with # inside a level', 0x90, packetOf(0x30, 'a#b')],
    ['PUBLISH with more levels than the limit', 0x90, packetOf(0x30, '/'.repeat(128))],
    ['PUBLISH with 65,400 slashes', 0x90, bigPublish(65400)],
  ]),
  ...rows(5, 'client', [
    ['PUBLISH with U+0000 in the topic [MQTT-1.5.4-2]', 0x81, topic(0x61, 0)],
    ['PUBLISH with a surrogate in the topic [MQTT-1.5.4-1]', 0x81, topic(0xed, 0xa0, 0x80)],
    ['PUBLISH with a pair of surrogates in the topic', 0x81, topic(0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80)],
    ['PUBLISH with an over-long form of two bytes', 0x81, topic(0xc0, 0xaf)],
    ['PUBLISH with an over-long form of three bytes', 0x81, topic(0xe0, 0x80, 0xaf)],
    ['PUBLISH with an over-long form of four bytes', 0x81, topic(0xf0, 0x80, 0x80, 0xaf)],
    ['PUBLISH with U+0000 in an over-long form', 0x81, topic(0xc0, 0x80)],
    ['PUBLISH with a character beyond U+10FFFF', 0x81, topic(0xf4, 0x90, 0x80, 0x80)],
    ['PUBLISH with a form of five bytes', 0x81, topic(0xf8, 0x88, 0x80, 0x80, 0x80)],
    ['PUBLISH with a stray continuation', 0x81, topic(0x61, 0x80)],
    ['PUBLISH with a character cut by the topic’s end', 0x81, topic(0xe2, 0x82)],
    ['PUBLISH with FF in the topic', 0x81, topic(0xff)],
    ['PUBLISH without topic or alias', 0x82, packetOf(0x30, '', 0, plain('hi'))],
    ['PUBLISH with topic alias 0 [MQTT-3.3.2-8]', 0x94, publish5(0x23, 0, 0)],
    ['PUBLISH with two aliases', 0x82, publish5(0x23, 0, 1, 0x23, 0, 1)],
    ['PUBLISH from a client with a subscription identifier [MQTT-3.3.4-6]', 0x82, publish5(0x0b, 1)],
    ['PUBLISH with payload format 2', 0x82, publish5(0x01, 2)],
    ['PUBLISH with a wildcard in the response topic [MQTT-3.3.2-14]', 0x82, publish5(0x08, 'a/#')],
    ['PUBLISH with an empty response topic', 0x82, publish5(0x08, '')],
    ['PUBLISH with U+0000 in the content type', 0x81, publish5(0x03, 'a\0')],
    ['PUBLISH with a surrogate in a user property’s name', 0x81, publish5(0x26, 0, 3, 0xed, 0xa0, 0x80, 'v')],
    [
      'PUBLISH with a surrogate in a user property’s value',
      0x81,
      publish5(0x26, 'k', 0, 3, 0xed, 0xa0, 0x80),
    ],
    ['PUBLISH with a property that is cut off', 0x81, publish5(0x02, 0, 0)],
    ['PUBLISH with a user property that has no value', 0x81, publish5(0x26, 'k')],
    ['PUBLISH with a property of CONNECT', 0x81, publish5(0x21, 0, 1)],
    ['PUBLISH with more user properties than the limit', 0x97, publish5(...users(101))],
    ['PUBLISH without a property length', 0x81, packetOf(0x30, 'a')],
    ['PUBLISH with properties longer than the packet', 0x81, packetOf(0x30, 'a', 9, 0x01, 1)],
    ['PUBLISH with a property length of five bytes', 0x81, packetOf(0x30, 'a', 0x80, 0x80, 0x80, 0x80, 1)],
    ['PUBLISH with a property length longer than needed', 0x81, packetOf(0x30, 'a', 0x81, 0x80, 0)],
  ]),
  ...rows(5, 'server', [
    ['PUBLISH with subscription identifier 0', 0x82, publish5(0x0b, 0)],
    ['PUBLISH with a subscription identifier of five bytes', 0x81, publish5(0x0b, 0x80, 0x80, 0x80, 0x80, 1)],
    ['PUBLISH with a subscription identifier longer than needed', 0x81, publish5(0x0b, 0x81, 0)],
  ]),
]

const acks: readonly RefusedCase[] = [
  ...rows(4, 'client', [
    ['PUBACK with packet id 0', 0x82, packetOf(0x40, 0, 0)],
    ['PUBACK of one byte', 0x81, packetOf(0x40, 0)],
    ['PUBACK 3.1.1 with a reason code', 0x81, packetOf(0x40, 0, 7, 0)],
    ['PUBACK with flags', 0x81, packetOf(0x41, 0, 7)],
    ['PUBREL without its flag [MQTT-3.6.1-1]', 0x81, packetOf(0x60, 0, 7)],
    ['PUBREC with PUBREL’s flag', 0x81, packetOf(0x52, 0, 7)],
  ]),
  ...rows(5, 'client', [
    ['PUBACK with a reason code that is another packet’s', 0x82, packetOf(0x40, 0, 7, 0x92)],
    ['PUBACK from a client without subscribers', 0x82, packetOf(0x40, 0, 7, 0x10)],
    ['PUBREL with a reason code that is PUBACK’s', 0x82, packetOf(0x62, 0, 7, 0x80)],
    ['PUBCOMP with an unknown reason code', 0x82, packetOf(0x70, 0, 7, 0xff)],
    ['PUBACK with bytes behind its properties', 0x81, packetOf(0x40, 0, 7, 0, 0, 0)],
    ['PUBACK with properties longer than the packet', 0x81, packetOf(0x40, 0, 7, 0, 5, 0x1f)],
    ['PUBACK with two reason strings', 0x82, packetOf(0x40, 0, 7, 0, lengthed(0x1f, 'a', 0x1f, 'b'))],
    ['PUBACK with a property of CONNACK', 0x81, packetOf(0x40, 0, 7, 0, lengthed(0x13, 0, 1))],
    ['PUBACK with a property length of five bytes', 0x81, packetOf(0x40, 0, 7, 0, 0x80, 0x80, 0x80, 0x80, 1)],
    ['PUBACK with a property length longer than needed', 0x81, packetOf(0x40, 0, 7, 0, 0x80, 0)],
  ]),
]

const subscriptions: readonly RefusedCase[] = [
  ...rows(4, 'client', [
    ['SUBSCRIBE without a filter [MQTT-3.8.3-3]', 0x82, packetOf(0x82, 0, 7)],
    ['SUBSCRIBE with packet id 0', 0x82, packetOf(0x82, 0, 0, 'a', 0)],
    ['SUBSCRIBE with wrong flags [MQTT-3.8.1-1]', 0x81, packetOf(0x80, 0, 7, 'a', 0)],
    ['SUBSCRIBE with QoS 3', 0x82, packetOf(0x82, 0, 7, 'a', 3)],
    ['SUBSCRIBE 3.1.1 with options of 5.0 [MQTT-3-8.3-4]', 0x81, packetOf(0x82, 0, 7, 'a', 4)],
    ['SUBSCRIBE without a QoS', 0x81, packetOf(0x82, 0, 7, 'a')],
    ['SUBSCRIBE with a filter longer than the packet', 0x81, packetOf(0x82, 0, 7, 0, 9, plain('a'))],
    ['SUBSCRIBE with an empty filter [MQTT-4.7.3-1]', 0x8f, packetOf(0x82, 0, 7, '', 0)],
    ['SUBSCRIBE with U+0000 in the filter', 0x81, packetOf(0x82, 0, 7, 'a\0', 0)],
    ['SUBSCRIBE with # in the middle [MQTT-4.7.1-2]', 0x8f, packetOf(0x82, 0, 7, '#/a', 0)],
    ['SUBSCRIBE with # inside a level', 0x8f, packetOf(0x82, 0, 7, 'a#', 0)],
    ['SUBSCRIBE with + inside a level [MQTT-4.7.1-3]', 0x8f, packetOf(0x82, 0, 7, 'a+/b', 0)],
    [
      'SUBSCRIBE with more filters than the limit',
      0x97,
      packetOf(0x82, 0, 7, ...Array.from({ length: 257 }, () => ['a', 0]).flat()),
    ],
    ['UNSUBSCRIBE without a filter [MQTT-3.10.3-2]', 0x82, packetOf(0xa2, 0, 7)],
    ['UNSUBSCRIBE with packet id 0', 0x82, packetOf(0xa2, 0, 0, 'a')],
    ['UNSUBSCRIBE with wrong flags [MQTT-3.10.1-1]', 0x81, packetOf(0xa0, 0, 7, 'a')],
    ['UNSUBSCRIBE with a bad filter', 0x8f, packetOf(0xa2, 0, 7, 'a/#/b')],
    [
      'UNSUBSCRIBE with more filters than the limit',
      0x97,
      packetOf(0xa2, 0, 7, ...Array.from({ length: 257 }, () => 'a')),
    ],
  ]),
  ...rows(5, 'client', [
    ['SUBSCRIBE with reserved options [MQTT-3.8.3-5]', 0x81, packetOf(0x82, 0, 7, 0, 'a', 0x40)],
    ['SUBSCRIBE with retain handling 3', 0x82, packetOf(0x82, 0, 7, 0, 'a', 0x30)],
    [
      'SUBSCRIBE with no local on a shared subscription [MQTT-3.8.3-4]',
      0x82,
      packetOf(0x82, 0, 7, 0, '$share/g/a', 4),
    ],
    ['SUBSCRIBE with subscription identifier 0', 0x82, packetOf(0x82, 0, 7, lengthed(0x0b, 0), 'a', 0)],
    [
      'SUBSCRIBE with two subscription identifiers',
      0x82,
      packetOf(0x82, 0, 7, lengthed(0x0b, 1, 0x0b, 2), 'a', 0),
    ],
    [
      'SUBSCRIBE with a subscription identifier that is too large',
      0x81,
      packetOf(0x82, 0, 7, lengthed(0x0b, 0x80, 0x80, 0x80, 0x80, 1), 'a', 0),
    ],
    ['SUBSCRIBE to $share', 0x8f, packetOf(0x82, 0, 7, 0, '$share', 0)],
    ['SUBSCRIBE to $share/', 0x8f, packetOf(0x82, 0, 7, 0, '$share/', 0)],
    ['SUBSCRIBE to $share//f', 0x8f, packetOf(0x82, 0, 7, 0, '$share//f', 0)],
    ['SUBSCRIBE to $share/g', 0x8f, packetOf(0x82, 0, 7, 0, '$share/g', 0)],
    ['SUBSCRIBE to $share/g/', 0x8f, packetOf(0x82, 0, 7, 0, '$share/g/', 0)],
    ['SUBSCRIBE to $share/g+/f', 0x8f, packetOf(0x82, 0, 7, 0, '$share/g+/f', 0)],
  ]),
  ...rows(4, 'server', [
    ['SUBACK 3.1.1 with a code of 5.0', 0x82, packetOf(0x90, 0, 7, 0x87)],
    ['SUBACK without a code', 0x82, packetOf(0x90, 0, 7)],
    ['UNSUBACK 3.1.1 with a code', 0x81, packetOf(0xb0, 0, 7, 0)],
  ]),
  ...rows(5, 'server', [
    ['SUBACK with a code of UNSUBACK', 0x82, packetOf(0x90, 0, 7, 0, 0x11)],
    ['UNSUBACK with a code of SUBACK', 0x82, packetOf(0xb0, 0, 7, 0, 1)],
    ['UNSUBACK 5.0 without a code', 0x82, packetOf(0xb0, 0, 7, 0)],
  ]),
]

const others: readonly RefusedCase[] = [
  ...rows(4, 'server', [
    ['CONNACK with reserved flags [MQTT-3.2.2-1]', 0x81, packetOf(0x20, 2, 0)],
    ['CONNACK with a session and a refusal [MQTT-3.2.2-4]', 0x82, packetOf(0x20, 1, 5)],
    ['CONNACK with a reserved return code', 0x82, packetOf(0x20, 0, 6)],
    ['DISCONNECT from a server of 3.1.1', 0x82, packetOf(0xe0)],
    ['AUTH in 3.1.1', 0x82, packetOf(0xf0)],
    ['SUBSCRIBE from a server', 0x82, packetOf(0x82, 0, 7, 'a', 0)],
    ['PINGREQ from a server', 0x82, packetOf(0xc0)],
    ['CONNECT from a server', 0x82, packetOf(0x10, 'MQTT', 4, 2, 0, 60, 'c')],
  ]),
  ...rows(4, 'client', [
    ['packet type 0', 0x81, packetOf(0x00)],
    ['PINGREQ with a body', 0x81, packetOf(0xc0, 0)],
    ['PINGREQ with flags', 0x81, packetOf(0xc1)],
    ['DISCONNECT 3.1.1 with a reason code', 0x81, packetOf(0xe0, 0)],
    ['DISCONNECT with flags [MQTT-3.14.1-1]', 0x81, packetOf(0xe1)],
    ['CONNACK from a client', 0x82, packetOf(0x20, 0, 0)],
    ['SUBACK from a client', 0x82, packetOf(0x90, 0, 7, 0)],
    ['UNSUBACK from a client', 0x82, packetOf(0xb0, 0, 7)],
    ['PINGRESP from a client', 0x82, packetOf(0xd0)],
    ['AUTH 3.1.1 from a client', 0x82, packetOf(0xf0)],
  ]),
  ...rows(5, 'server', [
    ['CONNACK with a code of PUBACK', 0x82, packetOf(0x20, 0, 0x10, 0)],
    ['CONNACK with a receive maximum of 0', 0x82, packetOf(0x20, 0, 0, lengthed(0x21, 0, 0))],
    [
      'DISCONNECT from a server with a session expiry [MQTT-3.14.2-2]',
      0x82,
      packetOf(0xe0, 0x8b, lengthed(0x11, 0, 0, 0, 1)),
    ],
    ['DISCONNECT from a server that asks for the will', 0x82, packetOf(0xe0, 4)],
    ['AUTH from a server that begins again', 0x82, packetOf(0xf0, 0x19, lengthed(0x15, 'm'))],
  ]),
  ...rows(5, 'client', [
    ['DISCONNECT from a client that took a session over', 0x82, packetOf(0xe0, 0x8e)],
    ['DISCONNECT from a client with a server reference', 0x82, packetOf(0xe0, 0, lengthed(0x1c, 'x'))],
    ['DISCONNECT with bytes behind its properties', 0x81, packetOf(0xe0, 0, 0, 0)],
    ['AUTH without a method', 0x82, packetOf(0xf0, 0x18, 0)],
    ['AUTH with a code of DISCONNECT', 0x82, packetOf(0xf0, 0x80, lengthed(0x15, 'm'))],
    ['AUTH success from a client', 0x82, packetOf(0xf0)],
    ['AUTH with flags', 0x81, packetOf(0xf1, 0x18, lengthed(0x15, 'm'))],
  ]),
]

function users(count: number): Part[] {
  return Array.from({ length: count }, (): Part[] => [0x26, 'k', 'v']).flat()
}

/** `lengthed` and `packetOf` write at most two bytes of length; this packet needs three. */
function bigPublish(slashes: number): Uint8Array {
  const name = bytesOf('/'.repeat(slashes))
  return bytesOf(0x30, threeBytes(name.length), name)
}

function connect4x(slashes: number): Uint8Array {
  const body = bytesOf('MQTT', 4, 6, 0, 60, 'c', '/'.repeat(slashes), 'm')
  return bytesOf(0x10, threeBytes(body.length), body)
}

function threeBytes(length: number): Uint8Array {
  return Uint8Array.of((length & 127) | 128, ((length >> 7) & 127) | 128, length >> 14)
}

/** One row, one fact. */
export const REFUSED_CASES: readonly RefusedCase[] = [
  ...connects,
  ...publishes,
  ...acks,
  ...subscriptions,
  ...others,
]
