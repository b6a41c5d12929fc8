// The broker of this repository, started from the build as `npm start` would, on ports of its own choice.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Addresses, Broker, BrokerOptions, User } from './broker.js'
import { makeCertificates } from './certificates.js'
import { freePorts } from './free-ports.js'
import { BrokerProcess } from './process.js'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const main = join(root, 'dist/apps/standalone/src/main.js')
const names = ['tcp', 'tls', 'ws', 'wss', 'http'] as const

export async function startOurs(options: BrokerOptions): Promise<Broker> {
  const directory = await mkdtemp(join(tmpdir(), 'mqtt-ours-'))
  const certificates = await makeCertificates(join(directory, 'certificates'))
  const data = join(directory, 'data')
  const settings = {
    TBMQ_DATA_DIR: data,
    ...(await portSettings()),
    TBMQ_TLS_CERTIFICATE: certificates.certificateFile,
    TBMQ_TLS_KEY: certificates.keyFile,
    TBMQ_ANONYMOUS: options.users === undefined ? 'all' : 'none',
    TBMQ_PARTITIONS: String(options.partitions),
    TBMQ_SYS_INTERVAL: '1s',
    ...options.settings?.ours,
  }
  for (const [name, user] of Object.entries(options.users ?? {})) await addUser(settings, name, user)
  let child = new BrokerProcess(process.execPath, [main], settings)
  const addresses = await child.start(readAddresses)
  let earlier = ''
  return {
    kind: 'ours',
    addresses,
    ca: certificates.ca,
    output: () => earlier + child.output,
    renewCertificates: async () => (await makeCertificates(join(directory, 'certificates'))).ca,
    kill: async () => child.end('SIGKILL'),
    terminate: async () => child.end('SIGTERM'),
    start: async () => {
      earlier += child.output
      child = new BrokerProcess(process.execPath, [main], settings)
      await child.start(readAddresses)
    },
    stop: async () => {
      await child.end('SIGTERM')
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** Reads lines such as `listening tcp 127.0.0.1:1883`; the HTTP one is the last that a broker prints. */
function readAddresses(output: string): Addresses | undefined {
  const found = new Map<string, string>()
  for (const [, name = '', port = ''] of output.matchAll(
    /listening\W+(tcp|tls|wss?|https?)\b.*:(\d+)\s*$/gim,
  )) {
    found.set(name.toLowerCase(), port)
  }
  const tcp = found.get('tcp')
  const http = found.get('http')
  if (tcp === undefined || http === undefined) return undefined
  const addresses: Addresses = { tcp: `tcp://127.0.0.1:${tcp}`, http: `http://127.0.0.1:${http}` }
  const [tls, ws, wss] = [found.get('tls'), found.get('ws'), found.get('wss')]
  if (tls !== undefined) addresses.tls = `tls://127.0.0.1:${tls}`
  if (ws !== undefined) addresses.ws = `ws://127.0.0.1:${ws}/mqtt`
  if (wss !== undefined) addresses.wss = `wss://127.0.0.1:${wss}/mqtt`
  return addresses
}

async function portSettings(): Promise<Record<string, string>> {
  const ports = await freePorts(names.length)
  return Object.fromEntries(
    names.map((name, index) => [`TBMQ_${name.toUpperCase()}_PORT`, String(ports[index])]),
  )
}

async function addUser(settings: Record<string, string>, name: string, user: User): Promise<void> {
  const rules = [
    ...(user.publish ?? []).flatMap((filter) => ['--publish', filter]),
    ...(user.subscribe ?? []).flatMap((filter) => ['--subscribe', filter]),
  ]
  const child = spawn(process.execPath, [join(root, 'dist/apps/auth/src/user.js'), 'add', name, ...rules], {
    cwd: root,
    env: { ...process.env, ...settings },
    stdio: ['pipe', 'ignore', 'inherit'],
  })
  child.stdin.end(`${user.password}\n`)
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`adding the user ${name} ended with ${String(code)}`)
}
