// The auth app for Nest: starts and stops it, and tells how it is.
import { Inject, Module, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common'
import {
  CLOCK,
  EVENT_LOG,
  LOGGER,
  Metrics,
  SETTINGS,
  Vitals,
  type Logger,
  type Settings,
} from '#libs/platform'
import { Auth, passwordFileOf, type AuthOptions } from './shell/auth.js'

@Module({})
export class AuthModule implements OnModuleInit, OnApplicationShutdown {
  readonly #auth: Auth
  readonly #logger: Logger
  /** Empty unless a setting names one. */
  readonly #namedFile: string

  constructor(
    @Inject(EVENT_LOG) log: AuthOptions['log'],
    @Inject(SETTINGS) settings: Settings,
    @Inject(LOGGER) logger: Logger,
    @Inject(CLOCK) clock: Pick<AuthOptions, 'now'>,
    @Inject(Vitals) vitals: Vitals,
    @Inject(Metrics) metrics: Metrics,
  ) {
    this.#logger = logger
    this.#namedFile = settings.passwordFile
    this.#auth = new Auth({
      log,
      clientPartitions: settings.partitions,
      anonymous: settings.anonymous,
      passwordFile: passwordFileOf(settings.passwordFile, settings.dataDir),
      now: () => clock.now(),
      notice: (sentence, level) => {
        logger[level]({}, sentence)
      },
      failed: (sentence, error) => {
        logger.error({ detail: String(error) }, sentence)
      },
    })
    this.#measure(metrics)
    vitals.part('auth', () => ({
      up: this.#auth.reading,
      detail: { anonymous: settings.anonymous, users: this.#auth.userCount, ...this.#auth.counters },
    }))
  }

  #measure(metrics: Metrics): void {
    const auth = this.#auth
    metrics.add(
      {
        name: 'tbmq_auth_answers_total',
        help: 'CONNECTs that were let in and that were refused by auth.',
        kind: 'counter',
        labels: ['answer'],
        read: () => [
          [{ answer: 'allowed' }, auth.counters.allowed],
          [{ answer: 'denied' }, auth.counters.denied],
        ],
      },
      {
        name: 'tbmq_auth_passwords_waiting',
        help: 'Passwords that wait to be checked, and how many may.',
        kind: 'gauge',
        labels: ['value'],
        read: () => [
          [{ value: 'used' }, auth.queue.depth],
          [{ value: 'limit' }, auth.queue.maximum],
        ],
      },
      {
        name: 'tbmq_auth_passwords_waiting_refused_total',
        help: 'CONNECTs that were refused because too many passwords waited.',
        kind: 'counter',
        read: () => auth.queue.refused,
      },
    )
  }

  async onModuleInit(): Promise<void> {
    await this.#auth.start()
    if (this.#namedFile !== '' && this.#auth.userCount === 0) {
      this.#logger.warn({ file: this.#namedFile }, 'the password file has no users, or is not there yet')
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#auth.stop()
  }
}
