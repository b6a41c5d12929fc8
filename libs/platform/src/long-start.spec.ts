// Feared: a start that reads a large log for minutes and says nothing, while whoever watches it takes it for dead or for ready.
import { createServer } from 'node:net'
import { afterEach, expect, it, vi } from 'vitest'
import { LongStart } from './long-start.js'

let start: LongStart | undefined
afterEach(() => start?.end())

async function begin(firstMillis: number) {
  const lines: object[] = []
  const port = await freePort()
  const logger = { info: (fields: object, sentence: string) => lines.push({ ...fields, sentence }) }
  start = new LongStart({ logger, host: '127.0.0.1', port, firstMillis, everyMillis: 5 })
  const ask = (path: string) => fetch(`http://127.0.0.1:${String(port)}/${path}`)
  return { start, lines, port, ask }
}

it('says again and again what it does and how far it is, also by HTTP, until the port is wanted and the end is there', async () => {
  const { start, lines, port, ask } = await begin(1)
  const step = { sentence: 'checking the files of the log', done: 3, total: 17 }
  start.step(step)
  await vi.waitUntil(() => lines.length > 1, { timeout: 10_000 })
  expect(lines.at(-1)).toEqual(step)
  await vi.waitUntil(() => isTaken(port), { timeout: 10_000 })
  const health = await ask('health')
  expect([health.status, await health.json()]).toEqual([503, { status: 'starting', details: step }])
  const ready = await ask('ready')
  expect([ready.status, await ready.json()]).toEqual([503, { ready: false }])
  await start.letGoOfPort()
  expect(await isTaken(port)).toBe(false)
  start.step({ sentence: 'restoring' })
  await vi.waitUntil(() => lines.some((line) => 'sentence' in line && line.sentence === 'restoring'))
})

it('is silent about a start that takes no time, and leaves its port alone', async () => {
  const { start, lines, port } = await begin(60_000)
  await start.letGoOfPort()
  expect(await isTaken(port)).toBe(false)
  await start.end()
  expect(lines).toEqual([])
})

function isTaken(port: number): Promise<boolean> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => {
      resolve(true)
    })
    server.listen(port, '127.0.0.1', () => {
      server.close(() => {
        resolve(false)
      })
    })
  })
}

function freePort(): Promise<number> {
  const server = createServer()
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => {
        resolve(typeof address === 'object' && address !== null ? address.port : 0)
      })
    })
  })
}
