// A broker with settings of its own that the cases of one file share.
import { afterAll, inject } from 'vitest'
import { startBroker, type Broker, type BrokerOptions } from '../broker/broker.js'

/** Starts the broker at the first call and ends it after the last case of the file. */
export function fileBroker(options: Omit<BrokerOptions, 'partitions'>): () => Promise<Broker> {
  let broker: Promise<Broker> | undefined
  afterAll(async () => (await broker)?.stop())
  const { kind, partitions } = inject('broker')
  return async () => (broker ??= startBroker(kind, { ...options, partitions }))
}
