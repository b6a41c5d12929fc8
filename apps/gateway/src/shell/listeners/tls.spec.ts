// Feared: a handshake that kills the broker or never ends, a certificate that is not taken up, or a broken one that is.
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import type { Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TLSSocket } from 'node:tls'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Authority } from '../testing/authority.js'
import { Listening, until } from '../testing/listening.js'
import type { Client, ListeningOptions } from '../testing/listening.js'
import type { CertificateFiles } from './certificates.js'

let authority: Authority
let directory = ''
let files: CertificateFiles
let listening: Listening | undefined

beforeAll(async () => {
  authority = await Authority.create()
})

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tls-'))
  files = {
    certificate: join(directory, 'server.pem'),
    key: join(directory, 'server-key.pem'),
    clientCa: undefined,
    areRequired: false,
    lookMillis: 10,
  }
})

afterEach(async () => {
  listening?.end()
  await rm(directory, { recursive: true })
})

/** Writes a new certificate and gives back its serial number as clients see it. */
async function install(name = 'localhost'): Promise<void> {
  const { cert, key } = await authority.sign(name)
  await writeFile(files.key, key)
  await writeFile(files.certificate, cert)
}

const open = async (options: Partial<ListeningOptions> = {}): Promise<Listening> =>
  (listening = await Listening.open({ names: ['tls'], certificates: files, ...options }))

function commonName({ socket }: Client): string | undefined {
  const name = socket instanceof TLSSocket ? socket.getPeerCertificate().subject.CN : undefined
  return typeof name === 'string' ? name : undefined
}

/** A proxy that sends its header and the client's first bytes in so many pieces. */
async function startProxy(to: number, pieces: number): Promise<{ server: Server; port: number }> {
  const server = createServer((client) => {
    const broker = connect(to, '127.0.0.1').setNoDelay()
    for (const socket of [client, broker]) socket.on('error', () => {})
    client.once('data', (first: Buffer) => {
      const bytes = Buffer.concat([Buffer.from('PROXY TCP4 192.0.2.1 127.0.0.1 4660 8883\r\n'), first])
      client.pause()
      const size = Math.ceil(bytes.length / pieces)
      const send = (at: number): void => {
        broker.write(bytes.subarray(at, at + size))
        if (at + size < bytes.length) setImmediate(send, at + size)
        else client.pipe(broker).pipe(client)
      }
      send(0)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return { server, port: typeof address === 'object' ? (address?.port ?? 0) : 0 }
}

describe('the TLS listener', () => {
  it('secures connections and names the peer', async () => {
    await install()
    const { reception } = await open()
    const client = (await listening?.connectTls({ ca: authority.ca })) ?? expect.fail()
    expect(await client.echoes('hello')).toBe('hello')
    const large = 'x'.repeat(300_000)
    expect(await client.echoes(large)).toBe(large)
    expect(reception.peers).toEqual([
      {
        host: '127.0.0.1',
        port: client.socket.localPort,
        transport: 'tls',
        forwarded: false,
        sameOrigin: true,
      },
    ])
    client.socket.end()
    await client.closed
    await until(() => reception.closed === 1)
    expect(reception.halfOpen).toBe(0)
  })

  it('tells how much a client has not taken, and when it has', async () => {
    await install()
    const { reception } = await open()
    const client = (await listening?.connectTls({ ca: authority.ca })) ?? expect.fail()
    await client.echoes('x')
    await until(() => reception.transports[0]?.pending === 0)
    client.socket.pause()
    const transport = reception.transports[0] ?? expect.fail()
    const drained = reception.drained
    const chunk = new Uint8Array(8_000_000)
    expect(transport.write(chunk, chunk.length)).toBe(false)
    expect(transport.pending).toBeGreaterThan(0)
    client.socket.resume()
    await until(() => reception.drained > drained && client.length === 1 + chunk.length)
    expect(transport.pending).toBe(0)
  })

  it('refuses TLS 1.1 and plain bytes with a line at debug, and goes on', async () => {
    await install()
    const { lines, reception } = await open()
    const old = {
      ca: authority.ca,
      maxVersion: 'TLSv1.1',
      minVersion: 'TLSv1',
      ciphers: 'ALL@SECLEVEL=0',
    } as const
    await expect(listening?.connectTls(old)).rejects.toThrow()
    const plain = await listening?.connect('tls')
    plain?.socket.write('\x10\x0c\0\x04MQTT\x04\x02\0\0\0\0')
    await plain?.closed
    await until(() => reception.halfOpen === 0)
    expect(listening?.turnedAway.tlsHandshake).toBe(2)
    expect(lines.of('debug')).toEqual(['a TLS handshake failed', 'a TLS handshake failed'])
    const client = await listening?.connectTls({
      ca: authority.ca,
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.2',
    })
    expect(await client?.echoes('on')).toBe('on')
  })

  it('lets no handshake take for ever, and counts it as half open', async () => {
    await install()
    const { reception } = await open({ arrivalMillisMax: 50 })
    const client = await listening?.connect('tls')
    await until(() => reception.halfOpen === 1)
    await client?.closed
    expect(listening?.turnedAway.tooLate).toBe(1)
    await until(() => reception.halfOpen === 0)
    expect(reception.peers).toEqual([])
  })

  it('takes the PROXY header before the handshake, also in one piece with it', async () => {
    await install()
    const { reception } = await open({ trusted: ['127.0.0.1'] })
    for (const pieces of [1, 2, 20]) {
      const proxy = await startProxy(listening?.port('tls') ?? 0, pieces)
      const client = (await listening?.connectTls({ ca: authority.ca, port: proxy.port })) ?? expect.fail()
      expect(await client.echoes('hello')).toBe('hello')
      expect(reception.peers.at(-1)).toMatchObject({ host: '192.0.2.1', transport: 'tls', forwarded: true })
      proxy.server.close()
    }
    const bare = await listening?.connect('tls')
    bare?.socket.write('\x16\x03\x01')
    await bare?.closed
    await until(() => reception.halfOpen === 0)
  })

  it('asks for certificates of a client CA, and lets nobody in without', async () => {
    await install()
    const clientCa = join(directory, 'client-ca.pem')
    await writeFile(clientCa, authority.ca)
    files = { ...files, clientCa }
    const { reception } = await open()
    const stranger = await Authority.create()
    await (
      await listening?.connectTls({ ca: authority.ca })
    )?.closed
    await (
      await listening?.connectTls({ ca: authority.ca, ...(await stranger.sign('somebody')) })
    )?.closed
    expect(reception.peers).toEqual([])
    const known = await listening?.connectTls({ ca: authority.ca, ...(await authority.sign('somebody')) })
    expect(await known?.echoes('hello')).toBe('hello')
  })
})

describe('certificates', () => {
  it('that are not there leave the listeners closed until they come', async () => {
    await open({ names: ['tls', 'tcp', 'wss'] })
    expect(listening?.names).toEqual(['tcp'])
    await install()
    await until(() => listening?.names.length === 3)
    const client = await listening?.connectTls({ ca: authority.ca })
    expect(await client?.echoes('hello')).toBe('hello')
  })

  it('are replaced without a restart: old connections live, new ones see the new', async () => {
    await install()
    await open()
    const old = (await listening?.connectTls({ ca: authority.ca })) ?? expect.fail()
    const { lines } = listening ?? expect.fail()
    authority = await Authority.create()
    await install()
    await until(() => lines.of('info').filter((line) => line === 'certificate read').length === 2)
    const client = await listening?.connectTls({ ca: authority.ca })
    expect(await client?.echoes('new')).toBe('new')
    expect(await old.echoes('old')).toBe('old')
    expect(commonName(old)).toBe('localhost')
  })

  it('that are broken are told once, and the old ones stay', async () => {
    await install()
    const { lines } = await open()
    const other = await authority.sign('localhost')
    await writeFile(files.key, other.key)
    await until(() => lines.of('error').length === 1)
    await writeFile(files.certificate, 'no certificate')
    await until(() => lines.of('error').length === 2)
    await rm(files.certificate)
    await until(() => lines.of('error').length === 3)
    expect(new Set(lines.of('error'))).toEqual(
      new Set(['the new certificates cannot be used; the old ones stay']),
    )
    const client = await listening?.connectTls({ ca: authority.ca })
    expect(await client?.echoes('hello')).toBe('hello')
    await writeFile(files.certificate, other.cert)
    await until(() => lines.of('info').filter((line) => line === 'certificate read').length === 2)
  })

  it.each([
    [
      'a key without a certificate',
      async () => rm(files.certificate),
      'cannot be read (ENOENT): TBMQ_TLS_CERTIFICATE, TBMQ_TLS_KEY and TBMQ_TLS_CLIENT_CA',
    ],
    ['no PEM', async () => writeFile(files.certificate, 'text'), 'no certificate with its key'],
    [
      'another key',
      async () => writeFile(files.key, (await authority.sign('localhost')).key),
      'no certificate with its key',
    ],
    [
      'a client CA that is none',
      async () => {
        files = { ...files, clientCa: files.key }
      },
      'server-key.pem (TBMQ_TLS_CLIENT_CA) holds no certificate',
    ],
  ])('that are %s end the start with a sentence', async (_name, damage, sentence) => {
    await install()
    await damage()
    await expect(open()).rejects.toThrow(sentence)
  })

  it('that somebody named must be there', async () => {
    files = { ...files, areRequired: true }
    await expect(open()).rejects.toThrow('server.pem cannot be read (ENOENT)')
  })
})
