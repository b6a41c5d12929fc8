// The platform for Nest: settings, logger, log and clock as values, health and metrics over HTTP.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { Global, Module, type DynamicModule } from '@nestjs/common'
import { TerminusModule } from '@nestjs/terminus'
import { PrometheusModule } from '@willsoto/nestjs-prometheus'
import type { EventLog } from '#libs/log'
import { systemClock } from '#libs/runtime'
import { openEmbeddedStore } from '#libs/store'
import { Doors } from './doors.js'
import { HealthController } from './health.controller.js'
import { LogStrategy } from './log-strategy.js'
import { Metrics } from './metrics.js'
import { NestLogger, type Logger } from './logger.js'
import { ServiceRegistry } from './service-registry.js'
import type { Settings } from './settings.js'
import { CLOCK, EVENT_LOG, KEPT_STORE, LOGGER, SETTINGS } from './tokens.js'
import { Vitals } from './vitals.js'

/**
 * The store only spares memory: after a start it is filled anew from the log. What an earlier process left is removed unread, for
 * LMDB does not survive a file that was damaged. The log's lock stands for this directory, too.
 */
function openFreshStore(directory: string): ReturnType<typeof openEmbeddedStore> {
  rmSync(directory, { recursive: true, force: true })
  return openEmbeddedStore(directory)
}

export interface PlatformValues {
  readonly settings: Settings
  readonly logger: Logger
  readonly log: EventLog
}

@Global()
@Module({})
export class PlatformModule {
  /** `values` are made before Nest starts, so that what is wrong with them can be said in one line. */
  static of(values: PlatformValues): DynamicModule {
    return {
      module: PlatformModule,
      imports: [
        TerminusModule.forRoot({ logger: false }),
        PrometheusModule.register({
          path: '/metrics',
          defaultMetrics: { enabled: true, config: { eventLoopMonitoringPrecision: 20 } },
        }),
      ],
      controllers: [HealthController],
      providers: [
        { provide: SETTINGS, useValue: values.settings },
        { provide: LOGGER, useValue: values.logger },
        { provide: EVENT_LOG, useValue: values.log },
        { provide: CLOCK, useValue: systemClock },
        // Opened by whoever asks for it, who also closes it.
        {
          provide: KEPT_STORE,
          useFactory: () => openFreshStore(join(values.settings.dataDir, 'store')),
        },
        { provide: NestLogger, useValue: new NestLogger(values.logger) },
        Vitals,
        Doors,
        Metrics,
        ServiceRegistry,
        LogStrategy,
      ],
      exports: [SETTINGS, LOGGER, EVENT_LOG, KEPT_STORE, CLOCK, Vitals, Doors, Metrics, ServiceRegistry],
    }
  }
}
