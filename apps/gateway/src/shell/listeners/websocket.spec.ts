// Feared: a WebSocket that costs more than it should, says something that is not MQTT, or that comes from where it may not.
import { once } from 'node:events'
import { createConnection } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { Listening, until } from '../testing/listening.js'
import type { ListeningOptions } from '../testing/listening.js'

let listening: Listening | undefined
const open = async (options: Partial<ListeningOptions> = {}): Promise<Listening> =>
  (listening = await Listening.open({ names: ['ws'], ...options }))

const sockets: WebSocket[] = []
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.terminate()
  listening?.end()
})

interface Wanted {
  readonly headers?: Record<string, string>
  readonly protocols?: string[]
  readonly path?: string
}

function start({ headers = {}, protocols = ['mqtt'], path = '/mqtt' }: Wanted = {}): WebSocket {
  const address = `ws://127.0.0.1:${String(listening?.port('ws'))}${path}`
  const socket = new WebSocket(address, protocols, { headers })
  socket.on('error', () => {})
  sockets.push(socket)
  return socket
}

async function connected(wanted: Wanted = {}): Promise<{ socket: WebSocket; got: () => string }> {
  const socket = start(wanted)
  const pieces: string[] = []
  socket.on('message', (data) => pieces.push(Buffer.isBuffer(data) ? data.toString('latin1') : ''))
  await once(socket, 'open')
  return { socket, got: () => pieces.join('') }
}

/** The HTTP status that refuses the upgrade. */
function status(wanted: Wanted): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = start(wanted)
    socket.once('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0))
    socket.once('open', () => reject(new Error('it was let in')))
  })
}

/** Closing code. */
async function closedWith(socket: WebSocket): Promise<number> {
  return new Promise((resolve) => {
    socket.once('close', (code) => resolve(code))
  })
}

describe('the WebSocket listener', () => {
  it('carries bytes both ways and names the peer', async () => {
    const { reception } = await open()
    const { socket, got } = await connected()
    socket.send('hello', { binary: true })
    await until(() => got() === 'hello')
    expect(socket.protocol).toBe('mqtt')
    expect(reception.peers).toMatchObject([
      { host: '127.0.0.1', transport: 'ws', forwarded: false, sameOrigin: true },
    ])
    expect(reception.halfOpen).toBe(0)
    socket.close()
    expect(await closedWith(socket)).toBe(1005)
    await until(() => reception.closed === 1)
  })

  it('brings frames, fragments and single bytes as one stream', async () => {
    await open()
    const { socket, got } = await connected()
    const sent = Array.from({ length: 20_000 }, (_, index) => String.fromCharCode(97 + (index % 26))).join('')
    for (let at = 0; at < 10_000; at++) socket.send(sent.slice(at, at + 1), { binary: true })
    for (let at = 10_000; at < 20_000; at++) {
      socket.send(sent.slice(at, at + 1), { binary: true, fin: at === 19_999 })
    }
    await until(() => got().length === sent.length)
    expect(got()).toBe(sent)
  })

  it.each<[string, Wanted, number]>([
    ['another path', { path: '/else' }, 404],
    ['no sub-protocol', { protocols: [] }, 400],
    ['another sub-protocol', { protocols: ['chat'] }, 400],
    ['a foreign page', { headers: { origin: 'https://evil.example' } }, 403],
  ])('refuses %s', async (_name, wanted, expected) => {
    const { reception } = await open()
    expect(await status(wanted)).toBe(expected)
    await until(() => reception.halfOpen === 0)
    expect(reception.peers).toEqual([])
    expect(listening?.turnedAway.upgrade).toBe(1)
  })

  it('lets in a foreign page that is listed, and does not take it for a local program', async () => {
    const { reception } = await open({ origins: ['https://app.example.com'] })
    await connected({ headers: { origin: 'https://APP.example.com' } })
    expect(reception.peers).toMatchObject([{ sameOrigin: false }])
  })

  it('takes X-Forwarded-For from trusted proxies alone', async () => {
    const { reception } = await open({ trusted: ['127.0.0.1'] })
    await connected({ headers: { 'x-forwarded-for': '192.0.2.1' } })
    expect(reception.peers).toMatchObject([{ host: '192.0.2.1', forwarded: true }])
    listening?.end()
    const { reception: other } = await open()
    await connected({ headers: { 'x-forwarded-for': '192.0.2.1' } })
    expect(other.peers).toMatchObject([{ host: '127.0.0.1', forwarded: true }])
  })

  it('takes a PROXY header from trusted proxies, too', async () => {
    const { reception } = await open({ trusted: ['127.0.0.1'] })
    const socket = new WebSocket(`ws://127.0.0.1/mqtt`, ['mqtt'], {
      createConnection: () => {
        const connection = createConnection(listening?.port('ws') ?? 0, '127.0.0.1')
        connection.write('PROXY TCP4 192.0.2.1 127.0.0.1 4660 8084\r\n')
        return connection
      },
    })
    sockets.push(socket)
    await once(socket, 'open')
    expect(reception.peers).toMatchObject([{ host: '192.0.2.1', port: 4660, forwarded: true }])
  })

  it('ends the connection at a text frame, with 1003', async () => {
    const { reception } = await open()
    const { socket } = await connected()
    socket.send('text')
    socket.send('more', { binary: true })
    expect(await closedWith(socket)).toBe(1003)
    expect(reception.closed).toBe(1)
    expect(reception.received).toBe(0)
  })

  it.each([
    ['in one frame', [66_000]],
    ['in fragments', [60_000, 6_000]],
  ])('ends the connection at a message that is too large, %s', async (_name, sizes) => {
    const { reception } = await open()
    const { socket } = await connected()
    sizes.forEach((size, index) => {
      socket.send(new Uint8Array(size), { fin: index === sizes.length - 1 })
    })
    expect(await closedWith(socket)).toBe(1009)
    await until(() => reception.closed === 1)
  })

  it.each([
    ['one frame', 1, 300_000],
    ['fragments', 30, 10_000],
    ['tiny fragments', 50_000, 1],
  ])(
    'holds little for a client that is not logged in, whose message comes in %s',
    async (_name, count, size) => {
      const { reception } = await open({ messageBytesMax: 1_000_000, isLoggedIn: false })
      const { socket } = await connected()
      for (let i = 0; i < 10; i++) socket.send(new Uint8Array(60_000))
      await until(() => reception.received === 600_000)
      for (let i = 1; i <= count; i++) socket.send(new Uint8Array(size), { fin: i === count })
      await closedWith(socket)
      await until(() => reception.closed === 1)
      expect(reception.received).toBe(600_000)
    },
  )

  it('answers pings, and not those of a client that takes nothing', async () => {
    const { reception } = await open()
    const { socket } = await connected()
    socket.ping()
    await once(socket, 'pong')
    socket.pause()
    const transport = reception.transports[0] ?? expect.fail()
    const chunk = new Uint8Array(8_000_000)
    expect(transport.write(chunk, chunk.length)).toBe(false)
    for (let count = 0; count < 10_000; count++) socket.ping('x'.repeat(100))
    socket.send('fence', { binary: true })
    await until(() => reception.received === 5)
    expect(transport.pending).toBeLessThan(8_100_000)
    socket.resume()
    await until(() => transport.pending === 0)
    await until(() => reception.drained > 0)
  })

  it('ends a connection with 1000, after what was written', async () => {
    const { reception } = await open()
    const { socket, got } = await connected()
    const transport = reception.transports[0] ?? expect.fail()
    transport.write(Buffer.from('bye'), 3)
    transport.end()
    expect(await closedWith(socket)).toBe(1000)
    expect(got()).toBe('bye')
  })

  it('stops and goes on reading', async () => {
    const { reception } = await open()
    const { socket, got } = await connected()
    socket.send('a', { binary: true })
    await until(() => got() === 'a')
    const transport = reception.transports[0] ?? expect.fail()
    transport.pause()
    for (let count = 0; count < 1_000; count++) socket.send(new Uint8Array(60_000))
    await until(() => socket.bufferedAmount > 0)
    expect(reception.received).toBeLessThan(1_000_000)
    transport.resume()
    await until(() => reception.received === 60_000_001)
  })
})

describe('plain HTTP', () => {
  async function answer(bytes: string): Promise<string> {
    const client = (await listening?.connect('ws')) ?? expect.fail()
    client.socket.write(bytes)
    await client.closed
    return client.got.toString('latin1')
  }

  it('is answered with 426 at the path and 404 elsewhere, and closed', async () => {
    const { reception } = await open()
    expect(await answer('GET /mqtt HTTP/1.1\r\nHost: x\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 426 [^]*Upgrade: websocket/,
    )
    expect(await answer('GET / HTTP/1.1\r\nHost: x\r\n\r\n')).toMatch(/^HTTP\/1\.1 404 /)
    expect(await answer('\x10\x0c\0\x04MQTT')).toMatch(/^HTTP\/1\.1 400 /)
    expect(await answer(`GET /${'x'.repeat(100_000)}`)).toMatch(/^HTTP\/1\.1 431 /)
    await until(() => reception.halfOpen === 0)
  })

  it('must be done in time', async () => {
    const { reception } = await open({ arrivalMillisMax: 50 })
    const client = (await listening?.connect('ws')) ?? expect.fail()
    client.socket.write('GET /mqtt HTTP/1.1\r\n')
    await client.closed
    await until(() => reception.halfOpen === 0)
  })

  it('wants an upgrade to WebSocket and none other', async () => {
    const { reception } = await open()
    const upgrade = 'GET /mqtt HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n'
    expect(await answer(`${upgrade}Upgrade: h2c\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 400 /,
    )
    expect(await answer(`${upgrade}Upgrade: websocket\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 400 /,
    )
    await until(() => reception.halfOpen === 0)
  })
})
