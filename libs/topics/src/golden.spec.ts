// Every kind of record, as bytes that were once written. A record that is written differently now would be misread from an old log:
// add lines for new kinds and versions, never edit one.
import { ByteReader, ByteWriter, fromHex, toHex } from '#libs/base'
import { describe, expect, it } from 'vitest'
import type { Field } from './field.js'
import { golden } from './golden/records.js'
import { deliveryRecord } from './records/delivery.js'
import { historyRecord, leaseRecord } from './records/lease.js'
import { sessionRecord, sessionRow } from './records/session.js'
import { groupRow, retainedRow, subscriptionRecord, subscriptionRow } from './records/subscription.js'

const fields: Readonly<Record<string, Field<object>>> = {
  deliveryRecord,
  historyRecord,
  leaseRecord,
  sessionRecord,
  sessionRow,
  groupRow,
  retainedRow,
  subscriptionRecord,
  subscriptionRow,
}

describe('old records stay readable', () => {
  it.each(golden)('$type $value.kind', ({ type, value, hex }) => {
    const field = fields[type]
    if (field === undefined) throw new Error(`no such record: ${type}`)
    const writer = new ByteWriter()
    field.write(writer, value)
    expect(toHex(writer.view())).toBe(hex)
    const reader = new ByteReader(fromHex(hex))
    expect(JSON.stringify(field.read(reader))).toBe(JSON.stringify(value))
    expect(reader.remaining).toBe(0)
  })
})
