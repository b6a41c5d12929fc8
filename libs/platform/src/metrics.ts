// Metrics for Prometheus. Apps count in plain fields, as fast as that is; here a scrape reads them. Labels are bounded: never a client
// id or a topic.
import { Injectable } from '@nestjs/common'
import { Counter, Gauge, register } from 'prom-client'
import { SysTopics } from './sys-topics.js'

/** A value without labels, or one per combination of labels. */
export type Reading = number | readonly (readonly [labels: Readonly<Record<string, string>>, value: number])[]

/** One metric: the name says what is counted and in which unit, `read` is called at each scrape. */
export interface Measure {
  readonly name: `tbmq_${string}`
  readonly help: string
  readonly kind: 'counter' | 'gauge'
  readonly labels?: readonly string[]
  read(): Reading
}

/** Where modules put their measures. */
@Injectable()
export class Metrics {
  /** What they put below $SYS/broker. */
  readonly sys = new SysTopics(() => performance.now())

  add(...measures: readonly Measure[]): void {
    for (const measure of measures) {
      // One process may hold several instances of an application in tests: the newest one is scraped.
      register.removeSingleMetric(measure.name)
      if (measure.kind === 'counter') addCounter(measure)
      else addGauge(measure)
    }
  }
}

function addCounter({ name, help, labels = [], read }: Measure): void {
  new Counter({
    name,
    help,
    labelNames: [...labels],
    collect() {
      this.reset()
      const reading = read()
      if (typeof reading === 'number') this.inc(reading)
      else for (const [of, value] of reading) this.inc({ ...of }, value)
    },
  })
}

function addGauge({ name, help, labels = [], read }: Measure): void {
  new Gauge({
    name,
    help,
    labelNames: [...labels],
    collect() {
      this.reset()
      const reading = read()
      if (typeof reading === 'number') this.set(reading)
      else for (const [of, value] of reading) this.set({ ...of }, value)
    },
  })
}
