// The sweep over all connections, once a second: who has been silent, slow or half open for too long is ended. A few thousand are passed
// in a turn of the event loop, so that a hundred thousand of them do not keep the others waiting; those at rest are looked at when their
// silence might have lasted too long.
import { REASON } from '#libs/mqtt'
import type { Gateway } from '../core/gateway.js'
import type { Wire } from './wire.js'

/** Looking at so many takes a millisecond or two, passing them much less. */
const wiresPerTurn = 2_000
/** A socket that the peer does not close after we have ended it is cut. */
const lingerMillisMax = 5_000
/** How long auth and session may take with a CONNECT. */
const answerMillisMax = 30_000
/** A connection at rest is looked at this often all the same. */
const restMillisMax = 15_000

export class Sweep {
  readonly #gateway: Gateway
  readonly #wires: ReadonlySet<Wire>
  /** Those not looked at yet; undefined between two sweeps. */
  #left: Iterator<Wire> | undefined
  readonly #goOn = (): void => {
    for (let looks = 0; looks < wiresPerTurn; looks++) {
      const next = this.#left?.next()
      if (next === undefined || next.done === true) {
        this.#left = undefined
        return
      }
      const wire = next.value
      const wait = wire.lookAt - this.#gateway.now
      // Longer than any rest: the clock was set back.
      if (wait > 0 && wait <= restMillisMax) continue
      look(this.#gateway, wire)
      wire.lookAt = nextLook(this.#gateway, wire)
    }
    setImmediate(this.#goOn)
  }

  constructor(gateway: Gateway, wires: ReadonlySet<Wire>) {
    this.#gateway = gateway
    this.#wires = wires
  }

  /** Looks at every wire, unless that is still being done. */
  begin(): void {
    if (this.#left !== undefined) return
    this.#left = this.#wires.values()
    this.#goOn()
  }
}

/** When a look can find something again; 0 for the next sweep. A wire that gets something to watch sets its own back (`Wire`). */
function nextLook({ now }: Gateway, { connection, isBusy }: Wire): number {
  if (connection?.state !== 'connected' || isBusy || connection.stalled || connection.waiting !== null)
    return 0
  const { silenceMillisMax, lastHeard } = connection
  return silenceMillisMax === 0
    ? now + restMillisMax
    : Math.min(lastHeard + silenceMillisMax, now + restMillisMax)
}

function look(gateway: Gateway, wire: Wire): void {
  const { connection } = wire
  if (connection === null) return
  connection.weigh()
  const { now, settings, counters } = gateway
  if (wire.stuckMillis(now) > settings.slowReaderMillisMax) {
    counters.slowReaders++
    connection.end('server', REASON.quotaExceeded, 'The client takes nothing from its socket.')
    wire.destroy()
  } else if (connection.state === 'connected') {
    connection.rest()
    const { silenceMillisMax, lastHeard } = connection
    // A client that we do not read cannot be blamed for its silence.
    if ((connection.stalled || wire.isPaused) && !wire.isFinished) connection.lastHeard = now
    else if (silenceMillisMax !== 0 && now - lastHeard > silenceMillisMax) {
      counters.keepAliveTimeouts++
      // [MQTT-3.1.2-22]
      connection.end(
        'keepAlive',
        REASON.keepAliveTimeout,
        'Nothing was heard for one and a half times the keep alive.',
      )
    }
  } else if (connection.state === 'connecting') {
    if (now - connection.opened > settings.connectMillisMax)
      connection.end('protocol', REASON.unspecifiedError, 'No CONNECT came in time.')
  } else if (connection.state === 'waiting') {
    // Whoever is asked is down or overloaded: nobody is let in without an answer.
    if (now - connection.opened > settings.connectMillisMax + answerMillisMax)
      connection.end('server', REASON.serverUnavailable, 'No answer came in time.')
  } else if (wire.closingSince !== 0 && now - wire.closingSince > lingerMillisMax) wire.destroy()
}
