// How session's facts are written down in tbmq.client.session.
//
//   key: 1 · client id        value: sessionRow, a tombstone at the session's end
//   key: 2 · address          value: until when (milliseconds); a tombstone when it is forgotten
//   key: 3 · gateway name     value: the highest incarnation that has ended, and when that counts
//   key: 4 · address          value: the session that was taken from it; a tombstone when all it sent for that is swept
import type { ByteReader, ByteWriter } from '#libs/base'
import { unreachable } from '#libs/base'
import type { FactCodec } from '#libs/service'
import { address, sessionIdentity, sessionRow, struct, text, UnknownRecord, whole } from '#libs/topics'
import type { SessionFact } from './sessions.state.js'

const rowKey = 1
const connectionKey = 2
const gatewayKey = 3
const displacedKey = 4

const gatewayEnd = struct({ incarnation: whole, sweepMillis: whole })

export const sessionFacts: FactCodec<SessionFact> = { topicOf: () => 0, writeKey, writeValue, read }

function writeKey(writer: ByteWriter, fact: SessionFact): void {
  switch (fact.kind) {
    case 'SessionStored':
      writer.u8(rowKey)
      return writer.text(fact.row.clientId)
    case 'SessionEnded':
      writer.u8(rowKey)
      return writer.text(fact.clientId)
    case 'ConnectionRemembered':
    case 'ConnectionForgotten':
      writer.u8(connectionKey)
      return address.write(writer, fact.address)
    case 'SessionDisplaced':
    case 'DisplacedSwept':
      writer.u8(displacedKey)
      return address.write(writer, fact.address)
    case 'GatewayEnded':
      writer.u8(gatewayKey)
      return writer.text(fact.gateway)
    default:
      return unreachable(fact)
  }
}

function writeValue(writer: ByteWriter, fact: SessionFact): boolean {
  switch (fact.kind) {
    case 'SessionStored':
      sessionRow.write(writer, fact.row)
      return true
    case 'ConnectionRemembered':
      whole.write(writer, fact.untilMillis)
      return true
    case 'SessionDisplaced':
      sessionIdentity.write(writer, fact.session)
      return true
    case 'GatewayEnded':
      gatewayEnd.write(writer, fact.end)
      return true
    case 'SessionEnded':
    case 'ConnectionForgotten':
    case 'DisplacedSwept':
      return false
    default:
      return unreachable(fact)
  }
}

function read(_topic: 0 | 1, key: ByteReader, value: ByteReader | undefined): SessionFact | undefined {
  switch (key.u8()) {
    case rowKey:
      return value === undefined
        ? { kind: 'SessionEnded', clientId: text.read(key) }
        : { kind: 'SessionStored', row: sessionRow.read(value) }
    case connectionKey:
      return value === undefined
        ? { kind: 'ConnectionForgotten', address: address.read(key) }
        : { kind: 'ConnectionRemembered', address: address.read(key), untilMillis: whole.read(value) }
    case gatewayKey:
      return value === undefined
        ? undefined
        : { kind: 'GatewayEnded', gateway: text.read(key), end: gatewayEnd.read(value) }
    case displacedKey:
      return value === undefined
        ? { kind: 'DisplacedSwept', address: address.read(key) }
        : { kind: 'SessionDisplaced', address: address.read(key), session: sessionIdentity.read(value) }
    default:
      throw new UnknownRecord('a fact of session that this version does not know')
  }
}
