// The auth app for Nest: starts and stops it, and tells how it is.
import { Inject, Module, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common'
import { CLOCK, EVENT_LOG, LOGGER, SETTINGS, Vitals, type Logger, type Settings } from '#libs/platform'
import { Auth, passwordFileOf, type AuthOptions } from './shell/auth.js'

@Module({})
export class AuthModule implements OnModuleInit, OnApplicationShutdown {
  readonly #auth: Auth

  constructor(
    @Inject(EVENT_LOG) log: AuthOptions['log'],
    @Inject(SETTINGS) settings: Settings,
    @Inject(LOGGER) logger: Logger,
    @Inject(CLOCK) clock: Pick<AuthOptions, 'now'>,
    @Inject(Vitals) vitals: Vitals,
  ) {
    this.#auth = new Auth({
      log,
      clientPartitions: settings.partitions,
      anonymous: settings.anonymous,
      passwordFile: passwordFileOf(settings.passwordFile, settings.dataDir),
      now: () => clock.now(),
      notice: (sentence) => {
        logger.warn({}, sentence)
      },
      failed: (sentence, error) => {
        logger.error({ detail: String(error) }, sentence)
      },
    })
    vitals.part('auth', () => ({
      up: true,
      detail: { anonymous: settings.anonymous, users: this.#auth.userCount, ...this.#auth.counters },
    }))
  }

  async onModuleInit(): Promise<void> {
    await this.#auth.start()
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#auth.stop()
  }
}
