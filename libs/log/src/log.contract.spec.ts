// Runs the contract on each adapter, in the shapes that could differ.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { openEmbeddedLog, type EmbeddedLogOptions } from './index.js'
import { describeLog } from './log.contract.js'
import type { LogHarness } from './testing/log-bench.js'
import { MemoryLog } from './memory/memory-log.js'

function embedded(options: Omit<EmbeddedLogOptions, 'directory'>): LogHarness {
  let directory = ''
  const reopen = () => openEmbeddedLog({ directory, ...options })
  return {
    async open() {
      directory = await mkdtemp(join(tmpdir(), 'log-'))
      return reopen()
    },
    reopen,
    progress: () => setImmediate(),
    dispose: () => rm(directory, { recursive: true }),
  }
}

function memory(shape: 'oneProcess' | 'cluster', seed: number): LogHarness {
  const log = new MemoryLog({ shape, seed })
  return {
    open: () => Promise.resolve(log.connect()),
    reopen: () => Promise.resolve(log.connect()),
    async progress() {
      log.step()
      for (let i = 0; i < 10; i++) await Promise.resolve()
    },
    dispose: () => Promise.resolve(),
  }
}

describeLog('the embedded log', () => embedded({}))
describeLog('the embedded log with hardly any room', () =>
  embedded({ segmentBytes: 2048, cacheBytes: 512, memoryBytes: 512 }),
)
for (const seed of [1, 2, 3]) {
  describeLog(`the memory log of one process, seed ${seed}`, () => memory('oneProcess', seed))
  describeLog(`the memory log of a cluster, seed ${seed}`, () => memory('cluster', seed))
}
