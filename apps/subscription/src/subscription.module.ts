// The subscription app for Nest: registers the service with its settings, and tells what it has counted and holds.
import { Inject, Module } from '@nestjs/common'
import { ServiceRegistry, SETTINGS, Vitals, type Settings } from '#libs/platform'
import {
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
  ) {
    const counters = newSubscriptionCounters()
    const partitions: Partitions = new Map()
    const retainedCountMax = Math.ceil(settings.retainedMax / settings.partitions)
    services.register(subscriptionService({ retainedCountMax }, counters), (partition, state) => {
      if (state === undefined) partitions.delete(partition)
      else partitions.set(partition, state)
    })
    vitals.part('subscription', () => ({ up: true, detail: detailOf(counters, partitions) }))
  }
}
