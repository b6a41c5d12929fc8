// The subscription app for Nest: registers the service with its settings, and tells what it has counted and holds.
import { Inject, Module } from '@nestjs/common'
import { Metrics, ServiceRegistry, SETTINGS, Vitals, type Settings } from '#libs/platform'
import { countersOf, gaugesOf } from './measures.js'
import {
  countsOf,
  detailOf,
  newSubscriptionCounters,
  subscriptionService,
  type Partitions,
} from './shell/subscription.js'
import { SubscriptionController } from './subscription.controller.js'

@Module({ controllers: [SubscriptionController] })
export class SubscriptionModule {
  constructor(
    @Inject(ServiceRegistry) services: ServiceRegistry,
    @Inject(SETTINGS) settings: Settings,
    @Inject(Vitals) vitals: Vitals,
    @Inject(Metrics) metrics: Metrics,
  ) {
    const counters = newSubscriptionCounters()
    const partitions: Partitions = new Map()
    const share = (ofAll: number): number => Math.ceil(ofAll / settings.partitions)
    const limits = {
      retainedCountMax: share(settings.retainedMax),
      retainedBytesMax: share(settings.retainedBytesMax),
    }
    services.register(subscriptionService(limits, counters), (partition, state) => {
      if (state === undefined) partitions.delete(partition)
      else partitions.set(partition, state)
    })
    vitals.part('subscription', () => ({ up: true, detail: detailOf(counters, partitions) }))
    metrics.add(...gaugesOf(partitions, settings), ...countersOf(counters))
    metrics.sys.add({
      'subscriptions/count': () => countsOf(partitions).subscriptions,
      'shared_subscriptions/count': () => countsOf(partitions).groups,
      'retained messages/count': () => countsOf(partitions).retained,
      'retained messages/bytes': () => countsOf(partitions).retainedBytes,
      'messages/stored': () => countsOf(partitions).retained,
      'store/messages/count': () => countsOf(partitions).retained,
      'store/messages/bytes': () => countsOf(partitions).retainedBytes,
    })
  }
}
