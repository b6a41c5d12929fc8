// Feared: answers before the log has stored, one write per packet, sockets that are never read again, a client that takes others down,
// a good-bye that is lost, and ends that session never hears of.
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { EventLog } from '#libs/log'
import { parseFilter } from '#libs/mqtt'
import type { ClientPacket, PublishPacket } from '#libs/mqtt'
import { catalogue } from '#libs/topics'
import { Driven, type HandTransport } from './testing/driven.js'

let driven: Driven
const begin = async (...options: Parameters<typeof Driven.begin>): Promise<Driven> =>
  (driven = await Driven.begin(...options))

afterEach(async () => {
  await driven.settle(driven.life.end())
})

const publish = (payload: string, given: Partial<PublishPacket> = {}): PublishPacket => ({
  kind: 'publish',
  dup: false,
  qos: 0,
  retain: false,
  packetId: 0,
  topic: 't',
  payload: Buffer.from(payload),
  properties: {},
  ...given,
})

const options = { qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const
const subscribe = {
  kind: 'subscribe',
  packetId: 1,
  subscriptions: [{ filter: parseFilter('t'), ...options }],
  properties: {},
} as const

const closings = () =>
  driven.sessionRecords().flatMap((record) => (record.kind === 'ConnectionClosed' ? [record] : []))

describe('the driver of connections', () => {
  it('answers what is stored, and writes once per turn and socket', async () => {
    await begin()
    const client = await driven.connect('a')
    const before = client.writes
    client.send(...[1, 2, 3].map((packetId) => publish(String(packetId), { qos: 1, packetId })))
    await new Promise((resolve) => setImmediate(resolve))
    expect(client.take()).toEqual([])
    await driven.settle()
    expect(client.take()).toMatchObject([{ packetId: 1 }, { packetId: 2 }, { packetId: 3 }])
    expect(client.writes).toBe(before + 1)
    expect(driven.messages()).toEqual(['1', '2', '3'])
  })

  it('asks the log to hurry when a client waits, and not for messages of QoS 0', async () => {
    await begin()
    const client = await driven.connect('a')
    const log: EventLog = driven.log
    const appends = vi.spyOn(log, 'append')
    const barriers = vi.spyOn(log, 'barrier')
    const hurried = async (act: () => void): Promise<boolean> => {
      appends.mockClear()
      barriers.mockClear()
      act()
      await new Promise((resolve) => setImmediate(resolve))
      return barriers.mock.calls.length > 0 || appends.mock.calls.some(([, , , awaited]) => awaited !== false)
    }
    const subscription = { filter: parseFilter('t'), qos: 0, noLocal: false } as const
    const options = { ...subscription, retainAsPublished: false, retainHandling: 0 } as const
    const sent = (...packets: ClientPacket[]): Promise<boolean> => hurried(() => client.send(...packets))
    expect(await sent(publish('1'))).toBe(false)
    expect(await sent(publish('2'), publish('3', { qos: 1, packetId: 1 }))).toBe(true)
    await driven.settle()
    expect(await sent(publish('4'))).toBe(false)
    // These wait for the turn before, and bring nothing of their own yet.
    expect(await sent({ kind: 'subscribe', packetId: 2, subscriptions: [options], properties: {} })).toBe(
      true,
    )
    const other = await driven.connect('b')
    expect(await hurried(() => other.send(publish('5')))).toBe(false)
    expect(await hurried(() => other.events?.closed())).toBe(true)
  })

  it('writes to sockets before the end of a turn that fills too many buffers, and to each of them in order', async () => {
    await begin()
    const clients: HandTransport[] = []
    for (let i = 0; i < 150; i++) clients.push(await driven.connect(String(i)))
    const numbers = clients.map((_, i) => 2 ** 20 + i)
    const before = clients.map(({ writes }) => writes)
    driven.tellRuns(numbers, [`1 ${'x'.repeat(20_000)}`, `2 ${'x'.repeat(20_000)}`])
    await driven.settle()
    const writes = clients.map((client, i) => client.writes - (before[i] ?? 0))
    expect(new Set(writes)).toEqual(new Set([2]))
    for (const client of clients) {
      const payloads = client.take().map((packet) => ('payload' in packet ? packet.payload[0] : undefined))
      expect(payloads).toEqual([0x31, 0x32])
    }
  })

  it('takes packets whole, however they are cut', async () => {
    await begin()
    const client = await driven.connect('a')
    const large = 'x'.repeat(3000)
    const packets = [0x30, 0xbc, 0x17, 0, 1, 0x74, 0, ...Buffer.from(large), 0xc0, 0]
    for (const byte of packets) client.raw(new Uint8Array([byte]))
    await driven.settle()
    expect(driven.messages()).toEqual([large])
    expect(client.take()).toMatchObject([{ kind: 'pingresp' }])
  })

  it('puts a SUBSCRIBE behind what its client published, and behind what was read before it, though a turn ends early', async () => {
    await begin()
    const names = ['flood', 'asks', 'publishes and asks']
    const [flood, asks, both] = await Promise.all(names.map((name) => driven.connect(name)))
    const large = (packetId: number) => publish('x'.repeat(200_000), { qos: 1, packetId })
    const appends = vi.spyOn(driven.log, 'append')
    flood?.send(publish('read before'))
    asks?.send(subscribe)
    flood?.send(large(1), large(2))
    both?.send(publish('its own'), subscribe)
    flood?.send(large(3), large(4))
    await driven.settle()
    const { messages, subscriptionInbox } = catalogue
    // The first is in the log before what was read behind it: its client gets more than it was promised.
    expect(appends.mock.calls.map(([{ topic }]) => topic)).toEqual([
      messages.name,
      subscriptionInbox.name,
      messages.name,
      subscriptionInbox.name,
    ])
    const short = driven.messages().map((text) => text.slice(0, 11))
    expect(short).toEqual([
      'read before',
      'x'.repeat(11),
      'x'.repeat(11),
      'its own',
      'x'.repeat(11),
      'x'.repeat(11),
    ])
  })

  it('takes a DISCONNECT that was sent before the client left, though it waits behind a SUBSCRIBE', async () => {
    await begin()
    const client = await driven.connect('a')
    client.send(publish('first'), subscribe, { kind: 'disconnect', reasonCode: 0, properties: {} })
    client.events?.closed()
    await driven.settle()
    expect(driven.messages()).toEqual(['first'])
    expect(closings()).toMatchObject([{ clientId: 'a', cause: 'client', publishWill: false }])
  })

  it('reports a connection that breaks while it waits for its session', async () => {
    await begin()
    driven.letsIn = false
    const client = await driven.connect('a')
    client.destroy()
    await driven.settle()
    expect(closings()).toMatchObject([{ clientId: 'a', birth: 0, cause: 'broken' }])
    expect(driven.counters).toMatchObject({ halfOpen: 0, connections: 0 })
  })

  it('refuses a client whose CONNECT nobody answers, and forgets one that has left meanwhile with packets waiting', async () => {
    await begin()
    driven.letsIn = false
    const [waits, left] = [await driven.connect('a'), await driven.connect('b')]
    left.send(publish('never read'))
    left.events?.closed()
    driven.now += 40_001
    driven.life.driver.tick()
    await driven.settle()
    expect(waits.take()).toMatchObject([{ kind: 'connack', reasonCode: 0x88 }])
    expect(
      closings()
        .map(({ clientId }) => clientId)
        .sort(),
    ).toEqual(['a', 'b'])
    expect(driven.counters.halfOpen).toBe(0)
  })

  it('gives a slow reader that takes something all the time that it needs', async () => {
    await begin({ slowReaderMillisMax: 20_000 })
    const client = await driven.connect('a')
    client.takes = false
    client.send({ kind: 'pingreq' }, { kind: 'pingreq' })
    await driven.settle()
    for (let left = 4; left > 1; left--) {
      client.pending = left - 1
      driven.now += 12_000
      client.send({ kind: 'pingreq' })
      driven.life.driver.tick()
    }
    await driven.settle()
    expect(client.isDestroyed).toBe(false)
    client.drain()
    await driven.settle()
    expect(client.take().length).toBe(5)
  })

  it('holds no more than it must while a session waits, then pauses the socket, and reads on afterwards', async () => {
    await begin()
    driven.letsIn = false
    const client = await driven.connect('a')
    for (let i = 0; i < 70; i++) client.send(publish('x'.repeat(1000)))
    expect(client.isPaused).toBe(true)
    driven.tell({
      kind: 'SessionAccepted',
      incarnation: 1,
      connection: 2 ** 20,
      birth: 9,
      sessionPresent: false,
      kept: false,
      expirySeconds: 0,
      permissions: { publish: undefined, subscribe: undefined },
      principal: '',
    })
    await driven.settle()
    expect(client.isPaused).toBe(false)
    expect(driven.messages().length).toBe(70)
  })

  it('stops reading while too much is not stored, and reads on when it is', async () => {
    await begin({ appendWindowBytesMax: 10_000 })
    const client = await driven.connect('a')
    client.send(publish('x'.repeat(20_000)))
    // The turn ends, but the log has not gone on.
    await new Promise((resolve) => setImmediate(resolve))
    client.send(publish('last'))
    expect(client.isPaused).toBe(true)
    expect(driven.counters.unstoredBytes).toBeGreaterThan(20_000)
    await driven.settle()
    expect(client.isPaused).toBe(false)
    expect(driven.messages().at(-1)).toBe('last')
    expect(driven.counters).toMatchObject({ unstoredBytes: 0, appendWindowWaits: 1 })
  })

  /** So much later the driver looks at its connections; the log has not gone on. */
  async function tickAfter(millis: number): Promise<void> {
    driven.now += millis
    driven.life.driver.tick()
    await new Promise((resolve) => setImmediate(resolve))
  }

  it('does not blame a client for its silence that it does not read, for the disk is slow', async () => {
    await begin({ appendWindowBytesMax: 10_000 })
    const client = await driven.connect('a')
    client.send(publish('x'.repeat(20_000)))
    await new Promise((resolve) => setImmediate(resolve))
    client.send({ kind: 'pingreq' })
    expect(client.isPaused).toBe(true)
    for (let seconds = 0; seconds < 60; seconds++) await tickAfter(1_000)
    expect([client.isPaused, client.isEnded]).toEqual([true, false])
    await driven.settle()
    expect([client.isPaused, client.isEnded]).toEqual([false, false])
    expect(driven.counters.keepAliveTimeouts).toBe(0)
  })

  it('does not blame a client that was passed at rest and not read since', async () => {
    await begin({ appendWindowBytesMax: 10_000 })
    const client = await driven.connect('a')
    // From here on it is looked at when its silence could have lasted too long.
    await tickAfter(1_000)
    client.send(publish('x'.repeat(20_000)))
    await new Promise((resolve) => setImmediate(resolve))
    client.send({ kind: 'pingreq' })
    expect(client.isPaused).toBe(true)
    for (let seconds = 0; seconds < 13; seconds++) await tickAfter(1_000)
    // The disk has gone on, and what came meanwhile still lies in the socket.
    await driven.settle()
    expect(client.isPaused).toBe(false)
    await tickAfter(2_001)
    expect(client.isEnded).toBe(false)
  })

  it('looks at a client at rest in time when the clock was set back', async () => {
    await begin()
    const client = await driven.connect('a')
    await tickAfter(1_000)
    driven.now -= 3_600_000
    client.send({ kind: 'pingreq' })
    await driven.settle()
    await tickAfter(15_001)
    expect(client.isEnded).toBe(true)
    expect(driven.counters.keepAliveTimeouts).toBe(1)
  })

  it.each([
    ['says nothing for 1.5 times its keep alive', 15_001, 'keepAlive', 0x8d],
    ['takes nothing from its socket', 60_000, 'server', 0x97],
  ] as const)('cuts a client that %s', async (_what, millis, cause, reasonCode) => {
    await begin({ slowReaderMillisMax: 20_000 })
    const client = await driven.connect('a')
    if (cause === 'server') {
      client.takes = false
      client.send({ kind: 'pingreq' })
      await driven.settle()
    }
    driven.now += millis - (cause === 'server' ? 39_000 : 1000)
    client.send({ kind: 'pingreq' })
    driven.now += cause === 'server' ? 0 : millis
    driven.life.driver.tick()
    await driven.settle()
    expect(closings()).toMatchObject([{ cause, reasonCode, publishWill: true }])
    expect(client.isEnded || client.isDestroyed).toBe(true)
  })

  it('looks at many connections in several turns, and at each of them', async () => {
    await begin({ halfOpenMax: 10_000 })
    const silent = Array.from({ length: 5_000 }, () => driven.open())
    driven.now += 10_001
    driven.life.driver.tick()
    driven.life.driver.tick()
    const ended = () => driven.counters.halfOpen
    expect(ended()).toBe(3_000)
    await driven.settle()
    expect(ended()).toBe(0)
    expect(silent.every(({ isEnded }) => isEnded)).toBe(true)
  })

  it('cuts who sends no CONNECT in time, and a socket that does not close after its end', async () => {
    await begin()
    const silent = driven.open()
    const stuck = await driven.connect('a')
    stuck.leaves = false
    stuck.send({ kind: 'disconnect', reasonCode: 0, properties: {} })
    await driven.settle()
    expect([stuck.isEnded, stuck.isDestroyed]).toEqual([true, false])
    driven.now += 10_001
    driven.life.driver.tick()
    await driven.settle()
    expect([silent.isEnded, stuck.isDestroyed]).toEqual([true, true])
    expect(driven.counters).toMatchObject({ halfOpen: 0, connections: 0 })
  })

  it('says good-bye at a graceful stop, tells session of each end, then ends its life', async () => {
    await begin()
    const clients = [await driven.connect('a'), await driven.connect('b')]
    clients[0]?.send(publish('last words', { qos: 1, packetId: 1 }))
    await driven.settle(driven.life.end())
    for (const client of clients)
      expect(client.take().at(-1)).toMatchObject({ kind: 'disconnect', reasonCode: 0x8b })
    expect(
      closings()
        .map(({ clientId }) => clientId)
        .sort(),
    ).toEqual(['a', 'b'])
    expect(driven.messages()).toEqual(['last words'])
    expect(driven.leases()).toEqual([
      { kind: 'Renewed', gateway: 'gateway', incarnation: 1 },
      { kind: 'Ended', gateway: 'gateway', incarnation: 1 },
    ])
    await begin()
  })
})
