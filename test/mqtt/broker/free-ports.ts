// Ports for a broker that is to be started again on the same ones. Nobody else may take one while it is away: they lie below those that
// the system gives to connections of its own, and for other tests each is marked as given, by the UDP port of the same number.
import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'

const lowest = 15_000
const beyond = 32_000
const triesMax = 1_000

/** So many ports that nobody listens on, and that no other call gives out until this process has ended. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = []
  for (let tries = 0; ports.length < count; tries += 1) {
    if (tries === triesMax) throw new Error('no free ports were found')
    const port = randomInt(lowest, beyond)
    if ((await isMarked(port)) && (await isFree(port))) ports.push(port)
  }
  return ports
}

/** Marks a port as given, unless it is. The mark goes with this process, however that ends. */
async function isMarked(port: number): Promise<boolean> {
  const mark = createSocket('udp4').unref()
  mark.bind({ port, address: '127.0.0.1', exclusive: true })
  try {
    await once(mark, 'listening')
    return true
  } catch {
    mark.close()
    return false
  }
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
