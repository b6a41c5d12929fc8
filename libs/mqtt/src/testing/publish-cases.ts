// PUBLISH and its four acks, byte by byte beside what they mean.
import { lengthed, packetOf, plain } from './case-bytes.js'
import { client3, client4, client5, long, server5 } from './packet-case.js'
import type { PacketCase } from './packet-case.js'

const user = [0x26, 'k', 'v'] as const
const publish = { kind: 'publish', dup: false, qos: 0, retain: false, topic: 'a', packetId: 0, payload: plain('hi'), properties: {} } as const // prettier-ignore

export const PUBLISH_CASES: readonly PacketCase[] = [
  client4('PUBLISH QoS 0', packetOf(0x30, 'a', plain('hi')), publish),
  client5('PUBLISH 5.0 QoS 0', packetOf(0x30, 'a', 0, plain('hi')), publish),
  client4('PUBLISH with an empty payload', packetOf(0x31, 'a'), {
    ...publish,
    retain: true,
    payload: plain(''),
  }),
  client4('PUBLISH QoS 1', packetOf(0x32, 'a', 0, 7, plain('hi')), { ...publish, qos: 1, packetId: 7 }),
  client4('PUBLISH QoS 2, DUP and RETAIN', packetOf(0x3d, 'a', 255, 255, plain('hi')), {
    ...publish,
    qos: 2,
    dup: true,
    retain: true,
    packetId: 65535,
  }),
  client4('PUBLISH to a topic of slashes', packetOf(0x30, '//', plain('hi')), { ...publish, topic: '//' }),
  client4('PUBLISH to a topic with all lengths of UTF-8', packetOf(0x30, 'aé€😀', plain('hi')), {
    ...publish,
    topic: 'aé€😀',
  }),
  client4(
    'PUBLISH to a topic with a byte order mark, which stays [MQTT-1.5.4-3]',
    packetOf(0x30, '\uFEFFa', plain('hi')),
    { ...publish, topic: '\uFEFFa' },
  ),
  client5('PUBLISH by alias alone', packetOf(0x30, '', lengthed(0x23, 0, 3), plain('hi')), {
    ...publish,
    topic: '',
    properties: { topicAlias: 3 },
  }),
  server5(
    'PUBLISH 5.0 from a server with every property',
    packetOf(
      0x32,
      'a',
      0,
      7,
      lengthed(
        0x01,
        1,
        0x02,
        0,
        0,
        0,
        9,
        0x03,
        't',
        0x08,
        'r',
        0x09,
        'd',
        0x0b,
        1,
        0x0b,
        0xff,
        0xff,
        0xff,
        0x7f,
        0x23,
        0,
        1,
        ...user,
      ),
      plain('hi'),
    ),
    {
      ...publish,
      qos: 1,
      packetId: 7,
      properties: {
        payloadFormat: 1,
        messageExpiryInterval: 9,
        contentType: 't',
        responseTopic: 'r',
        correlationData: plain('d'),
        subscriptionIdentifiers: [1, 268435455],
        topicAlias: 1,
        userProperties: [['k', 'v']],
      },
    },
  ),
]

export const ACK_CASES: readonly PacketCase[] = [
  client4('PUBACK', packetOf(0x40, 0, 7), { kind: 'puback', packetId: 7, reasonCode: 0, properties: {} }),
  client5('PUBACK 5.0 in its short form', packetOf(0x40, 0, 7), {
    kind: 'puback',
    packetId: 7,
    reasonCode: 0,
    properties: {},
  }),
  long(
    client5('PUBACK 5.0 with a reason code of 0 written out', packetOf(0x40, 0, 7, 0), {
      kind: 'puback',
      packetId: 7,
      reasonCode: 0,
      properties: {},
    }),
  ),
  long(
    client5('PUBACK 5.0 with a property length of 0 written out', packetOf(0x40, 0, 7, 0x80, 0), {
      kind: 'puback',
      packetId: 7,
      reasonCode: 0x80,
      properties: {},
    }),
  ),
  server5('PUBACK 5.0 without subscribers', packetOf(0x40, 0, 7, 0x10), {
    kind: 'puback',
    packetId: 7,
    reasonCode: 0x10,
    properties: {},
  }),
  server5('PUBREC 5.0 with properties', packetOf(0x50, 0, 7, 0x87, lengthed(0x1f, 'no', ...user)), {
    kind: 'pubrec',
    packetId: 7,
    reasonCode: 0x87,
    properties: { reasonString: 'no', userProperties: [['k', 'v']] },
  }),
  client4('PUBREL', packetOf(0x62, 0, 7), { kind: 'pubrel', packetId: 7, reasonCode: 0, properties: {} }),
  client5('PUBREL 5.0 for an id that is not known', packetOf(0x62, 0, 7, 0x92), {
    kind: 'pubrel',
    packetId: 7,
    reasonCode: 0x92,
    properties: {},
  }),
  long(
    client3('PUBREL 3.1 sent again', packetOf(0x6a, 0, 7), {
      kind: 'pubrel',
      packetId: 7,
      reasonCode: 0,
      properties: {},
    }),
  ),
  client5('PUBCOMP', packetOf(0x70, 255, 255), {
    kind: 'pubcomp',
    packetId: 65535,
    reasonCode: 0,
    properties: {},
  }),
]
