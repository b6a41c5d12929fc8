// The limits that hold by default: each is answered, and what is just below it works.
import { expect } from 'vitest'
import { binary, join, packet, properties, text, u16, u8, varint } from '../client/bytes.js'
import {
  codeOf,
  codesOf,
  connect,
  fence,
  message,
  publish,
  publishPacket,
  subscribe,
  textOf,
} from '../client/dialogue.js'
import { property } from '../client/property.js'
import { rawConnect, rawPublish, rawSubscribe } from '../client/raw.js'
import { expectDisconnected, expectRefused } from '../client/refusal.js'
import { fileBroker } from '../scene/file-broker.js'
import { onBoth, onEvery, scenario } from '../scene/scenario.js'

const MiB = 1_048_576
const withoutRetained = fileBroker({
  settings: { ours: { TBMQ_RETAINED_MAX: '0' }, mosquitto: { retain_available: 'false' } },
})
const ours = { needs: 'a limit of its own' }

scenario(
  'CONNACK announces the maximum packet size, and a packet above it ends the connection with 0x95',
  async (t) => {
    const client = await t.open()
    const connack = await connect(client, { clientId: t.id() })
    expect(connack.properties?.maximumPacketSize).toBe(MiB)
    client.send(join(Uint8Array.of(0x30), varint(MiB + 1)))
    client.send(new Uint8Array(70_000))
    await expectDisconnected(client, 0x95)
  },
)

scenario(
  'a packet just below the limit is served',
  async (t) => {
    const client = await t.connect()
    await subscribe(client, { [t.topic()]: 1 })
    const payload = 'x'.repeat(MiB - 100)
    await publish(client, t.topic(), payload, { qos: 1 })
    expect(textOf(await message(client)).length).toBe(payload.length)
  },
  onEvery,
)

scenario(
  'before login a packet may have 64 KiB: a longer CONNECT is refused with 0x95',
  async (t) => {
    const client = await t.open()
    client.send(
      packet(0x10, text('MQTT'), u8(5), u8(2), u16(0), properties(), text('x'), new Uint8Array(66_000)),
    )
    expect(codeOf(await client.receive('connack'))).toBe(0x95)
    await client.closed()
    const older = await t.open({ version: 4 })
    older.send(packet(0x10, text('MQTT'), u8(4), u8(2), u16(0), text('x'), new Uint8Array(66_000)))
    await older.closed()
    expect(older.history).toEqual([])
  },
  ours,
)

scenario(
  'a remaining length above the limit is enough to be refused: nobody waits for the rest',
  async (t) => {
    const client = await t.open()
    client.send(Uint8Array.of(0x10, 0xff, 0xff, 0xff, 0x7f))
    await client.closed()
    const second = await t.connect()
    second.send(Uint8Array.of(0x30, 0xff, 0xff, 0xff, 0x7f))
    await expectDisconnected(second, 0x95)
  },
  ours,
)

scenario(
  '5.0 [MQTT-3.1.3-8], 3.1.1 [MQTT-3.1.3-9]: a client id of 1,024 bytes is taken, one byte more is refused',
  async (t) => {
    const longest = t.id().padEnd(1024, 'x')
    await t.connect({ clientId: longest })
    for (const version of [4, 5] as const) {
      const client = await t.open({ version })
      client.send(rawConnect(version, { payload: text(`${longest}x`) }))
      await expectRefused(client, version === 5 ? [0x85] : [2])
    }
  },
  ours,
)

scenario('a client id of 65,535 bytes is taken or refused, and nothing suffers', async (t) => {
  const client = await t.open()
  client.send(rawConnect(5, { payload: text('x'.repeat(65_535)) }))
  await client.waitFor('an answer', () => (client.isClosed || client.inbox.length > 0 ? true : undefined))
  await fence(await t.connect())
})

scenario(
  'a topic of 128 levels works, one of 129 is refused',
  async (t) => {
    const client = await t.connect()
    const deep = t.topic('a'.padEnd(127 * 2 - 1 - 2, '/a'))
    expect(deep.split('/')).toHaveLength(127)
    await subscribe(client, { [deep]: 1 })
    await publish(client, deep, 'deep', { qos: 1 })
    expect(textOf(await message(client))).toBe('deep')
    const deeper = `${deep}/a/a`
    if (t.version === 5) {
      client.send(publishPacket(deeper, 'x', { qos: 1, messageId: 900 }))
      const answer = await client.waitFor(
        'an answer',
        () => client.inbox[0] ?? (client.isClosed ? 'closed' : undefined),
      )
      if (answer !== 'closed' && answer.cmd === 'puback')
        expect(answer.reasonCode).toBeGreaterThanOrEqual(0x80)
      else await client.closed()
    } else {
      client.send(publishPacket(deeper, 'x', { qos: 1, messageId: 900 }))
      await client.waitFor('an answer', () =>
        client.isClosed || client.history.includes('puback') ? true : undefined,
      )
    }
    const second = await t.connect()
    second.send(rawSubscribe(t.version, [[deeper, 0]], { id: 5 }))
    const suback = await second.waitFor(
      'an answer',
      () => second.inbox[0] ?? (second.isClosed ? 'closed' : undefined),
    )
    if (suback !== 'closed' && suback.cmd === 'suback')
      expect(codesOf(suback)[0]).toBeGreaterThanOrEqual(0x80)
  },
  { ...onBoth, ...ours },
)

scenario('5.0 [MQTT-4.7.3-3], 3.1.1 [MQTT-4.7.3-3]: a topic of 65,535 bytes works', async (t) => {
  const client = await t.connect()
  const topic = t.topic('').padEnd(65_535, 'x')
  await subscribe(client, { [topic]: 1 })
  await publish(client, topic, 'long', { qos: 1 })
  const found = await message(client)
  expect([found.topic.length, textOf(found)]).toEqual([65_535, 'long'])
})

scenario(
  '100 user properties are taken, 101 are refused',
  async (t) => {
    const client = await t.connect()
    await subscribe(client, { [t.topic()]: 1 })
    const one = property('userProperty', 'k', 'v')
    const many = (count: number): Uint8Array => properties(...Array.from({ length: count }, () => one))
    client.send(rawPublish(5, t.topic(), { flags: 2, id: 1, properties: many(100), payload: 'x' }))
    await message(client)
    client.send(rawPublish(5, t.topic(), { flags: 2, id: 2, properties: many(101), payload: 'x' }))
    const answer = await client.waitFor(
      'an answer',
      () =>
        client.inbox.find(
          ({ cmd, messageId }) => cmd === 'disconnect' || (cmd === 'puback' && messageId === 2),
        ) ?? (client.isClosed ? 'closed' : undefined),
    )
    if (answer !== 'closed' && (answer.cmd === 'puback' || answer.cmd === 'disconnect'))
      expect(answer.reasonCode).toBeGreaterThanOrEqual(0x80)
  },
  ours,
)

scenario(
  '256 filters in one SUBSCRIBE are granted, 257 are refused',
  async (t) => {
    const client = await t.connect()
    const many = (count: number): (readonly [string, number])[] =>
      Array.from({ length: count }, (_, index) => [t.topic(`${index}`), 1] as const)
    client.send(rawSubscribe(5, many(256)))
    expect(codesOf(await client.receive('suback'))).toEqual(new Array(256).fill(1))
    client.send(rawSubscribe(5, many(257), { id: 2 }))
    const answer = await client.waitFor(
      'an answer',
      () => client.inbox[0] ?? (client.isClosed ? 'closed' : undefined),
    )
    if (answer === 'closed' || answer.cmd === 'disconnect') return
    if (answer.cmd !== 'suback') throw new Error(`a ${answer.cmd} instead of a refusal`)
    expect(Math.max(...codesOf(answer))).toBe(0x97)
  },
  ours,
)

scenario(
  '1,000 subscriptions are granted, the next is refused with 0x97; one deleted makes room',
  async (t) => {
    const client = await t.connect()
    for (let from = 0; from < 1000; from += 250) {
      const filters = Array.from({ length: 250 }, (_, index) => [t.topic(`${from + index}`), 0] as const)
      client.send(rawSubscribe(5, filters, { id: from + 1 }))
      expect(new Set(codesOf(await client.receive('suback')))).toEqual(new Set([0]))
    }
    expect(codesOf(await subscribe(client, { [t.topic('more')]: 0 }))).toEqual([0x97])
    expect(codesOf(await subscribe(client, { [t.topic('5')]: 1 }))).toEqual([1])
    client.send({ cmd: 'unsubscribe', messageId: 4000, unsubscriptions: [t.topic('5')] })
    await client.receive('unsuback')
    expect(codesOf(await subscribe(client, { [t.topic('more')]: 0 }))).toEqual([0])
  },
  ours,
)

scenario(
  'what a session was subscribed to before counts for the limit when it goes on, also after a kill',
  async (t) => {
    const broker = await t.startBroker({ settings: { ours: { TBMQ_SUBSCRIPTIONS_MAX: '3' } } })
    const options = { clientId: t.id(), clean: false, properties: { sessionExpiryInterval: 60 } }
    const filters = [t.topic('a'), t.topic('+/b'), `$share/g/${t.topic('c')}`]
    const first = await t.connect(options, { broker })
    for (const filter of filters) expect(codesOf(await subscribe(first, { [filter]: 1 }))).toEqual([1])
    first.cut()
    const second = await t.connect(options, { broker })
    expect(codesOf(await subscribe(second, { [t.topic('more')]: 1 }))).toEqual([0x97])
    await broker.kill()
    await broker.start()
    const third = await t.connect(options, { broker })
    expect(codesOf(await subscribe(third, { [t.topic('more')]: 1 }))).toEqual([0x97])
    for (const filter of filters) expect(codesOf(await subscribe(third, { [filter]: 0 }))).toEqual([0])
    third.send({ cmd: 'unsubscribe', messageId: 4000, unsubscriptions: filters.slice(2) })
    await third.receive('unsuback')
    expect(codesOf(await subscribe(third, { [t.topic('more')]: 1 }))).toEqual([1])
    expect(codesOf(await subscribe(third, { [t.topic('again')]: 1 }))).toEqual([0x97])
  },
  { ...ours, timeoutMillis: 60_000 },
)

scenario(
  'CONNACK announces receive maximum 1,000 and 16 topic aliases',
  async (t) => {
    const client = await t.open()
    const { properties: told = {} } = await connect(client, { clientId: t.id() })
    expect([told.receiveMaximum, told.topicAliasMaximum]).toEqual([1000, 16])
  },
  ours,
)

scenario(
  '5.0 [MQTT-3.2.2-21]: a keep alive above 1,200 s is cut to it and told; 3.x has what it asks for',
  async (t) => {
    for (const keepalive of [0, 1201, 65_535]) {
      const client = await t.open()
      const connack = await connect(client, { clientId: t.id(), keepalive })
      expect(connack.properties?.serverKeepAlive).toBe(1200)
    }
    const old = await t.open({ version: 4 })
    expect(codeOf(await connect(old, { clientId: t.id(), keepalive: 65_535 }))).toBe(0)
  },
  ours,
)

scenario(
  'a connection that sends no CONNECT is closed',
  async (t) => {
    const broker = await t.startBroker({ settings: { ours: { TBMQ_CONNECT_TIMEOUT: '1s' } } })
    const silent = await t.open({ broker })
    const half = await t.open({ broker })
    half.send(Uint8Array.of(0x10, 20, 0, 4))
    const silentSecure = await t.open({ broker, via: 'tls' })
    await Promise.all([silent.closed(), half.closed(), silentSecure.closed()])
    await fence(await t.connect({}, { broker }))
  },
  { ...ours, timeoutMillis: 60_000 },
)

scenario(
  'a full queue loses its oldest messages',
  async (t) => {
    const broker = await t.startBroker({
      settings: { ours: { TBMQ_QUEUE_MAX: '10' }, mosquitto: { max_queued_messages: '10' } },
    })
    const options = { clientId: t.id(), clean: false, properties: { sessionExpiryInterval: 60 } }
    const client = await t.connect(options, { broker })
    await subscribe(client, { [t.topic()]: 1 })
    client.cut()
    const other = await t.connect({}, { broker })
    for (let count = 0; count < 25; count += 1) await publish(other, t.topic(), `${count}`, { qos: 1 })
    const again = await t.connect(options, { broker })
    const got: string[] = []
    for (let count = 0; count < 10; count += 1) got.push(textOf(await message(again)))
    expect(got).toEqual(Array.from({ length: 10 }, (_, index) => `${index + 15}`))
    await t.nothingBefore(again, other, t.topic(), 1)
  },
  { ...ours, timeoutMillis: 60_000 },
)

scenario(
  'the retained limit 0 turns retaining off, and says so',
  async (t) => {
    const broker = await withoutRetained()
    const client = await t.open({ broker })
    const connack = await connect(client, { clientId: t.id() })
    expect(connack.properties?.retainAvailable).toBe(false)
    client.send(publishPacket(t.topic(), 'x', { retain: true }))
    await expectDisconnected(client, 0x9a)
  },
  { timeoutMillis: 60_000 },
)

scenario(
  '5.0 [MQTT-3.2.2-13]: a retained will where nothing is retained is refused with 0x9A',
  async (t) => {
    const broker = await withoutRetained()
    const client = await t.open({ broker })
    const will = { topic: t.topic(), payload: 'x', qos: 0, retain: true } as const
    expect(codeOf(await connect(client, { clientId: t.id(), will }))).toBe(0x9a)
    await client.closed()
  },
  { timeoutMillis: 60_000 },
)

scenario(
  '8 KiB of properties are taken, more are refused; correlation data does not count',
  async (t) => {
    const client = await t.connect()
    await subscribe(client, { [t.topic()]: 1 })
    const block = properties(
      property('userProperty', 'k', 'x'.repeat(7000)),
      property('correlationData', new Uint8Array(20_000)),
    )
    client.send(rawPublish(5, t.topic(), { flags: 2, id: 1, properties: block, payload: 'x' }))
    await message(client)
    const large = properties(property('userProperty', 'k', 'x'.repeat(9000)))
    client.send(rawPublish(5, t.topic(), { flags: 2, id: 2, properties: large, payload: 'x' }))
    const answer = await client.waitFor(
      'an answer',
      () =>
        client.inbox.find(
          ({ cmd, messageId }) => cmd === 'disconnect' || (cmd === 'puback' && messageId === 2),
        ) ?? (client.isClosed ? 'closed' : undefined),
    )
    if (answer !== 'closed' && (answer.cmd === 'puback' || answer.cmd === 'disconnect'))
      expect(answer.reasonCode).toBeGreaterThanOrEqual(0x80)
    expect(binary(new Uint8Array(1)).length).toBe(3)
  },
  ours,
)
