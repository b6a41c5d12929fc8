// Feared: a start that checks a large log for minutes and only then says that a port is taken, or blames the port where another broker
// runs on the same data.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'

const program = join(import.meta.dirname, '../../dist/apps/standalone/src/main.js')
const ports = { TBMQ_TCP_PORT: '0', TBMQ_WS_PORT: '0', TBMQ_HTTP_PORT: '0' }
let folder: string
let other: Server
let taken: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ports-'))
  other = createServer()
  other.listen(0, '0.0.0.0')
  await once(other, 'listening')
  const address = other.address()
  taken = String(typeof address === 'object' ? address?.port : 0)
})
afterEach(async () => {
  other.close()
  await rm(folder, { recursive: true })
})

function start(settings: Readonly<Record<string, string>>) {
  const env = { ...process.env, ...ports, TBMQ_DATA_DIR: folder, ...settings }
  const child = spawn('node', [program], { cwd: folder, env, timeout: 15_000, killSignal: 'SIGKILL' })
  const broker = { child, said: '' }
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => {
      broker.said += text.toString()
    })
  return broker
}

it.each(['HTTP', 'TCP', 'WS'])('a taken TBMQ_%s_PORT is told before the log is looked at', async (name) => {
  await mkdir(join(folder, 'log'))
  await writeFile(join(folder, 'log', 'log.json'), '{"format": 99}')
  const first = start({ [`TBMQ_${name}_PORT`]: taken })
  await once(first.child, 'close')
  expect(first.said).toBe(
    `tbmq: Port ${taken} (${name.toLowerCase()}) is taken by another program. TBMQ_${name}_PORT sets another one.\n`,
  )
  expect(first.child.exitCode).toBe(1)
  const second = start({})
  await once(second.child, 'close')
  expect(second.said).toMatch(/log has data format 99; this version reads up to \d/)
})

it('of two brokers with the same data and the same port, the second hears of the data', async () => {
  const first = start({})
  try {
    while (!first.said.includes('is ready')) await once(first.child.stdout, 'data')
    const second = start({ TBMQ_HTTP_PORT: taken })
    await once(second.child, 'close')
    expect(second.said).toContain('is in use by another broker that is running. TBMQ_DATA_DIR sets another')
  } finally {
    first.child.kill('SIGTERM')
    await once(first.child, 'close')
  }
})
