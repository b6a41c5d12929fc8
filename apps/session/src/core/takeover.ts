// Take-over: a client id connects while it is still connected. The old connection is closed first; the new one waits until it is.
import { REASON } from '#libs/mqtt'
import { addressKey, type Address, type SessionRow } from '#libs/topics'
import { endConnection, type Ending } from './expiry.js'
import { beginOrResume, type Newcomer } from './session.js'
import { hasEnded, sameAddress } from './sessions.state.js'
import {
  close,
  note,
  refuse,
  remember,
  storeRow,
  tellDisplaced,
  tellDisplacedIsOver,
  type Turn,
} from './turn.js'

/** For DISCONNECT and CONNACK. */
const takenOver = { code: REASON.sessionTakenOver, sentence: 'The client has connected again.' }

/** What is known of a connection of which nobody can tell any more. */
const vanished = { reasonCode: REASON.unspecifiedError, expirySeconds: undefined, publishWill: true } as const

/** A newcomer for a session that has a living connection. [MQTT-3.1.4-2] [MQTT-3.1.4-3] */
export function takeOver(turn: Turn, row: SessionRow, newcomer: Newcomer): void {
  const { address, waiting } = row
  if (address === undefined) return
  const isGone = hasEnded(turn.state, address) || isOlderLife(address, newcomer.opening.address)
  const newest = waiting?.opening.connectOffset ?? row.connectOffset
  // auth answers in no order: a CONNECT that came before the living connection's must not win. Offsets of two lives do not compare.
  if (!isGone && newcomer.opening.connectOffset < newest) {
    return supersede(turn, newcomer.opening.address)
  }
  if (waiting !== undefined) supersede(turn, waiting.opening.address)
  // The first CONNECT of several sets the time: a storm of them must not put it off for ever.
  const untilMillis = waiting?.untilMillis ?? turn.now + turn.settings.takeoverMillisMax
  const contested: SessionRow = { ...row, waiting: { ...newcomer, untilMillis } }
  if (isGone) return connectionOver(turn, contested, { ...vanished, cause: 'gatewayEnded' })
  storeRow(turn, contested)
  if (waiting !== undefined) return
  close(turn, address, takenOver)
  note(turn, row, {
    event: 'takenOver',
    code: takenOver.code,
    detail: `by ${newcomer.opening.address.gateway}`,
  })
}

/** Another connection has taken this one's place before it had it. */
function supersede(turn: Turn, address: Address): void {
  refuse(turn, address, takenOver)
  if (turn.settings.distributed) remember(turn, address)
}

/** True when the gateway of the old connection has been started again, as the newcomer shows. */
const isOlderLife = (old: Address, newcomer: Address): boolean =>
  old.gateway === newcomer.gateway && old.incarnation < newcomer.incarnation

/** ConnectionClosed and Gone: a gateway says that a connection is no more. `birth`: of the session it had; 0 if it never had one. */
export function connectionClosed(
  turn: Turn,
  connection: { readonly clientId: string; readonly address: Address; readonly birth: number },
  ending: Ending,
): void {
  const { clientId, address, birth } = connection
  const row = turn.state.rows.get(clientId)
  if (row !== undefined && sameAddress(row.address, address)) return connectionOver(turn, row, ending)
  if (row?.waiting !== undefined && sameAddress(row.waiting.opening.address, address)) {
    return storeRow(turn, { ...row, waiting: undefined })
  }
  if (turn.state.displaced.has(addressKey(address))) tellDisplacedIsOver(turn, clientId, address)
  if (birth === 0) return remember(turn, address)
  // The session was ended without waiting for its gateway. What that still sent for it lies before this record, and goes with it.
  if (row?.birth !== birth) turn.ended.push({ clientId, birth })
}

/** A receiver held no connection for what was sent to it: whoever is still connected there is a ghost. */
export function connectionGone(
  turn: Turn,
  connection: { readonly clientId: string; readonly address: Address; readonly birth: number },
): void {
  connectionClosed(turn, connection, { ...vanished, cause: 'broken' })
}

/** The living connection of this row is over: whoever waits comes in, or the client is away. */
function connectionOver(turn: Turn, row: SessionRow, ending: Ending): void {
  if (turn.settings.distributed && row.address !== undefined) remember(turn, row.address)
  const left = endConnection(turn, row, ending)
  const { waiting } = row
  if (waiting !== undefined && !hasEnded(turn.state, waiting.opening.address)) {
    return beginOrResume(turn, left, waiting)
  }
  if (left !== undefined) storeRow(turn, left)
}

/** The old connection has had its time to close. Its gateway may be dead, and what it sent still be on its way. */
export function forceTakeOver(turn: Turn, row: SessionRow): void {
  const { address } = row
  if (turn.settings.distributed && address !== undefined) tellDisplaced(turn, row, address)
  connectionOver(turn, row, { ...vanished, cause: 'takenOver', reasonCode: takenOver.code })
}

/** The gateway of this row's connection is no more. */
export function gatewayGone(turn: Turn, row: SessionRow): void {
  connectionOver(turn, row, { ...vanished, cause: 'gatewayEnded' })
}
