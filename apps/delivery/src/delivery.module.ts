// The delivery app for Nest: registers the service with its settings, and tells what it has counted.
import { Inject, Module } from '@nestjs/common'
import { ServiceRegistry, SETTINGS, Vitals, type Settings } from '#libs/platform'
import { DeliveryController } from './delivery.controller.js'
import { deliveryService, newDeliveryCounters } from './shell/delivery.js'

@Module({ controllers: [DeliveryController] })
export class DeliveryModule {
  constructor(
    @Inject(ServiceRegistry) services: ServiceRegistry,
    @Inject(SETTINGS) settings: Settings,
    @Inject(Vitals) vitals: Vitals,
  ) {
    const counters = newDeliveryCounters()
    services.register(
      deliveryService({
        counters,
        limits: {
          queueLengthMax: settings.queueMax,
          queueBytesMax: 256 * 1024 * 1024,
          whenFull: settings.queueFull,
          windowMax: settings.windowMax,
          windowOldMax: settings.windowOld,
          groupStrategy: settings.shareStrategy,
        },
      }),
    )
    vitals.part('delivery', () => ({ up: true, detail: { ...counters } }))
  }
}
