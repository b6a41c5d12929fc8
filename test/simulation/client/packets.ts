// The packets of a client that have many fields.
import { utf8Encode } from '#libs/base'
import { parseFilter } from '#libs/mqtt'
import type { ClientPacket, QoS } from '#libs/mqtt'
import { payloadOf, type ConnectionView } from '../ledger/ledger.js'
import type { PeerOptions } from './peer.js'

export interface WishedWill {
  readonly topic: string
  readonly qos: QoS
  /** 5.0; 0: none. */
  readonly delaySeconds: number
}

export function connectPacket(
  { version, clientId, expirySeconds, receiveMaximum }: PeerOptions,
  { cleanStart, will, willDelaySeconds }: ConnectionView,
): ClientPacket {
  return {
    kind: 'connect',
    version,
    cleanStart,
    keepAlive: 0,
    clientId,
    userName: undefined,
    password: undefined,
    will: will && {
      topic: will.topic,
      payload: utf8Encode(payloadOf(will)),
      qos: will.qos,
      retain: false,
      properties: version === 5 && willDelaySeconds > 0 ? { willDelayInterval: willDelaySeconds } : {},
    },
    properties:
      version === 5
        ? {
            ...(expirySeconds > 0 ? { sessionExpiryInterval: expirySeconds } : {}),
            ...(receiveMaximum > 0 ? { receiveMaximum } : {}),
          }
        : {},
  }
}

export function subscribePacket(
  packetId: number,
  filters: readonly string[],
  qos: QoS,
  noLocal: boolean,
): ClientPacket {
  const subscriptions = filters.map((text) => {
    const filter = parseFilter(text)
    // [MQTT-3.8.3-4]
    const isShared = filter.shareName !== undefined
    return {
      filter,
      qos,
      noLocal: noLocal && !isShared,
      retainAsPublished: false,
      retainHandling: 0 as const,
    }
  })
  return { kind: 'subscribe', packetId, subscriptions, properties: {} }
}
