// GET /health: each part by name. GET /ready: 200 only while messages can be taken.
import { Controller, Get, Inject, ServiceUnavailableException } from '@nestjs/common'
import {
  HealthCheck,
  HealthCheckService,
  HealthIndicatorService,
  type HealthCheckResult,
} from '@nestjs/terminus'
import { Vitals } from './vitals.js'

@Controller()
export class HealthController {
  readonly #checks: HealthCheckService
  readonly #indicators: HealthIndicatorService
  readonly #vitals: Vitals

  constructor(
    @Inject(HealthCheckService) checks: HealthCheckService,
    @Inject(HealthIndicatorService) indicators: HealthIndicatorService,
    @Inject(Vitals) vitals: Vitals,
  ) {
    this.#checks = checks
    this.#indicators = indicators
    this.#vitals = vitals
  }

  @Get('health')
  @HealthCheck()
  health(): Promise<HealthCheckResult> {
    return this.#checks.check(
      this.#vitals.ask().map(([name, vital]) => () => {
        const indicator = this.#indicators.check(name)
        return vital.up ? indicator.up(vital.detail) : indicator.down(vital.detail)
      }),
    )
  }

  @Get('ready')
  ready(): { readonly ready: true } {
    if (!this.#vitals.ready) throw new ServiceUnavailableException({ ready: false })
    return { ready: true }
  }
}
