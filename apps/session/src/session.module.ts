// The session app for Nest: registers the service with its settings.
import { Inject, Module } from '@nestjs/common'
import { ServiceRegistry, SETTINGS, type Settings } from '#libs/platform'
import { SessionController } from './session.controller.js'
import { sessionService } from './shell/session.js'

@Module({ controllers: [SessionController] })
export class SessionModule {
  constructor(@Inject(ServiceRegistry) services: ServiceRegistry, @Inject(SETTINGS) settings: Settings) {
    services.register(
      sessionService({ sessionExpirySecondsMax: Math.floor(settings.sessionExpiryMax / 1000) }),
    )
  }
}
