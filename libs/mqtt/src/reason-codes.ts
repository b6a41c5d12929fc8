// All reason codes of MQTT 5.0, the packets they may stand in, and what 3.1 and 3.1.1 say instead in CONNACK.
import type { Sender } from './protocol.js'

/** MQTT 5.0, table 2-6. A code has one name here, whatever a packet calls it (0 is also "Granted QoS 0" and "Normal disconnection"). */
export const REASON = {
  success: 0x00,
  grantedQos1: 0x01,
  grantedQos2: 0x02,
  disconnectWithWill: 0x04,
  noMatchingSubscribers: 0x10,
  noSubscriptionExisted: 0x11,
  continueAuthentication: 0x18,
  reAuthenticate: 0x19,
  unspecifiedError: 0x80,
  malformedPacket: 0x81,
  protocolError: 0x82,
  implementationSpecificError: 0x83,
  unsupportedProtocolVersion: 0x84,
  clientIdentifierNotValid: 0x85,
  badUserNameOrPassword: 0x86,
  notAuthorized: 0x87,
  serverUnavailable: 0x88,
  serverBusy: 0x89,
  banned: 0x8a,
  serverShuttingDown: 0x8b,
  badAuthenticationMethod: 0x8c,
  keepAliveTimeout: 0x8d,
  sessionTakenOver: 0x8e,
  topicFilterInvalid: 0x8f,
  topicNameInvalid: 0x90,
  packetIdentifierInUse: 0x91,
  packetIdentifierNotFound: 0x92,
  receiveMaximumExceeded: 0x93,
  topicAliasInvalid: 0x94,
  packetTooLarge: 0x95,
  messageRateTooHigh: 0x96,
  quotaExceeded: 0x97,
  administrativeAction: 0x98,
  payloadFormatInvalid: 0x99,
  retainNotSupported: 0x9a,
  qosNotSupported: 0x9b,
  useAnotherServer: 0x9c,
  serverMoved: 0x9d,
  sharedSubscriptionsNotSupported: 0x9e,
  connectionRateExceeded: 0x9f,
  maximumConnectTime: 0xa0,
  subscriptionIdentifiersNotSupported: 0xa1,
  wildcardSubscriptionsNotSupported: 0xa2,
} as const

export type ReasonName = keyof typeof REASON

/** The packets that carry a reason code. */
export type CodedPacket =
  'connack' | 'puback' | 'pubrec' | 'pubrel' | 'pubcomp' | 'suback' | 'unsuback' | 'disconnect' | 'auth'

interface ReasonRow {
  readonly title: string
  readonly in: readonly CodedPacket[]
  /** Set when only one side may send it in the packets named. */
  readonly sentOnlyBy?: Readonly<Partial<Record<CodedPacket, Sender>>>
  /** The return code of a 3.x CONNACK that comes nearest. */
  readonly returnCode?: number
}

const acks = ['puback', 'pubrec'] as const
const releases = ['pubrel', 'pubcomp'] as const
const byServer = { disconnect: 'server' } as const

const ROWS = {
  success: {
    title: 'Success',
    in: ['connack', ...acks, ...releases, 'suback', 'unsuback', 'disconnect', 'auth'],
    sentOnlyBy: { auth: 'server' },
    returnCode: 0,
  },
  grantedQos1: { title: 'Granted QoS 1', in: ['suback'] },
  grantedQos2: { title: 'Granted QoS 2', in: ['suback'] },
  disconnectWithWill: {
    title: 'Disconnect with Will Message',
    in: ['disconnect'],
    sentOnlyBy: { disconnect: 'client' },
  },
  noMatchingSubscribers: {
    title: 'No matching subscribers',
    in: acks,
    sentOnlyBy: { puback: 'server', pubrec: 'server' },
  },
  noSubscriptionExisted: { title: 'No subscription existed', in: ['unsuback'] },
  continueAuthentication: { title: 'Continue authentication', in: ['auth'] },
  reAuthenticate: { title: 'Re-authenticate', in: ['auth'], sentOnlyBy: { auth: 'client' } },
  unspecifiedError: {
    title: 'Unspecified error',
    in: ['connack', ...acks, 'suback', 'unsuback', 'disconnect'],
    returnCode: 3,
  },
  malformedPacket: { title: 'Malformed Packet', in: ['connack', 'disconnect'] },
  protocolError: { title: 'Protocol Error', in: ['connack', 'disconnect'] },
  implementationSpecificError: {
    title: 'Implementation specific error',
    in: ['connack', ...acks, 'suback', 'unsuback', 'disconnect'],
    returnCode: 3,
  },
  unsupportedProtocolVersion: { title: 'Unsupported Protocol Version', in: ['connack'], returnCode: 1 },
  clientIdentifierNotValid: { title: 'Client Identifier not valid', in: ['connack'], returnCode: 2 },
  badUserNameOrPassword: { title: 'Bad User Name or Password', in: ['connack'], returnCode: 4 },
  notAuthorized: {
    title: 'Not authorized',
    in: ['connack', ...acks, 'suback', 'unsuback', 'disconnect'],
    sentOnlyBy: byServer,
    returnCode: 5,
  },
  serverUnavailable: { title: 'Server unavailable', in: ['connack'], returnCode: 3 },
  serverBusy: { title: 'Server busy', in: ['connack', 'disconnect'], sentOnlyBy: byServer, returnCode: 3 },
  banned: { title: 'Banned', in: ['connack'], returnCode: 5 },
  serverShuttingDown: { title: 'Server shutting down', in: ['disconnect'], sentOnlyBy: byServer },
  badAuthenticationMethod: {
    title: 'Bad authentication method',
    in: ['connack', 'disconnect'],
    sentOnlyBy: byServer,
    returnCode: 5,
  },
  keepAliveTimeout: { title: 'Keep Alive timeout', in: ['disconnect'], sentOnlyBy: byServer },
  sessionTakenOver: { title: 'Session taken over', in: ['disconnect'], sentOnlyBy: byServer },
  topicFilterInvalid: {
    title: 'Topic Filter invalid',
    in: ['suback', 'unsuback', 'disconnect'],
    sentOnlyBy: byServer,
  },
  topicNameInvalid: { title: 'Topic Name invalid', in: ['connack', ...acks, 'disconnect'] },
  packetIdentifierInUse: { title: 'Packet Identifier in use', in: [...acks, 'suback', 'unsuback'] },
  packetIdentifierNotFound: { title: 'Packet Identifier not found', in: releases },
  receiveMaximumExceeded: { title: 'Receive Maximum exceeded', in: ['disconnect'] },
  topicAliasInvalid: { title: 'Topic Alias invalid', in: ['disconnect'] },
  packetTooLarge: { title: 'Packet too large', in: ['connack', 'disconnect'] },
  messageRateTooHigh: { title: 'Message rate too high', in: ['disconnect'] },
  quotaExceeded: { title: 'Quota exceeded', in: ['connack', ...acks, 'suback', 'disconnect'], returnCode: 3 },
  administrativeAction: { title: 'Administrative action', in: ['disconnect'] },
  payloadFormatInvalid: { title: 'Payload format invalid', in: ['connack', ...acks, 'disconnect'] },
  retainNotSupported: { title: 'Retain not supported', in: ['connack', 'disconnect'], sentOnlyBy: byServer },
  qosNotSupported: { title: 'QoS not supported', in: ['connack', 'disconnect'], sentOnlyBy: byServer },
  useAnotherServer: {
    title: 'Use another server',
    in: ['connack', 'disconnect'],
    sentOnlyBy: byServer,
    returnCode: 3,
  },
  serverMoved: { title: 'Server moved', in: ['connack', 'disconnect'], sentOnlyBy: byServer, returnCode: 3 },
  sharedSubscriptionsNotSupported: {
    title: 'Shared Subscriptions not supported',
    in: ['suback', 'disconnect'],
    sentOnlyBy: byServer,
  },
  connectionRateExceeded: {
    title: 'Connection rate exceeded',
    in: ['connack', 'disconnect'],
    sentOnlyBy: byServer,
    returnCode: 3,
  },
  maximumConnectTime: { title: 'Maximum connect time', in: ['disconnect'], sentOnlyBy: byServer },
  subscriptionIdentifiersNotSupported: {
    title: 'Subscription Identifiers not supported',
    in: ['suback', 'disconnect'],
    sentOnlyBy: byServer,
  },
  wildcardSubscriptionsNotSupported: {
    title: 'Wildcard Subscriptions not supported',
    in: ['suback', 'disconnect'],
    sentOnlyBy: byServer,
  },
} as const satisfies Readonly<Record<ReasonName, ReasonRow>>

const byCode = new Map<number, ReasonRow>()
for (const [name, row] of Object.entries<ReasonRow>(ROWS)) {
  if (isReasonName(name)) byCode.set(REASON[name], row)
}

/** What people call the code, e.g. `Not authorized`; for codes that MQTT does not know, the number. */
export function reasonTitle(code: number): string {
  return byCode.get(code)?.title ?? `0x${code.toString(16).padStart(2, '0')}`
}

/** True when MQTT 5.0 lets this side send the code in that packet. */
export function isReasonAllowed(code: number, packet: CodedPacket, sender: Sender): boolean {
  const row = byCode.get(code)
  if (row === undefined || !row.in.includes(packet)) return false
  const only = row.sentOnlyBy?.[packet]
  return only === undefined || only === sender
}

/** The return code of a 3.1 or 3.1.1 CONNACK, or undefined where those versions just close the connection. */
export function connackReturnCode(code: number): number | undefined {
  return byCode.get(code)?.returnCode
}

const FROM_RETURN_CODE = [
  REASON.success,
  REASON.unsupportedProtocolVersion,
  REASON.clientIdentifierNotValid,
  REASON.serverUnavailable,
  REASON.badUserNameOrPassword,
  REASON.notAuthorized,
] as const

/** The reason code that a 3.x CONNACK's return code stands for, or undefined for a reserved one. */
export function reasonOfReturnCode(returnCode: number): number | undefined {
  return FROM_RETURN_CODE[returnCode]
}

function isReasonName(name: string): name is ReasonName {
  return name in REASON
}
