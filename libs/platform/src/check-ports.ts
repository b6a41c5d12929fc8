// Looks whether the ports are free before a start that may take minutes. Who opens them for good says what else may be wrong with them.
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Settings } from './settings.js'
import { isTaken, portTaken } from './start-error.js'

/** Rejects with one sentence when another program has one. Those of TLS are not looked at: without certificates nobody opens them. */
export async function checkPorts(settings: Settings): Promise<void> {
  await check('http', settings.httpHost, settings.httpPort)
  if (settings.tcpEnabled) await check('tcp', settings.tcpHost, settings.tcpPort)
  if (settings.wsEnabled) await check('ws', settings.wsHost, settings.wsPort)
}

async function check(name: string, host: string, port: number): Promise<void> {
  if (port === 0) return
  const server = createServer()
  try {
    server.listen(port, host)
    await once(server, 'listening')
  } catch (error) {
    if (isTaken(error)) throw portTaken(name, port, error)
    return
  }
  server.close()
  await once(server, 'close')
}
