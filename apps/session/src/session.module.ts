// The session app for Nest: registers the service with its settings, and counts its sessions.
import { Inject, Module } from '@nestjs/common'
import { Metrics, ServiceRegistry, SETTINGS, type Settings } from '#libs/platform'
import { SessionController } from './session.controller.js'
import { SessionCounts, sessionService } from './shell/session.js'

@Module({ controllers: [SessionController] })
export class SessionModule {
  constructor(
    @Inject(ServiceRegistry) services: ServiceRegistry,
    @Inject(SETTINGS) settings: Settings,
    @Inject(Metrics) metrics: Metrics,
  ) {
    const counts = new SessionCounts()
    const sessionExpirySecondsMax = Math.floor(settings.sessionExpiryMax / 1000)
    services.register(sessionService({ sessionExpirySecondsMax }, counts), counts.restored)
    metrics.add({
      name: 'tbmq_sessions',
      help: 'Sessions whose client is connected, and sessions that wait for theirs.',
      kind: 'gauge',
      labels: ['state'],
      read: () => [
        [{ state: 'connected' }, counts.connected],
        [{ state: 'away' }, counts.all - counts.connected],
      ],
    })
    metrics.sys.add({
      'clients/expired': () => counts.expired,
      'clients/total': () => counts.all,
      'clients/disconnected': () => counts.all - counts.connected,
      'clients/inactive': () => counts.all - counts.connected,
    })
  }
}
