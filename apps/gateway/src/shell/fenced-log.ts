// How one life of a gateway appends on a log of several processes: under an identity of its own, so that nothing of an earlier life
// can arrive any more when that life is declared over.
import { RecordBatchBuilder } from '#libs/batch'
import type { EventLog, TopicPartition } from '#libs/log'
import { catalogue } from '#libs/topics'
import type { GatewaySettings } from '../core/settings.js'

/** What a gateway's connections need of the log. */
export type AppendLog = Pick<EventLog, 'append' | 'barrier' | 'writable' | 'pressure'>

/** Resolves when every partition that a gateway appends to refuses its earlier lives. */
export async function fencedLog(log: EventLog, settings: GatewaySettings): Promise<AppendLog> {
  if (log.atomicCommit) return log
  const claim = await log.claim(`gateway-${settings.gatewayName}`, 0, [])
  const batch = new RecordBatchBuilder(128)
  batch.add(null, null)
  const fences = targetsOf(settings).map((target) => ({ target, batch }))
  await new Promise<void>((resolve, reject) => {
    claim.commit([], fences, (failure) => {
      if (failure === undefined) resolve()
      else reject(new Error(`The gateway's earlier life could not be fenced off: ${failure.sentence}`))
    })
  })
  return {
    get writable() {
      return log.writable
    },
    get pressure() {
      return log.pressure
    },
    append: (target, appended, stored) => {
      claim.commit([], [{ target, batch: appended }], stored ?? (() => undefined))
    },
    barrier: (stored) => {
      log.barrier(stored)
    },
  }
}

function targetsOf({ clientPartitions, topicPartitions }: GatewaySettings): TopicPartition[] {
  const { authInbox, sessionInbox, deliveryInbox, subscriptionInbox, messages } = catalogue
  const all = (topics: readonly { readonly name: string }[], count: number): TopicPartition[] =>
    topics.flatMap(({ name }) =>
      Array.from({ length: count }, (_, partition) => ({ topic: name, partition })),
    )
  return [
    ...all([authInbox, sessionInbox, deliveryInbox], clientPartitions),
    ...all([subscriptionInbox, messages], topicPartitions),
  ]
}
