// What the log and the services tell about themselves: latency of appends, what is not stored yet, how far each service is behind.
import type { EmbeddedLog } from '#libs/log'
import type { Partition } from '#libs/runtime'
import type { Measure, Metrics, Reading } from './metrics.js'
import type { ServiceRegistry } from './service-registry.js'
import type { Vitals } from './vitals.js'

const quantiles = [
  ['0.5', 50],
  ['0.9', 90],
  ['0.99', 99],
  ['0.999', 99.9],
] as const

export function addLogMetrics(
  metrics: Metrics,
  log: EmbeddedLog,
  services: ServiceRegistry,
  vitals: Vitals,
): void {
  metrics.add(...countersOf(log, vitals), ...gaugesOf(log, services))
}

function countersOf({ metrics: counted }: EmbeddedLog, vitals: Vitals): Measure[] {
  return [
    {
      name: 'tbmq_log_appends_total',
      help: 'Batches appended to the log, those of topics in memory included.',
      kind: 'counter',
      read: () => counted.appends,
    },
    {
      name: 'tbmq_log_appended_bytes_total',
      help: 'Bytes of batches appended to the log.',
      kind: 'counter',
      read: () => counted.appendedBytes,
    },
    {
      name: 'tbmq_log_groups_total',
      help: 'Groups of frames that were written and synced together.',
      kind: 'counter',
      read: () => counted.groups,
    },
    {
      name: 'tbmq_log_errors_total',
      help: 'Writes and syncs of the log that failed.',
      kind: 'counter',
      read: () => counted.errors,
    },
    {
      name: 'tbmq_log_history_reads_total',
      help: 'Times that a reader was behind what is in memory and read the disk.',
      kind: 'counter',
      read: () => counted.historyReads,
    },
    {
      name: 'tbmq_service_failures_total',
      help: 'Failures that should not be: a partition whose state was dropped and restored, a record or a connection that was given up.',
      kind: 'counter',
      labels: ['service'],
      read: () =>
        vitals
          .ask()
          .flatMap(([service, { detail }]) =>
            typeof detail?.['failures'] === 'number' ? [[{ service }, detail['failures']] as const] : [],
          ),
    },
  ]
}

function gaugesOf(log: EmbeddedLog, services: ServiceRegistry): Measure[] {
  const { metrics: counted } = log
  return [
    {
      name: 'tbmq_log_unsynced_bytes',
      help: 'Bytes appended and not yet on disk.',
      kind: 'gauge',
      read: () => counted.unsyncedBytes,
    },
    {
      name: 'tbmq_log_cache_bytes',
      help: 'Bytes of stored batches in memory for readers that follow closely, and how many there may be; who is behind them reads the disk.',
      kind: 'gauge',
      labels: ['value'],
      read: () => [
        [{ value: 'used' }, counted.cacheBytes],
        [{ value: 'limit' }, counted.cacheBytesMax],
      ],
    },
    {
      name: 'tbmq_log_writable',
      help: '1 while the log can store what is appended.',
      kind: 'gauge',
      read: () => (log.writable ? 1 : 0),
    },
    {
      name: 'tbmq_log_disk_pressure',
      help: '0: everything is taken; 1: the disk is nearly full and QoS 0 is dropped; 2: publishers are held.',
      kind: 'gauge',
      read: () => ({ none: 0, dropQos0: 1, hold: 2 })[log.pressure],
    },
    {
      name: 'tbmq_log_append_latency_seconds',
      help: 'From the start of a group to the end of its sync, since the start of the process.',
      kind: 'gauge',
      labels: ['quantile'],
      read: () =>
        quantiles.map(([quantile, percent]) => [
          { quantile },
          counted.groupMicros.percentile(percent) / 1_000_000,
        ]),
    },
    {
      name: 'tbmq_log_lag_records',
      help: 'Records in the inputs of a service that it has not read yet.',
      kind: 'gauge',
      labels: ['service'],
      read: () => perService(services, (sum, { lag }) => sum + lag),
    },
  ]
}

const perService = (
  services: ServiceRegistry,
  add: (sum: number, partition: Partition<unknown, unknown>) => number,
): Reading =>
  [...services.partitions].map(([service, partitions]) => [{ service }, partitions.reduce(add, 0)])
