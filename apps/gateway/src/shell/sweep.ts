// The sweep over all connections, once a second: who has been silent, slow or half open for too long is ended. A few thousand are looked
// at in a turn of the event loop, so that a hundred thousand of them do not keep the others waiting.
import type { Gateway } from '../core/gateway.js'
import type { Wire } from './wire.js'

/** Looking at so many takes about a millisecond. */
const wiresPerTurn = 2_000
/** A socket that the peer does not close after we have ended it is cut. */
const lingerMillisMax = 5_000
/** How long auth and session may take with a CONNECT. */
const answerMillisMax = 30_000

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
      look(this.#gateway, next.value)
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

function look(gateway: Gateway, wire: Wire): void {
  const { connection } = wire
  if (connection === null) return
  const { now, settings, counters } = gateway
  if (wire.stuckMillis(now) > settings.slowReaderMillisMax) {
    counters.slowReaders++
    connection.end('server', 0x97, 'The client takes nothing from its socket.')
    wire.destroy()
  } else if (connection.state === 'connected') {
    connection.rest()
    const { silenceMillisMax, lastHeard } = connection
    // A client that we do not read cannot be blamed for its silence.
    if ((connection.stalled || wire.isPaused) && !wire.isFinished) connection.lastHeard = now
    else if (silenceMillisMax !== 0 && now - lastHeard > silenceMillisMax) {
      counters.keepAliveTimeouts++
      // [MQTT-3.1.2-22]
      connection.end('keepAlive', 0x8d, 'Nothing was heard for one and a half times the keep alive.')
    }
  } else if (connection.state === 'connecting') {
    if (now - connection.opened > settings.connectMillisMax)
      connection.end('protocol', 0x80, 'No CONNECT came in time.')
  } else if (connection.state === 'waiting') {
    // Whoever is asked is down or overloaded: nobody is let in without an answer.
    if (now - connection.opened > settings.connectMillisMax + answerMillisMax)
      connection.end('server', 0x88, 'No answer came in time.')
  } else if (wire.closingSince !== 0 && now - wire.closingSince > lingerMillisMax) wire.destroy()
}
