// The first thing that a new owner does on a log of several processes, before it reads any input.
import { RecordBatchBuilder } from '#libs/batch'
import type { Append, Claim, LogFailure, TopicPartition } from '#libs/log'
import type { Outbox } from './outbox.js'

/**
 * What the owner before had decided to send goes out again, then a record without a value to everybody whom this service sends to
 * without a fact: from there on the log refuses the owner before. Gives how many outboxes there were; undefined when yet another
 * owner has come.
 */
export async function sendAgain(
  claim: Claim,
  outbox: Outbox,
  targets: Iterable<TopicPartition>,
): Promise<number | undefined> {
  const send = (sends: readonly Append[]): Promise<LogFailure | undefined> =>
    new Promise((resolve) => {
      claim.commit([], sends, resolve)
    })
  const open = outbox.take()
  for (const { number, sends, answers } of open) {
    if (sends.length > 0 && (await send(sends)) !== undefined) return undefined
    if (answers.length > 0 && (await send(answers)) !== undefined) return undefined
    outbox.arrived(number)
  }
  const batch = new RecordBatchBuilder(128)
  batch.add(null, null)
  const fences = [...targets].map((target) => ({ target, batch }))
  if (fences.length > 0 && (await send(fences)) !== undefined) return undefined
  return open.length
}
