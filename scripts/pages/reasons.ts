// docs/reference/reasons.md: the words by which logs, history, metrics and clients are told why something ended or was refused.

import { REASON, reasonTitle, type ReasonName } from '#libs/mqtt'
import { catalogue, closeCauses, historyEvents } from '#libs/topics'
import { GENERATED, table } from './page.js'
import type { Page } from './page.js'

/** When this broker says a code, or what it makes of it. The others of MQTT 5.0 it neither says nor needs. */
const meanings = {
  success: 'All is well; in DISCONNECT: the client leaves and its will is forgotten.',
  disconnectWithWill: 'The client leaves and wants its will published.',
  noSubscriptionExisted: 'UNSUBSCRIBE from what was not subscribed.',
  unspecifiedError:
    'No CONNECT came within TBMQ_CONNECT_TIMEOUT, or the broker made a mistake, which the log tells.',
  malformedPacket: 'The bytes are no packet of MQTT.',
  protocolError: 'The packet says what is not allowed there.',
  implementationSpecificError:
    'The broker has missed something that its own services sent, and ends all connections.',
  unsupportedProtocolVersion: 'Neither 3.1, 3.1.1 nor 5.0.',
  clientIdentifierNotValid:
    'An empty client id that must not be empty, or one longer than TBMQ_CLIENT_ID_MAX.',
  badUserNameOrPassword: 'Unknown user or wrong password; which of the two is not told.',
  notAuthorized:
    'The anonymous rule (TBMQ_ANONYMOUS) or the filters of the user forbid it, or the client publishes to $SYS.',
  serverUnavailable: 'The broker stops, cannot store anything, or did not answer in time.',
  serverShuttingDown: 'The broker stops. Sessions and messages are kept.',
  badAuthenticationMethod: 'There is no method of enhanced authentication yet.',
  keepAliveTimeout: 'Nothing was heard for one and a half times the keep alive.',
  sessionTakenOver: 'The same client id has connected again. Again and again: two clients have the same id.',
  topicFilterInvalid: 'No topic filter, or more levels than TBMQ_TOPIC_LEVELS_MAX.',
  topicNameInvalid: 'No topic name, or more levels than TBMQ_TOPIC_LEVELS_MAX.',
  packetIdentifierNotFound:
    'PUBREL or PUBREC for a message that is not under way; harmless after a lost connection.',
  receiveMaximumExceeded: 'More QoS 1 and 2 messages under way to the broker than TBMQ_RECEIVE_MAXIMUM.',
  topicAliasInvalid: 'A topic alias of 0, or above TBMQ_TOPIC_ALIAS_MAXIMUM.',
  packetTooLarge:
    'Larger than TBMQ_PACKET_MAX (TBMQ_PACKET_MAX_BEFORE_LOGIN before CONNACK), or than the client takes.',
  quotaExceeded:
    'The log cannot store now, or a limit is reached: subscriptions, filters or properties of a packet, memory of a connection, a client that reads nothing.',
  payloadFormatInvalid: 'The payload is said to be UTF-8 and is not.',
  retainNotSupported: 'Retained messages are off (TBMQ_RETAINED_MAX=0).',
  messageRateTooHigh: 'The client publishes more often than TBMQ_PUBLISH_RATE_MAX.',
  connectionRateExceeded:
    'Too many passwords wait to be checked, or the address connects more often than TBMQ_CONNECT_RATE_MAX; try again later.',
} as const satisfies Partial<Record<ReasonName, string>>

const hex = (code: number): string => `\`0x${code.toString(16).padStart(2, '0')}\``

export const reasonsPage: Page = {
  path: 'docs/reference/reasons.md',
  render() {
    const said: Partial<Record<string, string>> = meanings
    const reasons = Object.entries(REASON).flatMap(([name, code]) => {
      const meaning = said[name]
      return meaning === undefined ? [] : [[hex(code), reasonTitle(code), meaning]]
    })
    const named = (meanings: Readonly<Record<string, string>>): string[][] =>
      Object.entries(meanings).map(([name, meaning]) => [`\`${name}\``, meaning])
    return `${GENERATED}# Reasons

Why something ended or was refused: in the lines \`disconnected\` and \`not connected\` of the log (\`cause\`, \`reasonCode\` in decimal, \`reason\` in
words), in the history of clients (\`${catalogue.history.name}\`), in \`tbmq_connections_rejected_total\`, and at clients of MQTT 5.0.

## How a connection ended

${table(['Cause', 'Meaning'], named(closeCauses))}

## What a client's history tells

${table(['Event', 'Meaning'], named(historyEvents))}

## Reason codes

3.x knows only a few of them in CONNACK, 0x80 in SUBACK, and otherwise the end of the connection.

${table(['Code', 'Name', 'When'], reasons)}
`
  },
}
