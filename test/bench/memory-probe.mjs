// Loaded into a broker under measurement (`--import`): on SIGUSR2 it collects and writes process.memoryUsage() to a file.

import { renameSync, writeFileSync } from 'node:fs'
import { setImmediate } from 'node:timers'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { isMainThread } from 'node:worker_threads'

/** Where the answer goes: a variable that our own settings do not know as theirs. */
const file = process.env.BENCH_MEMORY_FILE

if (file !== undefined && isMainThread) {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc')
  process.on('SIGUSR2', async () => {
    // Twice with a turn between: buffers are freed by finalizers, which run after the collection that found them.
    collect()
    await new Promise((resolve) => setImmediate(resolve))
    collect()
    writeFileSync(`${file}.new`, JSON.stringify(process.memoryUsage()))
    renameSync(`${file}.new`, file)
  })
}
