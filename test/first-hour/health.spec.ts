// What the broker says of itself over HTTP. Feared: a part that nobody hears of, and a bound of which nobody can see how near it is.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'

const program = join(import.meta.dirname, '../../dist/apps/standalone/src/main.js')
let folder: string
let broker: ChildProcess
let address: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'health-'))
  const ports = { TBMQ_TCP_PORT: '0', TBMQ_WS_PORT: '0', TBMQ_HTTP_PORT: '0' }
  const settings = { TBMQ_DATA_DIR: join(folder, 'data'), TBMQ_PARTITIONS: '2' }
  const child = spawn('node', [program], { cwd: folder, env: { ...process.env, ...ports, ...settings } })
  broker = child
  address = await new Promise((resolve, reject) => {
    let said = ''
    child.stdout.on('data', (text: Buffer) => {
      said += text.toString()
      const found = /listening http (\S+)\n/.exec(said)
      if (found !== null) resolve(`http://${found[1] ?? ''}`)
    })
    child.once('exit', () => {
      reject(new Error(`it ended: ${said}`))
    })
  })
})
afterAll(async () => {
  broker.kill('SIGTERM')
  await once(broker, 'exit')
  await rm(folder, { recursive: true })
})

const services = ['auth', 'delivery', 'gateway', 'session', 'subscription']

it('/health names each part, /ready says that messages are taken', async () => {
  const health = await fetch(`${address}/health`)
  expect(health.status).toBe(200)
  const parts = { auth: {}, delivery: {}, gateway: {}, log: {}, session: {}, subscription: {} }
  expect(await health.json()).toMatchObject({ status: 'ok', details: parts })
  expect((await fetch(`${address}/ready`)).status).toBe(200)
})

it('/metrics gives each bounded queue with its limit', async () => {
  const text = await (await fetch(`${address}/metrics`)).text()
  const limits = [...text.matchAll(/^(tbmq_\w+)\{.*="\w*limit"\} (\S+)$/gm)].map(([, name, limit]) => [
    name,
    Number(limit) > 0,
  ])
  expect(Object.fromEntries(limits)).toEqual({
    tbmq_append_window_bytes: true,
    tbmq_auth_passwords_waiting: true,
    tbmq_connection_memory_bytes: true,
    tbmq_connections: true,
    tbmq_listener_connections: true,
    tbmq_log_cache_bytes: true,
    tbmq_queue_bytes: true,
    tbmq_queue_window_bytes: true,
    tbmq_receivers_remembered_bytes: true,
    tbmq_retained_bytes: true,
    tbmq_retained_messages: true,
  })
  expect(text).toMatch(/^tbmq_lines_lost_total 0$/m)
  const failing = [...text.matchAll(/^tbmq_service_failures_total\{service="(\w+)"\} 0$/gm)]
  expect(failing.map(([, service]) => service).sort()).toEqual(services)
})
