// The gateway app for Nest: a door that the platform opens when all services are ready and closes first.
import { Inject, Module } from '@nestjs/common'
import {
  CLOCK,
  Doors,
  EVENT_LOG,
  LOGGER,
  Metrics,
  SETTINGS,
  Vitals,
  type Logger,
  type Settings,
} from '#libs/platform'
import { measuresOf, tellSys } from './measures.js'
import { gatewayDoor, type DoorParts } from './shell/gateway-door.js'

@Module({})
export class GatewayModule {
  constructor(
    @Inject(EVENT_LOG) log: DoorParts['log'],
    @Inject(SETTINGS) settings: Settings,
    @Inject(LOGGER) logger: Logger,
    @Inject(CLOCK) clock: Pick<DoorParts, 'now'>,
    @Inject(Doors) doors: Doors,
    @Inject(Vitals) vitals: Vitals,
    @Inject(Metrics) metrics: Metrics,
  ) {
    const door = gatewayDoor({
      log,
      settings,
      logger,
      now: () => clock.now(),
      sysValues: () => metrics.sys.values(),
    })
    doors.add(door)
    vitals.part('gateway', () => ({
      up: door.isWell(),
      detail: { connections: door.counters.connections, failures: door.counters.failures },
    }))
    metrics.add(...measuresOf(door, settings))
    tellSys(metrics.sys, door)
  }
}
