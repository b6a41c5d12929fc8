// Feared: a listener that fills up and stays full, names the wrong peer, lets half-open sockets pile up, or dies of what comes.
import { once } from 'node:events'
import { createServer } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { Listening, until, type Client } from '../testing/listening.js'
import type { ListeningOptions } from '../testing/listening.js'
import { lastReadWay } from './shared-read.js'

let listening: Listening | undefined
const open = async (options: ListeningOptions): Promise<Listening> =>
  (listening = await Listening.open(options))

afterEach(() => {
  listening?.end()
})

const header = 'PROXY TCP4 192.0.2.1 127.0.0.1 4660 1883\r\n'

describe('the TCP listener', () => {
  it('reads sockets into the shared buffer and names the peer', async () => {
    const { reception } = await open({ names: ['tcp'] })
    const client = await listening?.connect('tcp')
    expect(await client?.echoes('hello')).toBe('hello')
    expect(lastReadWay).toBe('shared buffer')
    const port = client?.socket.localPort
    expect(reception.peers).toEqual([
      { host: '127.0.0.1', port, transport: 'tcp', forwarded: false, sameOrigin: true },
    ])
  })

  it('counts its own connections', async () => {
    const here = await open({ names: ['tcp', 'ws'] })
    const client = await here.connect('tcp')
    await client.echoes('x')
    expect(here.connections).toEqual({ tcp: 1, ws: 0 })
    client.socket.end()
    await until(() => here.connections['tcp'] === 0)
  })

  it('is full with as many connections as it may have, and only then', async () => {
    const { lines, reception } = await open({ names: ['tcp'], connectionsMax: 2 })
    const here = listening ?? expect.fail()
    for (let count = 1; count <= 6; count++) {
      const passing = await here.connect('tcp')
      await passing.echoes('x')
      passing.socket.end()
      await until(() => reception.closed === count)
    }
    const [first, second] = [await here.connect('tcp'), await here.connect('tcp')]
    await Promise.all([first.echoes('x'), second.echoes('x')])
    await (
      await here.connect('tcp')
    ).closed
    await (
      await here.connect('tcp')
    ).closed
    expect(lines.of('warn')).toEqual(['the listener is full'])
    await until(() => here.connections['tcp'] === 2)
    expect(listening?.turnedAway.listenerFull).toBe(2)
    first.socket.end()
    await first.closed
    await until(() => reception.closed === 7)
    await (await here.connect('tcp')).echoes('x')
  })

  it('lets all come back that have left at the same moment, though it is full until it hears of that', async () => {
    const connectionsMax = 100
    const { lines } = await open({ names: ['tcp'], connectionsMax })
    const here = listening ?? expect.fail()
    const all = (): Promise<Client[]> =>
      Promise.all(Array.from({ length: connectionsMax }, () => here.connect('tcp')))
    let clients = await all()
    for (let round = 0; round < 5; round++) {
      await Promise.all(clients.map((client) => client.echoes('x')))
      for (const { socket } of clients) socket.destroy()
      clients = await all()
    }
    await Promise.all(clients.map((client) => client.echoes('x')))
    expect(here.connections).toEqual({ tcp: connectionsMax })
    expect([here.turnedAway.listenerFull, lines.of('warn')]).toEqual([0, []])
  })

  it('gives a place that becomes free to the first that waits, and lets none in beside', async () => {
    await open({ names: ['tcp'], connectionsMax: 1 })
    const here = listening ?? expect.fail()
    const first = await here.connect('tcp')
    await first.echoes('x')
    const [second, third] = [await here.connect('tcp'), await here.connect('tcp')]
    const echo = second.echoes('my turn')
    await first.echoes('x')
    expect(second.length).toBe(0)
    first.socket.end()
    expect(await echo).toBe('my turn')
    await third.closed
    expect(here.connections).toEqual({ tcp: 1 })
    expect(here.turnedAway.listenerFull).toBe(1)
  })

  it('lets sockets wait unread while too many are half open', async () => {
    const { reception } = await open({ names: ['tcp'] })
    reception.halfOpenMax = 0
    const client = await listening?.connect('tcp')
    const echo = client?.echoes('waits')
    const fence = await listening?.connect('tcp')
    expect(fence?.length).toBe(0)
    expect(reception.peers).toEqual([])
    reception.halfOpenMax = 1
    reception.arrive()
    reception.arrived()
    expect(await echo).toBe('waits')
  })

  it('closes what the reception has no place for', async () => {
    const { reception } = await open({ names: ['tcp'] })
    reception.isFull = true
    await (
      await listening?.connect('tcp')
    )?.closed
  })

  it('says in a sentence that its port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const address = other.address()
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0
    await expect(open({ names: ['tcp'], port })).rejects.toThrow(
      `Port ${String(port)} (tcp) is taken by another program. TBMQ_TCP_PORT sets another one.`,
    )
    other.close()
  })

  it('tells when what was written has left, and how much has not', async () => {
    const { reception } = await open({ names: ['tcp'] })
    const client = (await listening?.connect('tcp')) ?? expect.fail()
    await client.echoes('x')
    client.socket.pause()
    const transport = reception.transports[0] ?? expect.fail()
    const chunk = new Uint8Array(1_000_000)
    let written = 1
    while (transport.write(chunk, chunk.length)) written += chunk.length
    written += chunk.length
    expect(transport.pending).toBeGreaterThan(0)
    expect(reception.drained).toBe(0)
    client.socket.resume()
    await until(() => reception.drained === 1 && client.length === written)
    expect(transport.pending).toBe(0)
  })
})

describe('the PROXY protocol on TCP', () => {
  it('names the client, however it is cut', async () => {
    const { reception } = await open({ names: ['tcp'], trusted: ['127.0.0.0/8'] })
    for (const pieces of [[`${header}hello`], [header, 'hello'], [...header, ...'hello']]) {
      const client = (await listening?.connect('tcp')) ?? expect.fail()
      for (const piece of pieces.slice(0, -1)) {
        client.socket.write(piece)
        await new Promise((resolve) => setImmediate(resolve))
      }
      client.socket.write(pieces.at(-1) ?? '')
      await until(() => client.got.toString() === 'hello')
      expect(reception.peers.at(-1)).toMatchObject({ host: '192.0.2.1', port: 4660, forwarded: true })
    }
    expect(reception.halfOpen).toBe(0)
    expect(lastReadWay).toBe('shared buffer')
  })

  it.each(['\x10\x0c', 'PROXY TCP4 x\r\n', 'P'.repeat(200)])(
    'is required of a trusted proxy, case %#',
    async (bytes) => {
      const { lines, reception } = await open({ names: ['tcp'], trusted: ['127.0.0.1'] })
      const client = await listening?.connect('tcp')
      client?.socket.write(bytes)
      await client?.closed
      expect(reception.peers).toEqual([])
      expect(reception.halfOpen).toBe(0)
      expect(lines.of('info')).toEqual(['a connection of a proxy was refused'])
      expect(listening?.turnedAway.proxyHeader).toBe(1)
    },
  )

  it('must be done in time', async () => {
    const { reception } = await open({ names: ['tcp'], trusted: ['127.0.0.1'], arrivalMillisMax: 50 })
    const client = await listening?.connect('tcp')
    client?.socket.write('PROXY ')
    await client?.closed
    await until(() => reception.halfOpen === 0)
  })

  it('is not taken from others: its bytes are the client’s', async () => {
    const { reception } = await open({ names: ['tcp'], trusted: ['10.0.0.0/8'] })
    const client = await listening?.connect('tcp')
    expect(await client?.echoes(header)).toBe(header)
    expect(reception.peers[0]?.forwarded).toBe(false)
  })
})

describe('without file descriptors', () => {
  it('accepting pauses with one line, and goes on when there is room', async () => {
    const { lines } = await open({ names: ['tcp', 'ws'], descriptorsMax: 4 })
    const here = listening ?? expect.fail()
    const clients = [await here.connect('tcp'), await here.connect('tcp'), await here.connect('tcp')]
    const last = await here.connect('tcp')
    await Promise.all([...clients, last].map((client) => client.echoes('x')))
    await expect(here.connect('tcp')).rejects.toThrow('ECONNREFUSED')
    await expect(here.connect('ws')).rejects.toThrow('ECONNREFUSED')
    expect(await last.echoes('still here')).toBe('still here')
    for (const client of clients) client.socket.destroy()
    const isAccepting = (): Promise<boolean> =>
      here.connect('tcp').then(
        () => true,
        () => false,
      )
    await until(isAccepting)
    expect(await (await here.connect('tcp')).echoes('again')).toBe('again')
    expect(lines.of('warn')).toEqual(['out of file descriptors: accepting pauses'])
  })
})

describe('a listener that was closed', () => {
  it('takes nobody and keeps whom it has', async () => {
    const { reception } = await open({ names: ['tcp'] })
    const here = listening ?? expect.fail()
    const client = await here.connect('tcp')
    await client.echoes('x')
    const port = here.port('tcp')
    here.close()
    expect(await client.echoes('still here')).toBe('still here')
    expect(reception.closed).toBe(0)
    await expect(here.connect('tcp')).rejects.toThrow('ECONNREFUSED')
    expect(port).toBeGreaterThan(0)
  })
})
