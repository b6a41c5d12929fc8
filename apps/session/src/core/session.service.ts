// The session service: which client is where. One living connection per client id, take-over, session expiry and wills.
import { ByteReader, unreachable, type Millis } from '#libs/base'
import { RecordCursor, type Batch } from '#libs/batch'
import type { Outcome, Placement, Service } from '#libs/service'
import { catalogue, leaseRecord, sessionRecord, type SessionRecord } from '#libs/topics'
import { fireDeadlines, forgetConnections, nextWake } from './due.js'
import { gatewayEnded, sweepDisplaced, sweepEndedGateways } from './gateway-end.js'
import { openSession } from './open-session.js'
import { sessionFacts } from './session-facts.js'
import { applySessionFact, emptySessions, type SessionFact, type SessionsState } from './sessions.state.js'
import { connectionClosed, connectionGone } from './takeover.js'
import { tellEnded, type SessionCounters, type SessionSettings, type Turn } from './turn.js'

const defaultSessionSettings: SessionSettings = {
  sessionExpirySecondsMax: 7 * 24 * 60 * 60,
  takeoverMillisMax: 500,
  openAgeMillisMax: 30_000,
  rememberMillis: 60_000,
  distributed: false,
}

/** Rows that one tick deals with at most; the rest follows in the next, so that a dead gateway's clients make no giant commit. */
const rowsPerTickMax = 1_000

/** The session service with these settings (see SessionSettings; what is not given is the default). */
export function sessionService(
  given: Partial<SessionSettings> = {},
  counters: SessionCounters = { expired: 0 },
): Service<SessionsState, SessionFact> {
  const settings: SessionSettings = { ...defaultSessionSettings, ...given }
  const cursor = new RecordCursor()
  const reader = new ByteReader(cursor.bytes)

  function decide(state: SessionsState, batch: Batch, now: Millis, outcome: Outcome<SessionFact>): void {
    const turn: Turn = { state, settings, outcome, counters, now, ended: [] }
    const isLease = batch.topic === catalogue.gatewayLease.name
    cursor.open(batch.bytes)
    while (cursor.next()) {
      if (cursor.valueFrom < 0) continue
      reader.reset(cursor.bytes, cursor.valueFrom, cursor.valueTo)
      if (isLease) gatewayEnded(turn, leaseRecord.read(reader))
      else onRecord(turn, sessionRecord.read(reader), birthAt(state.placement, cursor.offset))
    }
    tellEnded(turn)
  }

  function tick(state: SessionsState, now: Millis, outcome: Outcome<SessionFact>): Millis | undefined {
    const turn: Turn = { state, settings, outcome, counters, now, ended: [] }
    sweepEndedGateways(turn, fireDeadlines(turn, rowsPerTickMax))
    sweepDisplaced(turn)
    forgetConnections(turn)
    tellEnded(turn)
    return nextWake(state)
  }

  return {
    name: 'session',
    states: [catalogue.sessions],
    inputs: [catalogue.sessionInbox, catalogue.gatewayLease],
    facts: sessionFacts,
    empty: emptySessions,
    apply: applySessionFact,
    decide,
    tick,
    nextWake,
  }
}

/**
 * The birth of a session whose OpenSession stands at this offset: never 0, which means none; rising in a partition, and different
 * in all of them, because receivers know sessions by their birth alone.
 */
const birthAt = ({ partition, clientPartitions }: Placement, offset: number): number =>
  (offset + 1) * clientPartitions + partition

function onRecord(turn: Turn, record: SessionRecord, birth: number): void {
  switch (record.kind) {
    case 'OpenSession':
      return openSession(turn, record, birth)
    case 'ConnectionClosed':
      return connectionClosed(turn, record, record)
    case 'Gone':
      return connectionGone(turn, record)
    default:
      return unreachable(record)
  }
}
