// The subscription app for Nest: registers the service with its settings.
import { Inject, Module } from '@nestjs/common'
import { ServiceRegistry, SETTINGS, type Settings } from '#libs/platform'
import { subscriptionService } from './shell/subscription.js'
import { SubscriptionController } from './subscription.controller.js'

@Module({ controllers: [SubscriptionController] })
export class SubscriptionModule {
  constructor(@Inject(ServiceRegistry) services: ServiceRegistry, @Inject(SETTINGS) settings: Settings) {
    services.register(
      subscriptionService({
        retainedCountMax: Math.ceil(settings.retainedMax / settings.partitions),
      }),
    )
  }
}
