// Ports for a broker that is to be started again on the same ones: below those that the system gives to connections of its own, one of
// which would otherwise take a port while the broker is away.
import { createServer } from 'node:net'
import { randomInt } from 'node:crypto'

const lowest = 15_000
const beyond = 32_000
const triesMax = 1_000

/** So many ports that nobody listens on now. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  for (let tries = 0; ports.size < count; tries += 1) {
    if (tries === triesMax) throw new Error('no free ports were found')
    const port = randomInt(lowest, beyond)
    if (!ports.has(port) && (await isFree(port))) ports.add(port)
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
