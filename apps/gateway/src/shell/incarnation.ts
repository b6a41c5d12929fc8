// The lives of a gateway: each start has a number, written to tbmq.gateway.lease; what an older life still holds ends with the next.
import { ByteReader, ByteWriter } from '#libs/base'
import { RecordBatchBuilder, RecordCursor } from '#libs/batch'
import type { EventLog } from '#libs/log'
import { catalogue, leaseRecord } from '#libs/topics'
import type { LeaseRecord } from '#libs/topics'

const target = { topic: catalogue.gatewayLease.name, partition: 0 }

/** The first byte of the record's key; the gateway's name follows. */
const keyKinds = { Renewed: 1, Ended: 2 } as const

/** Ends every older life of this name and begins the next; resolves with its number when both are stored. */
export async function beginIncarnation(log: EventLog, gateway: string): Promise<number> {
  let newest = 0
  let ended = 0
  const cursor = new RecordCursor()
  await log.readState(target, (batch) => {
    cursor.open(batch.bytes)
    while (cursor.next()) {
      if (cursor.valueFrom < 0) continue
      const record = leaseRecord.read(new ByteReader(cursor.bytes, cursor.valueFrom, cursor.valueTo))
      if (record.gateway !== gateway) continue
      newest = Math.max(newest, record.incarnation)
      if (record.kind === 'Ended') ended = Math.max(ended, record.incarnation)
    }
  })
  if (newest > ended) await store(log, { kind: 'Ended', gateway, incarnation: newest })
  await store(log, { kind: 'Renewed', gateway, incarnation: newest + 1 })
  return newest + 1
}

/** This life is over, and everything of it is in the log. */
export async function endIncarnation(log: EventLog, gateway: string, incarnation: number): Promise<void> {
  await store(log, { kind: 'Ended', gateway, incarnation })
}

function store(log: EventLog, record: LeaseRecord): Promise<void> {
  const key = new ByteWriter(64)
  key.u8(keyKinds[record.kind])
  key.text(record.gateway)
  const value = new ByteWriter(64)
  leaseRecord.write(value, record)
  const batch = new RecordBatchBuilder(256)
  batch.add(key.view(), value.view())
  return new Promise((resolve, reject) => {
    log.append(target, batch, (failure) => {
      if (failure === undefined) resolve()
      else reject(new Error(`The gateway's life could not be written: ${failure.sentence}`))
    })
  })
}
