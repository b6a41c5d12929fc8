// SUBSCRIBE, UNSUBSCRIBE, their answers, and the small packets, byte by byte beside what they mean.
import { lengthed, packetOf, plain } from './case-bytes.js'
import { client3, client4, client5, long, server4, server5 } from './packet-case.js'
import type { PacketCase } from './packet-case.js'
import { parseFilter } from '../topic-filter.js'

const user = [0x26, 'k', 'v'] as const
const plainOptions = { noLocal: false, retainAsPublished: false, retainHandling: 0 } as const

export const SUBSCRIPTION_CASES: readonly PacketCase[] = [
  client4('SUBSCRIBE 3.1.1', packetOf(0x82, 0, 7, 'a/+', 1, '#', 2), {
    kind: 'subscribe',
    packetId: 7,
    properties: {},
    subscriptions: [
      { filter: parseFilter('a/+'), qos: 1, ...plainOptions },
      { filter: parseFilter('#'), qos: 2, ...plainOptions },
    ],
  }),
  long(
    client3('SUBSCRIBE 3.1 sent again', packetOf(0x8a, 0, 7, 'a', 0), {
      kind: 'subscribe',
      packetId: 7,
      properties: {},
      subscriptions: [{ filter: parseFilter('a'), qos: 0, ...plainOptions }],
    }),
  ),
  client5(
    'SUBSCRIBE 5.0 with all options and an identifier',
    packetOf(0x82, 0, 7, lengthed(0x0b, 0x80, 1, ...user), 'a', 0x2d),
    {
      kind: 'subscribe',
      packetId: 7,
      properties: { subscriptionIdentifiers: [128], userProperties: [['k', 'v']] },
      subscriptions: [
        { filter: parseFilter('a'), qos: 1, noLocal: true, retainAsPublished: true, retainHandling: 2 },
      ],
    },
  ),
  client5('SUBSCRIBE to a shared subscription', packetOf(0x82, 0, 7, 0, '$share/g/a/#', 0x12), {
    kind: 'subscribe',
    packetId: 7,
    properties: {},
    subscriptions: [
      {
        filter: parseFilter('$share/g/a/#'),
        qos: 2,
        noLocal: false,
        retainAsPublished: false,
        retainHandling: 1,
      },
    ],
  }),
  server4('SUBACK 3.1.1', packetOf(0x90, 0, 7, 0, 1, 2, 0x80), {
    kind: 'suback',
    packetId: 7,
    reasonCodes: [0, 1, 2, 0x80],
    properties: {},
  }),
  server5('SUBACK 5.0', packetOf(0x90, 0, 7, lengthed(0x1f, 'so', ...user), 2, 0x8f, 0xa2), {
    kind: 'suback',
    packetId: 7,
    reasonCodes: [2, 0x8f, 0xa2],
    properties: { reasonString: 'so', userProperties: [['k', 'v']] },
  }),
  client4('UNSUBSCRIBE 3.1.1', packetOf(0xa2, 0, 7, 'a', 'b/#'), {
    kind: 'unsubscribe',
    packetId: 7,
    filters: [parseFilter('a'), parseFilter('b/#')],
    properties: {},
  }),
  client5('UNSUBSCRIBE 5.0', packetOf(0xa2, 0, 7, lengthed(...user), 'a'), {
    kind: 'unsubscribe',
    packetId: 7,
    filters: [parseFilter('a')],
    properties: { userProperties: [['k', 'v']] },
  }),
  server4('UNSUBACK 3.1.1', packetOf(0xb0, 0, 7), {
    kind: 'unsuback',
    packetId: 7,
    reasonCodes: [],
    properties: {},
  }),
  server5('UNSUBACK 5.0', packetOf(0xb0, 0, 7, 0, 0, 0x11), {
    kind: 'unsuback',
    packetId: 7,
    reasonCodes: [0, 0x11],
    properties: {},
  }),
]

export const OTHER_CASES: readonly PacketCase[] = [
  client4('PINGREQ', packetOf(0xc0), { kind: 'pingreq' }),
  server5('PINGRESP', packetOf(0xd0), { kind: 'pingresp' }),
  client4('DISCONNECT 3.1.1', packetOf(0xe0), { kind: 'disconnect', reasonCode: 0, properties: {} }),
  client5('DISCONNECT 5.0 in its short form', packetOf(0xe0), {
    kind: 'disconnect',
    reasonCode: 0,
    properties: {},
  }),
  client5('DISCONNECT 5.0 that asks for the will', packetOf(0xe0, 4), {
    kind: 'disconnect',
    reasonCode: 4,
    properties: {},
  }),
  client5(
    'DISCONNECT 5.0 with a session expiry',
    packetOf(0xe0, 0, lengthed(0x11, 0, 0, 0, 5, 0x1f, 'bye')),
    { kind: 'disconnect', reasonCode: 0, properties: { sessionExpiryInterval: 5, reasonString: 'bye' } },
  ),
  server5('DISCONNECT 5.0 from a server that moved', packetOf(0xe0, 0x9d, lengthed(0x1c, 'there', ...user)), {
    kind: 'disconnect',
    reasonCode: 0x9d,
    properties: { serverReference: 'there', userProperties: [['k', 'v']] },
  }),
  server5('AUTH in its short form', packetOf(0xf0), { kind: 'auth', reasonCode: 0, properties: {} }),
  client5('AUTH that goes on', packetOf(0xf0, 0x18, lengthed(0x15, 'SCRAM', 0x16, 'xy')), {
    kind: 'auth',
    reasonCode: 0x18,
    properties: { authenticationMethod: 'SCRAM', authenticationData: plain('xy') },
  }),
  client5('AUTH that begins again', packetOf(0xf0, 0x19, lengthed(0x15, 'SCRAM')), {
    kind: 'auth',
    reasonCode: 0x19,
    properties: { authenticationMethod: 'SCRAM' },
  }),
]
