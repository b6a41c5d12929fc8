// The will: when it fires and when it does not.
import { expect } from 'vitest'
import type { Client } from '../client/client.js'
import {
  connectPacket,
  disconnect,
  message,
  publish,
  subscribe,
  textOf,
  type ConnectOptions,
} from '../client/dialogue.js'
import { packet, text, u16 } from '../client/bytes.js'
import type { Scene } from '../scene/scene.js'
import { onEvery, scenario } from '../scene/scenario.js'

type Will = NonNullable<ConnectOptions['will']>

/** A client whose will goes to the case's topic, and one that is subscribed to it. */
async function withWill(
  t: Scene,
  will: Partial<Will> = {},
  options: ConnectOptions = {},
): Promise<[Client, Client]> {
  const watcher = await t.connect()
  await subscribe(watcher, { [t.topic()]: 2 })
  const client = await t.connect({
    will: { topic: t.topic(), payload: 'gone', qos: 1, retain: false, ...will },
    ...options,
  })
  return [client, watcher]
}

scenario(
  '5.0 [MQTT-3.1.2-7] [MQTT-3.1.2-8], 3.1.1 [MQTT-3.1.2-8]: the will fires when the connection is lost',
  async (t) => {
    const [client, watcher] = await withWill(t)
    client.cut()
    expect(textOf(await message(watcher))).toBe('gone')
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-3.1.2-10] [MQTT-3.14.4-3], 3.1.1 [MQTT-3.1.2-10] [MQTT-3.14.4-3]: a DISCONNECT deletes the will',
  async (t) => {
    const [client, watcher] = await withWill(t)
    await disconnect(client)
    await t.nothingBefore(watcher, await t.connect(), t.topic(), 1)
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-3.1.2-10], 3.1.1 [MQTT-3.1.2-10]: a will fires once',
  async (t) => {
    const [client, watcher] = await withWill(t)
    client.cut()
    expect(textOf(await message(watcher))).toBe('gone')
    await t.nothingBefore(watcher, await t.connect(), t.topic(), 1)
  },
  onEvery,
)

scenario('5.0 [MQTT-3.1.2-8]: DISCONNECT 0x04 asks for the will, and so does any other code', async (t) => {
  for (const reasonCode of [0x04, 0x80, 0x82]) {
    const [client, watcher] = await withWill(t)
    await disconnect(client, { reasonCode })
    expect(textOf(await message(watcher))).toBe('gone')
  }
})

scenario(
  '3.1.1 [MQTT-3.1.2-8]: the will fires when the broker closes the connection for a protocol error',
  async (t) => {
    const [client, watcher] = await withWill(t)
    client.send(packet(0x80, u16(1), text('x')))
    await client.closed()
    expect(textOf(await message(watcher))).toBe('gone')
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-3.1.2-22], 3.1.1 [MQTT-3.1.2-24]: the keep alive passes: the connection is closed and the will fires',
  async (t) => {
    const [client, watcher] = await withWill(t, {}, { keepalive: 1 })
    await client.closed(10_000)
    expect(textOf(await message(watcher))).toBe('gone')
  },
  onEvery,
)

scenario(
  '3.1.1 [MQTT-3.1.2-8]: a take-over fires the will of the old connection',
  async (t) => {
    const clientId = t.id()
    const [client, watcher] = await withWill(t, {}, { clientId })
    await t.connect({ clientId })
    await client.closed()
    expect(textOf(await message(watcher))).toBe('gone')
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-3.1.2-14], 3.1.1 [MQTT-3.1.2-16]: without will retain the will is not kept',
  async (t) => {
    const [client, watcher] = await withWill(t)
    client.cut()
    expect((await message(watcher)).retain).toBe(false)
    const late = await t.connect()
    await subscribe(late, { [t.topic()]: 1 })
    await t.nothingBefore(late, await t.connect(), t.topic(), 1)
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-3.1.2-15], 3.1.1 [MQTT-3.1.2-17]: with will retain the will is a retained message',
  async (t) => {
    const [client, watcher] = await withWill(t, { retain: true })
    client.cut()
    expect((await message(watcher)).retain).toBe(false)
    const late = await t.connect()
    await subscribe(late, { [t.topic()]: 1 })
    const found = await message(late)
    expect([textOf(found), found.retain]).toEqual(['gone', true])
    await publish(late, t.topic(), '', { retain: true })
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-3.1.2-12] [MQTT-3.1.2-9], 3.1.1 [MQTT-3.1.2-14] [MQTT-3.1.2-9]: the will has its own QoS',
  async (t) => {
    for (const qos of [0, 1, 2] as const) {
      const [client, watcher] = await withWill(t, { qos })
      client.cut()
      expect((await message(watcher)).qos).toBe(qos)
      watcher.cut()
    }
  },
  onEvery,
)

scenario(
  '3.1.1 [MQTT-3.1.2-12]: without a will flag nothing is published at the end',
  async (t) => {
    const watcher = await t.connect()
    await subscribe(watcher, { [t.topic('#')]: 1 })
    const client = await t.connect()
    await publish(client, t.topic(), 'alive', { qos: 1 })
    client.cut()
    expect(textOf(await message(watcher))).toBe('alive')
    await t.nothingBefore(watcher, await t.connect(), t.topic(), 1)
  },
  onEvery,
)

scenario(
  'a will may be empty, and an empty retained will deletes the retained message',
  async (t) => {
    await publish(await t.connect(), t.topic(), 'kept', { qos: 1, retain: true })
    const client = await t.connect({ will: { topic: t.topic(), payload: '', qos: 1, retain: true } })
    const watcher = await t.connect()
    await subscribe(watcher, { [t.topic()]: 1 })
    expect(textOf(await message(watcher))).toBe('kept')
    client.cut()
    expect(textOf(await message(watcher))).toBe('')
    const late = await t.connect()
    await subscribe(late, { [t.topic()]: 1 })
    await t.nothingBefore(late, await t.connect(), t.topic(), 1)
  },
  onEvery,
)

scenario(
  'a clean start with a new will: the old one is forgotten once it has fired',
  async (t) => {
    const clientId = t.id()
    const [first, watcher] = await withWill(t, { payload: 'first' }, { clientId })
    first.cut()
    expect(textOf(await message(watcher))).toBe('first')
    const second = await t.connect({
      clientId,
      will: { topic: t.topic(), payload: 'second', qos: 1, retain: false },
    })
    second.cut()
    expect(textOf(await message(watcher))).toBe('second')
    await t.nothingBefore(watcher, await t.connect(), t.topic(), 1)
  },
  onEvery,
)

scenario(
  'the will of a client that was refused never fires',
  async (t) => {
    const watcher = await t.connect()
    await subscribe(watcher, { [t.topic()]: 1 })
    const refused = await t.open()
    const options = {
      clientId: t.id(),
      will: { topic: `${t.topic()}/#`, payload: 'bad topic', qos: 1, retain: false },
    } as const
    refused.send(connectPacket(t.version, options))
    await refused.closed()
    const unknown = await t.open({ version: 5 })
    const will = { topic: t.topic(), payload: 'refused', qos: 1, retain: false } as const
    unknown.send(
      connectPacket(5, { clientId: t.id(), will, properties: { authenticationMethod: 'no such method' } }),
    )
    await unknown.closed()
    await t.nothingBefore(watcher, await t.connect(), t.topic(), 1)
  },
  onEvery,
)

scenario(
  'what a client published comes before its will',
  async (t) => {
    const [client, watcher] = await withWill(t)
    for (let count = 0; count < 20; count += 1) await publish(client, t.topic(), `${count}`, { qos: 1 })
    client.cut()
    const got: string[] = []
    while (got.length < 21) got.push(textOf(await message(watcher)))
    expect(got).toEqual([...Array.from({ length: 20 }, (_, index) => `${index}`), 'gone'])
  },
  onEvery,
)
