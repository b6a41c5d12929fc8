// The row of a broker that has nothing to do.

import { cpuSeconds, pause, residentMiB, startBroker } from './broker.mjs'
import { isClean, runLoad } from './load.mjs'

/** What a broker costs that has nothing to do: time to its first packet, memory, CPU while 10,000 connections sleep. */
export async function measureRest({ program, name, peer, runs }) {
  const results = []
  for (let run = 0; run < runs; run++) {
    const broker = await startBroker(name, peer)
    try {
      const startCpu = cpuSeconds(broker.pid)
      await pause(3000)
      const rssMiB = residentMiB(broker.pid)
      const load = runLoad(program, ['connect', '-n', '10000', '--hold', '20', '--subscribe', '1'], broker)
      await pause(7000)
      const before = cpuSeconds(broker.pid)
      await pause(10_000)
      const idleCpuPercent = (cpuSeconds(broker.pid) - before) * 10
      const result = await load
      results.push({
        startMillis: broker.startMillis,
        startCpu,
        rssMiB,
        idleCpuPercent,
        clean: isClean(result),
      })
    } finally {
      await broker.stop()
    }
  }
  return { results, clean: results.every(({ clean }) => clean) }
}
