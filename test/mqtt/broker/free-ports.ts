// Ports for a broker that is to be started again on the same ones. Nobody else may take one while it is away: they lie below those that
// the system gives to connections of its own, each worker of the tests has a part of them, and gives out none twice.
import { createServer } from 'node:net'
import { randomInt } from 'node:crypto'

const workersMax = 8
const portsOfWorker = 2_000
const lowest = 15_000 + (Number(process.env.VITEST_POOL_ID ?? 0) % workersMax) * portsOfWorker
const triesMax = 10_000
const given = new Set<number>()

/** So many ports that nobody listens on now, and that nobody was given before. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  for (let tries = 0; ports.size < count; tries += 1) {
    if (tries === triesMax) throw new Error('no free ports were found')
    const port = randomInt(lowest, lowest + portsOfWorker)
    if (given.has(port)) continue
    given.add(port)
    if (await isFree(port)) ports.add(port)
  }
  return [...ports]
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => {
      resolve(false)
    })
    server.listen(port, () => {
      server.close(() => {
        resolve(true)
      })
    })
  })
}
