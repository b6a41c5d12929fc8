// What Mosquitto 2.0.11 does otherwise: the full titles of cases, by reason. «It …» goes before each reason.

/** Cases that fail there at every run. */
const failing: readonly (readonly [reason: string, titles: readonly string[]])[] = [
  [
    'answers a request without filters in 3.1',
    [
      '5.0 [MQTT-3.8.3-2], 3.1.1 [MQTT-3.8.3-3]: SUBSCRIBE without a filter (MQTT 3.1)',
      '5.0 [MQTT-3.10.3-2], 3.1.1 [MQTT-3.10.3-2]: UNSUBSCRIBE without a filter (MQTT 3.1)',
    ],
  ],
  [
    'gives the messages of a shared subscription to members that are away',
    ['what comes while all members are away goes to the first one that is back'],
  ],
  [
    'treats a shared subscription as a plain one in no local and in retain handling',
    [
      '5.0 [MQTT-3.8.3-4]: no local on a shared subscription is a protocol error',
      'retained messages are not sent for a shared subscription',
    ],
  ],
  [
    'sends a SUBACK and an UNSUBACK above the maximum packet size of the client',
    ['SUBACK', 'UNSUBACK'].map(
      (kind) =>
        `5.0 [MQTT-3.1.2-24]: ${kind} that the client cannot take is not left out in silence: 0x95, and the end`,
    ),
  ],
  [
    'refuses an unknown version in the form of 3.1.1, whatever form the CONNECT has',
    [
      '5.0 [MQTT-3.1.2-1] [MQTT-3.1.2-2]: a CONNECT in the form of 5.0 that is of no known version is refused in that form',
    ],
  ],
  [
    'ignores a subscription identifier in a PUBLISH of a client',
    ['5.0 [MQTT-3.3.4-6]: a subscription identifier in a PUBLISH of a client is an error'],
  ],
  [
    'closes the connection without telling the reason in a DISCONNECT',
    [
      'a graceful stop tells 0x8B; sessions, queues and the wills of kept sessions are there afterwards',
      '5.0 [MQTT-3.1.3-2] [MQTT-3.1.4-3], 3.1.1 [MQTT-3.1.3-2] [MQTT-3.1.4-2]: a second connection takes a client id over (MQTT 5.0)',
      '5.0 [MQTT-3.1.0-2], 3.1.1 [MQTT-3.1.0-2]: a second CONNECT is a protocol error (MQTT 5.0)',
      'two subscription identifiers in one SUBSCRIBE are an error',
      '5.0 [MQTT-3.6.1-1], 3.1.1 [MQTT-3.6.1-1]: PUBREL with the flags 0 (MQTT 5.0)',
      '5.0 [MQTT-3.6.1-1], 3.1.1 [MQTT-3.6.1-1]: PUBREL with the flags 1 (MQTT 5.0)',
      '5.0 [MQTT-3.6.1-1], 3.1.1 [MQTT-3.6.1-1]: PUBREL with the flags 3 (MQTT 5.0)',
      '5.0 [MQTT-3.6.1-1], 3.1.1 [MQTT-3.6.1-1]: PUBREL with the flags 6 (MQTT 5.0)',
      '5.0 [MQTT-4.13.1-1], 3.1.1 [MQTT-4.8.0-1]: a PUBREC for a QoS 1 message out of its order ends the connection and does not release the message (MQTT 5.0)',
      '5.0 [MQTT-4.13.1-1], 3.1.1 [MQTT-4.8.0-1]: a PUBCOMP for a QoS 1 message out of its order ends the connection and does not release the message (MQTT 5.0)',
      '5.0 [MQTT-4.13.1-1], 3.1.1 [MQTT-4.8.0-1]: a PUBACK for a QoS 2 message out of its order ends the connection and does not release the message (MQTT 5.0)',
      '5.0 [MQTT-4.13.1-1], 3.1.1 [MQTT-4.8.0-1]: a PUBCOMP for a QoS 2 message out of its order ends the connection and does not release the message (MQTT 5.0)',
      'PUBACK with packet id 0 (MQTT 5.0)',
      'PUBACK of one byte (MQTT 5.0)',
      'PUBREC with packet id 0 (MQTT 5.0)',
      'PUBREC of one byte (MQTT 5.0)',
      'PUBREL with packet id 0 (MQTT 5.0)',
      'PUBREL of one byte (MQTT 5.0)',
      'PUBCOMP with packet id 0 (MQTT 5.0)',
      'PUBCOMP of one byte (MQTT 5.0)',
      '5.0 [MQTT-4.12.0-7]: an AUTH of a client without a method is a protocol error',
      '5.0 [MQTT-3.15.1-1]: AUTH with reserved flags ends the connection',
      '5.0 [MQTT-3.15.2-1]: AUTH with an unknown reason code ends the connection',
      'a remaining length of five bytes (MQTT 5.0)',
      '5.0 [MQTT-4.13.1-1] [MQTT-3.14.2-1], 3.1.1 [MQTT-4.8.0-1]: CONNACK from a client (MQTT 5.0)',
      '5.0 [MQTT-4.13.1-1] [MQTT-3.14.2-1], 3.1.1 [MQTT-4.8.0-1]: SUBACK from a client (MQTT 5.0)',
      '5.0 [MQTT-4.13.1-1] [MQTT-3.14.2-1], 3.1.1 [MQTT-4.8.0-1]: UNSUBACK from a client (MQTT 5.0)',
      'a PUBACK of one byte (MQTT 5.0)',
      'an empty PUBREL (MQTT 5.0)',
      '5.0 [MQTT-3.3.2-19]: a contentType with a surrogate',
      '5.0 [MQTT-3.3.2-19]: a contentType with U+0000',
      '5.0 [MQTT-3.3.2-19]: a contentType with an over-long slash',
      '5.0 [MQTT-3.3.2-19]: a contentType with an over-long NUL',
      '5.0 [MQTT-3.3.2-19]: a contentType with a cut sequence',
      '5.0 [MQTT-3.3.2-19]: a contentType with a lone continuation byte',
      '5.0 [MQTT-3.3.2-19]: a contentType with a code point above U+10FFFF',
      '5.0 [MQTT-3.3.2-19]: a contentType with the byte FF',
      '5.0 [MQTT-3.3.2-13]: a responseTopic with a surrogate',
      '5.0 [MQTT-3.3.2-13]: a responseTopic with U+0000',
      '5.0 [MQTT-3.3.2-13]: a responseTopic with an over-long slash',
      '5.0 [MQTT-3.3.2-13]: a responseTopic with an over-long NUL',
      '5.0 [MQTT-3.3.2-13]: a responseTopic with a cut sequence',
      '5.0 [MQTT-3.3.2-13]: a responseTopic with a lone continuation byte',
      '5.0 [MQTT-3.3.2-13]: a responseTopic with a code point above U+10FFFF',
      '5.0 [MQTT-3.3.2-13]: a responseTopic with the byte FF',
      'an AUTH without an authentication method at CONNECT is a protocol error',
      'a PUBLISH with two content types ends the connection',
      'a PUBLISH with two payload formats ends the connection',
      'a PUBLISH with two expiries ends the connection',
      'a PUBLISH with two response topics ends the connection',
      'a PUBLISH with two correlation data ends the connection',
      'a PUBLISH with two topic aliases ends the connection',
    ],
  ],
  [
    'delivers one copy for one of the overlapping subscriptions before 5.0, not with the highest QoS',
    [
      '5.0 [MQTT-3.3.4-2], 3.1.1 [MQTT-3.3.5-1]: overlapping subscriptions deliver with their highest QoS (MQTT 3.1)',
      '5.0 [MQTT-3.3.4-2], 3.1.1 [MQTT-3.3.5-1]: overlapping subscriptions deliver with their highest QoS (MQTT 3.1.1)',
    ],
  ],
  [
    'closes the connection when a QoS 2 message is sent for the third time',
    [
      '5.0 [MQTT-4.3.3-10], 3.1.1 [MQTT-4.3.3-2]: until PUBREL the same QoS 2 packet id is acknowledged and not delivered again (MQTT 3.1)',
      '5.0 [MQTT-4.3.3-10], 3.1.1 [MQTT-4.3.3-2]: until PUBREL the same QoS 2 packet id is acknowledged and not delivered again (MQTT 3.1.1)',
      '5.0 [MQTT-4.3.3-10], 3.1.1 [MQTT-4.3.3-2]: until PUBREL the same QoS 2 packet id is acknowledged and not delivered again (MQTT 5.0)',
    ],
  ],
  [
    'hands a QoS 2 message on at PUBREL',
    [
      'a QoS 2 message goes to its receivers when it is stored, without waiting for PUBREL (MQTT 3.1.1)',
      'a QoS 2 message goes to its receivers when it is stored, without waiting for PUBREL (MQTT 5.0)',
    ],
  ],
  [
    'does not answer 0x92 for a packet id that it does not know',
    [
      '5.0 [MQTT-3.7.2-1]: PUBREL for an unknown packet id is answered with PUBCOMP 0x92',
      '5.0 [MQTT-3.6.2-1]: a PUBREC for an unknown packet id is answered with PUBREL 0x92',
    ],
  ],
  [
    'takes DUP with QoS 0',
    [
      '5.0 [MQTT-3.3.1-2], 3.1.1 [MQTT-3.3.1-2]: DUP with QoS 0 (MQTT 3.1.1)',
      '5.0 [MQTT-3.3.1-2], 3.1.1 [MQTT-3.3.1-2]: DUP with QoS 0 (MQTT 5.0)',
    ],
  ],
  [
    'does not look at reserved flags and lengths of acknowledgements and of PINGREQ',
    [
      '5.0 [MQTT-2.1.3-1], 3.1.1 [MQTT-2.2.2-1] [MQTT-2.2.2-2]: PUBACK with reserved flags set (MQTT 3.1.1)',
      '5.0 [MQTT-2.1.3-1], 3.1.1 [MQTT-2.2.2-1] [MQTT-2.2.2-2]: PUBACK with reserved flags set (MQTT 5.0)',
      '5.0 [MQTT-2.1.3-1], 3.1.1 [MQTT-2.2.2-1] [MQTT-2.2.2-2]: PUBREC with reserved flags set (MQTT 3.1.1)',
      '5.0 [MQTT-2.1.3-1], 3.1.1 [MQTT-2.2.2-1] [MQTT-2.2.2-2]: PUBREC with reserved flags set (MQTT 5.0)',
      '5.0 [MQTT-2.1.3-1], 3.1.1 [MQTT-2.2.2-1] [MQTT-2.2.2-2]: PUBCOMP with reserved flags set (MQTT 3.1.1)',
      '5.0 [MQTT-2.1.3-1], 3.1.1 [MQTT-2.2.2-1] [MQTT-2.2.2-2]: PUBCOMP with reserved flags set (MQTT 5.0)',
      '5.0 [MQTT-2.1.3-1], 3.1.1 [MQTT-2.2.2-1] [MQTT-2.2.2-2]: PINGREQ with reserved flags set (MQTT 3.1.1)',
      '5.0 [MQTT-2.1.3-1], 3.1.1 [MQTT-2.2.2-1] [MQTT-2.2.2-2]: PINGREQ with reserved flags set (MQTT 5.0)',
      'PINGREQ with a payload (MQTT 3.1.1)',
      'PINGREQ with a payload (MQTT 5.0)',
    ],
  ],
  [
    'does not look at reason codes',
    [
      'PUBACK with a reason code that does not exist',
      'PUBREC with a reason code that does not exist',
      'PUBREL with a reason code that does not exist',
      'PUBCOMP with a reason code that does not exist',
      '5.0 [MQTT-3.14.1-1]: a DISCONNECT with an unknown reason code is an error: the will fires',
    ],
  ],
  [
    'sends nothing more when a PUBREC of 0x80 or more has emptied the window',
    ['5.0 [MQTT-4.4.0-2]: a PUBREC of 0x80 or more ends the QoS 2 exchange: no PUBREL, nothing sent again'],
  ],
  [
    'takes filters below $share that are no shared subscriptions as plain ones',
    [
      '5.0 [MQTT-4.8.2-1] [MQTT-4.8.2-2]: «$share/» is refused by a code or a close (MQTT 3.1.1)',
      '5.0 [MQTT-4.8.2-1] [MQTT-4.8.2-2]: «$share/» is refused by a code or a close (MQTT 5.0)',
      '5.0 [MQTT-4.8.2-1] [MQTT-4.8.2-2]: «$share//f» is refused by a code or a close (MQTT 3.1.1)',
      '5.0 [MQTT-4.8.2-1] [MQTT-4.8.2-2]: «$share//f» is refused by a code or a close (MQTT 5.0)',
      '5.0 [MQTT-4.8.2-1] [MQTT-4.8.2-2]: «$share/g» is refused by a code or a close (MQTT 3.1.1)',
      '5.0 [MQTT-4.8.2-1] [MQTT-4.8.2-2]: «$share/g» is refused by a code or a close (MQTT 5.0)',
      '5.0 [MQTT-4.8.2-1] [MQTT-4.8.2-2]: «$share/g/» is refused by a code or a close (MQTT 3.1.1)',
      '5.0 [MQTT-4.8.2-1] [MQTT-4.8.2-2]: «$share/g/» is refused by a code or a close (MQTT 5.0)',
      '5.0 [MQTT-4.8.2-1] [MQTT-4.8.2-2]: «$share/+/f» is refused by a code or a close (MQTT 3.1.1)',
      '5.0 [MQTT-4.8.2-1] [MQTT-4.8.2-2]: «$share/+/f» is refused by a code or a close (MQTT 5.0)',
      '5.0 [MQTT-4.8.2-1] [MQTT-4.8.2-2]: «$share/#» is refused by a code or a close (MQTT 3.1.1)',
      '5.0 [MQTT-4.8.2-1] [MQTT-4.8.2-2]: «$share/#» is refused by a code or a close (MQTT 5.0)',
    ],
  ],
  [
    'does not give the open messages of a member that has gone to another',
    ['QoS 1 messages that a member did not acknowledge go to another when its session ends'],
  ],
  [
    'leaves the connection open after a WebSocket text frame',
    ['5.0 [MQTT-6.0.0-1], 3.1.1 [MQTT-6.0.0-1]: a text frame ends the connection'],
  ],
  [
    'accepts a WebSocket without the sub-protocol',
    ['5.0 [MQTT-6.0.0-3], 3.1.1 [MQTT-6.0.0-3]: without the sub-protocol there is no MQTT'],
  ],
  [
    'keeps a delayed will back when the session ends first, and a will at any code but 0x04',
    [
      'a will delay without a session expiry is no delay',
      'a clean start before the delay has passed ends the old session: its will is sent',
      'DISCONNECT 0x04 with an expiry of 0 sends the will at once',
      '5.0 [MQTT-3.1.2-8]: DISCONNECT 0x04 asks for the will, and so does any other code',
    ],
  ],
  [
    'ignores packets that only a server may send',
    [
      '5.0 [MQTT-4.13.1-1] [MQTT-3.14.2-1], 3.1.1 [MQTT-4.8.0-1]: SUBACK from a client (MQTT 3.1.1)',
      '5.0 [MQTT-4.13.1-1] [MQTT-3.14.2-1], 3.1.1 [MQTT-4.8.0-1]: UNSUBACK from a client (MQTT 3.1.1)',
      '5.0 [MQTT-4.13.1-1] [MQTT-3.14.2-1], 3.1.1 [MQTT-4.8.0-1]: PINGRESP from a client (MQTT 3.1.1)',
      '5.0 [MQTT-4.13.1-1] [MQTT-3.14.2-1], 3.1.1 [MQTT-4.8.0-1]: PINGRESP from a client (MQTT 5.0)',
    ],
  ],
  [
    'ignores authentication data without a method',
    ['5.0 [MQTT-3.1.4-1] [MQTT-3.14.0-1]: a CONNECT with authentication data without a method is refused'],
  ],
  [
    'does not check the payload format',
    [
      'a PUBLISH with payload format 2 ends the connection',
      'a payload that is not UTF-8 with payload format 1 is refused with 0x99',
      '5.0 [MQTT-4.3.3-9]: after a PUBREC of 0x80 or more the packet id is free for a new message',
    ],
  ],
  [
    'takes a response topic that is no topic name',
    [
      '5.0 [MQTT-3.3.2-14]: the response topic «a/#» is refused',
      '5.0 [MQTT-3.3.2-14]: the response topic «+» is refused',
      '5.0 [MQTT-3.3.2-14]: the response topic «» is refused',
    ],
  ],
  [
    'lets more messages be under way than the receive maximum, in both directions',
    [
      '5.0 [MQTT-3.3.4-9] [MQTT-4.9.0-1] [MQTT-4.9.0-2]: no more than the receive maximum is under way; each acknowledgement lets one in',
      'a receive maximum holds after a reconnect for what comes again',
      '5.0 [MQTT-3.3.4-7]: a client that exceeds the receive maximum of the broker is cut with 0x93',
    ],
  ],
  [
    'takes numbers of more bytes than they need, and bytes behind the properties of a PUBACK',
    [
      '5.0 [MQTT-1.5.5-1]: a remaining length of more bytes than it needs ends the connection',
      '5.0 [MQTT-4.13.1-1]: PUBACK with bytes behind its properties ends the connection',
    ],
  ],
  [
    'does not check the properties and the payload of a will',
    [
      '5.0 [MQTT-3.1.4-1]: a will with payload format 2 is refused',
      '5.0 [MQTT-3.1.4-1]: a will with a response topic with a wildcard is refused',
      'a will whose payload is not UTF-8 although it says so is refused with 0x99',
    ],
  ],
]

/** Cases whose end depends there on the moment. */
const uncertain: readonly (readonly [reason: string, titles: readonly string[]])[] = [
  [
    'writes its state to disk at a clean stop and now and then: what a SIGKILL leaves is a matter of luck',
    [
      'session present 1 after a kill while messages waited: all are delivered, in order',
      'retained messages are there after a kill, deleted ones are not',
      '5.0 [MQTT-4.4.0-1]: messages under way at a kill come again, with their packet ids and DUP',
      '5.0 [MQTT-4.3.3-10]: a QoS 2 message whose PUBREC was sent before a kill is delivered once',
      '5.0 [MQTT-4.3.3-6]: a delivery of QoS 2 after its PUBREC goes on with PUBREL after a kill',
      'a will fires once when the broker is killed under its client',
      'a delayed will survives a kill',
      'members of a group are there after a kill, and what waited for the group arrives',
      '3.1.1 [MQTT-3.1.2-4]: a session of 3.1.1 is there after a kill',
    ],
  ],
]

const byTitle = (groups: typeof failing): ReadonlyMap<string, string> =>
  new Map(groups.flatMap(([reason, titles]) => titles.map((title) => [title, reason] as const)))

/** Reason by title of the cases that must fail. */
export const mosquittoDifferences = byTitle(failing)

/** Reason by title of the cases that are skipped. */
export const mosquittoUncertain = byTitle(uncertain)
