// The states of a connection, the legal moves between them, and what a client may send in each: as tables, so that they can be read.
import { assert } from '#libs/base'
import { PACKET } from '#libs/mqtt'

/**
 * `connecting`: nothing but CONNECT may come. `authenticating`: an exchange of AUTH packets is under way. `waiting`: auth or session
 * has the CONNECT. `connected`: CONNACK is out. `closing`: the last bytes go out. `closed`: the socket is gone.
 */
export type ConnectionState = 'connecting' | 'authenticating' | 'waiting' | 'connected' | 'closing' | 'closed'

const moves = {
  connecting: ['authenticating', 'waiting', 'closing', 'closed'],
  authenticating: ['waiting', 'closing', 'closed'],
  waiting: ['authenticating', 'connected', 'closing', 'closed'],
  connected: ['closing', 'closed'],
  closing: ['closed'],
  closed: [],
} as const satisfies Record<ConnectionState, readonly ConnectionState[]>

/** Gives the next state back; a move that is not in the table is our mistake. */
export function legalMove(from: ConnectionState, to: ConnectionState): ConnectionState {
  const allowed: readonly ConnectionState[] = moves[from]
  assert(allowed.includes(to), `A connection cannot go from ${from} to ${to}.`)
  return to
}

const fromClient: readonly number[] = [
  PACKET.publish,
  PACKET.puback,
  PACKET.pubrec,
  PACKET.pubrel,
  PACKET.pubcomp,
  PACKET.subscribe,
  PACKET.unsubscribe,
  PACKET.pingreq,
  PACKET.disconnect,
  PACKET.auth,
]

const packets = {
  connecting: [PACKET.connect],
  authenticating: [PACKET.auth, PACKET.disconnect],
  waiting: [],
  connected: fromClient,
  closing: [],
  closed: [],
} as const satisfies Record<ConnectionState, readonly number[]>

/** True when a client may send a packet of this type in this state [MQTT-3.1.0-1], [MQTT-3.1.0-2]. */
export function mayArrive(state: ConnectionState, packetType: number): boolean {
  const allowed: readonly number[] = packets[state]
  return allowed.includes(packetType)
}
