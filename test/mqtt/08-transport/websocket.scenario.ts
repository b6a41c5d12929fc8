// What is special to WebSocket: frames and packets, text frames, sub-protocols, origins.
import { once } from 'node:events'
import { expect } from 'vitest'
import { WebSocket } from 'ws'
import { join } from '../client/bytes.js'
import { deadlineMillis } from '../client/client.js'
import {
  codeOf,
  connect,
  connectPacket,
  fence,
  message,
  publish,
  publishPacket,
  subscribe,
  textOf,
} from '../client/dialogue.js'
import type { Scene } from '../scene/scene.js'
import { scenario } from '../scene/scenario.js'

/** Opens a WebSocket by hand and resolves with its sub-protocol, or with the HTTP status of the refusal. */
async function handshake(
  t: Scene,
  protocols: string[],
  headers: Record<string, string> = {},
): Promise<string | number> {
  const socket = new WebSocket(t.broker.addresses.ws ?? '', protocols, { headers })
  try {
    return await new Promise<string | number>((resolve, reject) => {
      socket.once('open', () => resolve(socket.protocol))
      socket.once('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0))
      socket.once('error', reject)
    })
  } finally {
    socket.on('error', () => undefined)
    socket.terminate()
  }
}

/** Opens a WebSocket that the case handles frame by frame. */
async function openSocket(t: Scene): Promise<WebSocket> {
  const socket = new WebSocket(t.broker.addresses.ws ?? '', ['mqtt'])
  await once(socket, 'open')
  return socket
}

/** Resolves at the next event of this name; rejects at the deadline. */
async function within(socket: WebSocket, event: string): Promise<unknown[]> {
  const found: unknown[] = await once(socket, event, { signal: AbortSignal.timeout(deadlineMillis) })
  return found
}

scenario('5.0 [MQTT-6.0.0-2], 3.1.1 [MQTT-6.0.0-2]: one byte per WebSocket frame', async (t) => {
  const client = await t.open({ via: 'ws' })
  const inPieces = (bytes: Uint8Array): void => {
    for (let at = 0; at < bytes.length; at += 1) client.send(bytes.subarray(at, at + 1))
  }
  inPieces(client.encode(connectPacket(5, { clientId: t.id() })))
  await client.receive('connack')
  inPieces(client.encode({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: t.topic(), qos: 1 }] }))
  await client.receive('suback')
  inPieces(
    client.encode({
      cmd: 'publish',
      topic: t.topic(),
      payload: 'in pieces',
      qos: 1,
      messageId: 2,
      dup: false,
      retain: false,
    }),
  )
  inPieces(client.encode({ cmd: 'pingreq' }))
  expect(textOf(await message(client))).toBe('in pieces')
  await client.receive('pingresp')
})

scenario(
  '5.0 [MQTT-6.0.0-2], 3.1.1 [MQTT-6.0.0-2]: many packets in one WebSocket frame, the last one cut',
  async (t) => {
    const client = await t.connect({}, { via: 'ws' })
    await subscribe(client, { [t.topic()]: 0 })
    const one = (payload: string): Uint8Array =>
      client.encode({ cmd: 'publish', topic: t.topic(), payload, qos: 0, dup: false, retain: false })
    const last = one('last')
    client.send(join(...Array.from({ length: 50 }, (_, index) => one(`${index}`)), last.subarray(0, 5)))
    for (let count = 0; count < 50; count += 1) expect(textOf(await message(client))).toBe(`${count}`)
    client.send(last.subarray(5))
    expect(textOf(await message(client))).toBe('last')
  },
)

scenario(
  '5.0 [MQTT-6.0.0-2], 3.1.1 [MQTT-6.0.0-2]: a WebSocket frame may be larger than the largest packet',
  async (t) => {
    const client = await t.connect({}, { via: 'ws' })
    const payload = 'x'.repeat(10_000)
    const packets = Array.from({ length: 200 }, (_, index) =>
      client.encode(publishPacket(t.topic(), payload, { qos: 1, messageId: index + 1 })),
    )
    client.send(join(...packets))
    for (let id = 1; id <= 200; id += 1) expect((await client.receive('puback')).messageId).toBe(id)
  },
)

scenario('5.0 [MQTT-6.0.0-1], 3.1.1 [MQTT-6.0.0-1]: a text frame ends the connection', async (t) => {
  const socket = await openSocket(t)
  const closed = within(socket, 'close')
  const client = await t.open()
  socket.send(Buffer.from(client.encode(connectPacket(5, { clientId: 'textframe' }))).toString('latin1'), {
    binary: false,
  })
  await closed
})

scenario('5.0 [MQTT-6.0.0-1], 3.1.1 [MQTT-6.0.0-1]: the broker sends binary frames', async (t) => {
  const socket = await openSocket(t)
  const first = within(socket, 'message')
  const client = await t.open()
  socket.send(client.encode(connectPacket(5, { clientId: t.id() })))
  expect((await first)[1]).toBe(true)
  socket.terminate()
})

scenario('5.0 [MQTT-6.0.0-4], 3.1.1 [MQTT-6.0.0-4]: the sub-protocol «mqtt» is chosen', async (t) => {
  expect(await handshake(t, ['mqtt'])).toBe('mqtt')
  expect(await handshake(t, ['chat', 'mqtt'])).toBe('mqtt')
})

scenario('the sub-protocol «mqttv3.1» is chosen for clients of 3.1', async (t) => {
  expect(await handshake(t, ['mqttv3.1'])).toBe('mqttv3.1')
})

scenario('5.0 [MQTT-6.0.0-3], 3.1.1 [MQTT-6.0.0-3]: without the sub-protocol there is no MQTT', async (t) => {
  const answers = [
    await handshake(t, ['chat']).catch(() => 'refused'),
    await handshake(t, []).catch(() => 'refused'),
  ]
  for (const answer of answers) expect(['refused', 400, 403, 404, 426]).toContain(answer)
})

scenario(
  'a page of another host is refused with 403; one of the own host is let in',
  async (t) => {
    const own = new URL(t.broker.addresses.ws ?? '')
    expect(await handshake(t, ['mqtt'], { origin: 'http://evil.example' })).toBe(403)
    expect(await handshake(t, ['mqtt'], { origin: `http://${own.host}` })).toBe('mqtt')
  },
  { needs: 'a check of the Origin header' },
)

scenario(
  'another path is not MQTT',
  async (t) => {
    const own = t.broker.addresses.ws ?? ''
    const socket = new WebSocket(own.replace('/mqtt', '/else'), ['mqtt'])
    const status = await new Promise((resolve) => {
      socket.once('open', () => resolve('open'))
      socket.once('unexpected-response', (_request, response) => resolve(response.statusCode))
      socket.once('error', () => resolve('refused'))
    })
    expect(status).not.toBe('open')
    socket.on('error', () => undefined)
    socket.terminate()
  },
  { needs: 'a path of its own' },
)

scenario('a WebSocket ping is answered', async (t) => {
  const socket = await openSocket(t)
  const pong = within(socket, 'pong')
  socket.ping()
  await pong
  socket.terminate()
})

scenario('a WebSocket closed in order without a DISCONNECT leaves the will', async (t) => {
  const watcher = await t.connect()
  await subscribe(watcher, { [t.topic()]: 1 })
  const client = await t.connect(
    { will: { topic: t.topic(), payload: 'gone', qos: 1, retain: false } },
    { via: 'ws' },
  )
  await client.end()
  expect(textOf(await message(watcher))).toBe('gone')
})

scenario('a fragmented WebSocket message is one stream with the others', async (t) => {
  const socket = await openSocket(t)
  const watcher = await t.connect()
  await subscribe(watcher, { [t.topic()]: 0 })
  const bytes = join(
    watcher.encode(connectPacket(5, { clientId: t.id() })),
    watcher.encode({
      cmd: 'publish',
      topic: t.topic(),
      payload: 'in fragments',
      qos: 0,
      dup: false,
      retain: false,
    }),
  )
  for (let at = 0; at < bytes.length; at += 1)
    socket.send(bytes.subarray(at, at + 1), { fin: at === bytes.length - 1, binary: true })
  expect(textOf(await message(watcher))).toBe('in fragments')
  socket.terminate()
  await publish(watcher, t.topic(), 'x')
  await fence(watcher)
})

scenario(
  'the loopback rule: a forwarding header or a page of another host is not this machine',
  async (t) => {
    const broker = await t.startBroker({ settings: { ours: { TBMQ_ANONYMOUS: 'loopback' } } })
    const login = async (headers: Record<string, string>): Promise<number | string> => {
      const client = await t.open({ broker, via: 'ws', headers }).catch(() => undefined)
      if (client === undefined) return 'refused'
      return connect(client, { clientId: t.id() }).then(codeOf, () => 'closed')
    }
    expect(await login({})).toBe(0)
    for (const header of ['x-forwarded-for', 'X-Forwarded-For', 'forwarded', 'x-real-ip']) {
      const value = header === 'forwarded' ? 'for=192.0.2.1' : '192.0.2.1'
      expect([header, await login({ [header]: value })]).not.toEqual([header, 0])
    }
    expect(await login({ origin: 'http://evil.example' })).toBe('refused')
  },
  { needs: 'the loopback rule', timeoutMillis: 60_000 },
)
