// Starts the one broker that all files of a run share, and tells them where it is. Vitest's global setup.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { TestProject } from 'vitest/node'
import { startBroker, type Addresses, type Broker, type BrokerKind } from './broker.js'

declare module 'vitest' {
  interface ProvidedContext {
    broker: { kind: BrokerKind; partitions: number; addresses: Addresses; ca: string }
  }
}

let broker: Broker | undefined

/** `TBMQ_TEST_BROKER` and `TBMQ_TEST_PARTITIONS` come from the project's `env`, else from the process. */
export async function setup(project: TestProject): Promise<void> {
  const environment: Partial<Record<string, string>> = { ...process.env, ...project.config.env }
  const kind = environment['TBMQ_TEST_BROKER'] === 'mosquitto' ? 'mosquitto' : 'ours'
  const partitions = Number(environment['TBMQ_TEST_PARTITIONS'] ?? 1)
  if (kind === 'ours') {
    const script = fileURLToPath(new URL('../../../scripts/build-if-stale', import.meta.url))
    await promisify(execFile)('sh', [script])
  }
  broker = await startBroker(kind, { partitions })
  project.provide('broker', { kind, partitions, addresses: broker.addresses, ca: broker.ca })
}

export async function teardown(): Promise<void> {
  await broker?.stop()
}
