// Mosquitto as Debian packages it, with its limits set to what our broker promises by default.
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Broker, BrokerOptions, User } from './broker.js'
import { makeCertificates } from './certificates.js'
import { BrokerProcess } from './process.js'

const run = promisify(execFile)

export async function startMosquitto(options: BrokerOptions): Promise<Broker> {
  const directory = await mkdtemp(join(tmpdir(), 'mqtt-mosquitto-'))
  const certificates = await makeCertificates(directory)
  const [tcp, tls, ws, wss] = await freePorts(4)
  const tlsFiles = [`certfile ${certificates.certificateFile}`, `keyfile ${certificates.keyFile}`]
  const lines = [
    'user root',
    'log_dest stderr',
    'log_type all',
    'persistence true',
    `persistence_location ${directory}/`,
    'max_inflight_messages 1000',
    'max_queued_messages 10000',
    'max_packet_size 1048576',
    'sys_interval 1',
    'set_tcp_nodelay true',
    ...(await access(directory, options.users)),
    ...Object.entries(options.settings?.mosquitto ?? {}).map(([name, value]) => `${name} ${value}`),
    `listener ${tcp} 127.0.0.1`,
    `listener ${tls} 127.0.0.1`,
    ...tlsFiles,
    `listener ${ws} 127.0.0.1`,
    'protocol websockets',
    `listener ${wss} 127.0.0.1`,
    'protocol websockets',
    ...tlsFiles,
  ]
  const configuration = join(directory, 'mosquitto.conf')
  await writeFile(configuration, `${lines.join('\n')}\n`)
  const child = new BrokerProcess('mosquitto', ['-c', configuration], {})
  const start = async (): Promise<void> => {
    await child.start((output) => (/mosquitto version \S+ running/.test(output) ? true : undefined))
  }
  await start()
  return {
    kind: 'mosquitto',
    addresses: {
      tcp: `tcp://127.0.0.1:${tcp}`,
      tls: `tls://127.0.0.1:${tls}`,
      ws: `ws://127.0.0.1:${ws}/mqtt`,
      wss: `wss://127.0.0.1:${wss}/mqtt`,
    },
    ca: certificates.ca,
    output: () => child.output,
    renewCertificates: async () => (await makeCertificates(directory)).ca,
    kill: async () => child.end('SIGKILL'),
    terminate: async () => child.end('SIGTERM'),
    start,
    stop: async () => {
      await child.end('SIGTERM')
      await rm(directory, { recursive: true, force: true })
    },
  }
}

async function access(directory: string, users: Record<string, User> | undefined): Promise<string[]> {
  if (users === undefined) return ['allow_anonymous true']
  const passwords = join(directory, 'passwords')
  const rights = join(directory, 'rights')
  await writeFile(passwords, '')
  const lines: string[] = []
  for (const [name, { password, publish = ['#'], subscribe = ['#'] }] of Object.entries(users)) {
    await run('mosquitto_passwd', ['-b', passwords, name, password])
    lines.push(`user ${name}`)
    for (const filter of publish) lines.push(`topic write ${filter}`)
    for (const filter of subscribe) lines.push(`topic read ${filter}`)
  }
  await writeFile(rights, `${lines.join('\n')}\n`, { mode: 0o600 })
  return ['allow_anonymous false', `password_file ${passwords}`, `acl_file ${rights}`]
}

/** Mosquitto cannot be told «any port»: ports that were free a moment ago. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1')
      await new Promise((resolve) => server.once('listening', resolve))
      return server
    }),
  )
  return servers.map((server) => {
    const address = server.address()
    server.close()
    if (address === null || typeof address === 'string') throw new Error('a server without a port')
    return address.port
  })
}
