// The delivery app for Nest: registers the service with its settings and its store, and tells what it has counted.
import { Inject, Module, type OnApplicationShutdown } from '@nestjs/common'
import {
  CLOCK,
  KEPT_STORE,
  LOGGER,
  Metrics,
  ServiceRegistry,
  SETTINGS,
  type Logger,
  type Settings,
} from '#libs/platform'
import { DeliveryController } from './delivery.controller.js'
import { countersOf, gaugesOf } from './measures.js'
import { Delivery, type DeliveryOptions } from './shell/delivery.js'

@Module({ controllers: [DeliveryController] })
export class DeliveryModule implements OnApplicationShutdown {
  readonly #delivery: Delivery

  constructor(
    @Inject(ServiceRegistry) services: ServiceRegistry,
    @Inject(SETTINGS) settings: Settings,
    @Inject(KEPT_STORE) store: DeliveryOptions['store'],
    @Inject(CLOCK) clock: Pick<DeliveryOptions, 'after'>,
    @Inject(LOGGER) logger: Logger,
    @Inject(Metrics) metrics: Metrics,
  ) {
    const delivery = new Delivery({
      limits: limitsOf(settings),
      store,
      after: (millis, callback) => clock.after(millis, callback),
      run: (partition, decide) => {
        services.partitions.get('delivery')?.[partition]?.run((_state, now, outcome) => {
          decide(now, outcome)
        })
      },
      failed: (sentence, error) => {
        logger.error({ detail: String(error) }, sentence)
      },
      memoryBytes: settings.queueMemory,
      partitions: settings.partitions,
    })
    this.#delivery = delivery
    services.register(delivery.service, (partition, state) => {
      delivery.restored(partition, state)
    })
    metrics.add(...countersOf(delivery), ...gaugesOf(delivery))
    const { counters } = delivery
    metrics.sys.addLoads({ 'publish/dropped': () => counters.droppedQueueFull })
    metrics.sys.add({
      'publish/messages/dropped': () => counters.droppedQueueFull,
      'messages/stored': () => delivery.waiting().messages,
      'store/messages/count': () => delivery.waiting().messages,
      'store/messages/bytes': () => delivery.waiting().bytes,
    })
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#delivery.close()
  }
}

const limitsOf = (settings: Settings): DeliveryOptions['limits'] => ({
  queueLengthMax: settings.queueMax,
  queueBytesMax: settings.queueBytesMax,
  whenFull: settings.queueFull,
  windowMax: settings.windowMax,
  windowOldMax: settings.windowOld,
  groupStrategy: settings.shareStrategy,
})
