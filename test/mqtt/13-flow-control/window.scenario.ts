// Receive maximum in both directions.
import { expect } from 'vitest'
import type { Client } from '../client/client.js'
import {
  acknowledge,
  connect,
  fence,
  idOf,
  message,
  publish,
  publishPacket,
  subscribe,
  textOf,
  unsubscribe,
} from '../client/dialogue.js'
import { expectDisconnected } from '../client/refusal.js'
import type { Scene } from '../scene/scene.js'
import { scenario } from '../scene/scenario.js'

/** A subscriber with a small window, and `count` QoS 1 and 2 messages for it. */
async function flooded(t: Scene, receiveMaximum: number, count: number): Promise<[Client, Client]> {
  const client = await t.connect({ properties: { receiveMaximum } })
  const other = await t.connect()
  await subscribe(client, { [t.topic()]: 2 })
  for (let index = 0; index < count; index += 1)
    await publish(other, t.topic(), `${index}`, { qos: index % 2 === 0 ? 1 : 2 })
  await fence(client)
  return [client, other]
}

scenario(
  '5.0 [MQTT-3.3.4-9] [MQTT-4.9.0-1] [MQTT-4.9.0-2]: no more than the receive maximum is under way; each acknowledgement lets one in',
  async (t) => {
    const [client, other] = await flooded(t, 3, 10)
    for (let index = 0; index < 10; index += 1) {
      await fence(other)
      await fence(client)
      expect(client.inbox.filter(({ cmd }) => cmd === 'publish').length).toBeLessThanOrEqual(3)
      const packet = await client.receive('publish')
      expect(textOf(packet)).toBe(`${index}`)
      await acknowledge(client, packet)
    }
  },
)

scenario('5.0 [MQTT-4.9.0-2]: PUBREC alone gives no room, PUBCOMP does', async (t) => {
  const client = await t.connect({ properties: { receiveMaximum: 1 } })
  const other = await t.connect()
  await subscribe(client, { [t.topic()]: 2 })
  for (const payload of ['first', 'second']) await publish(other, t.topic(), payload, { qos: 2 })
  const messageId = idOf(await client.receive('publish'))
  client.send({ cmd: 'pubrec', messageId })
  await client.receive('pubrel')
  await publish(other, t.topic(), 'third', { qos: 2 })
  await fence(client)
  expect(client.inbox.map(({ cmd }) => cmd)).toEqual([])
  client.send({ cmd: 'pubcomp', messageId })
  expect(textOf(await message(client))).toBe('second')
  expect(textOf(await message(client))).toBe('third')
})

scenario(
  '5.0 [MQTT-3.3.4-10] [MQTT-4.9.0-3]: with a full window everything but PUBLISH goes on',
  async (t) => {
    const [client] = await flooded(t, 1, 3)
    const first = await client.receive('publish')
    await subscribe(client, { [t.topic('else')]: 0 })
    await publish(client, t.topic('own'), 'x', { qos: 2 })
    await unsubscribe(client, t.topic('else'))
    await fence(client)
    await acknowledge(client, first)
    expect(textOf(await message(client))).toBe('1')
    expect(textOf(await message(client))).toBe('2')
  },
)

scenario('a receive maximum holds after a reconnect for what comes again', async (t) => {
  const clientId = t.id()
  const options = { clientId, clean: false, properties: { sessionExpiryInterval: 60, receiveMaximum: 2 } }
  const client = await t.connect(options)
  await subscribe(client, { [t.topic()]: 1 })
  client.cut()
  const other = await t.connect()
  for (let index = 0; index < 6; index += 1) await publish(other, t.topic(), `${index}`, { qos: 1 })
  const again = await t.connect(options)
  for (let index = 0; index < 6; index += 1) {
    await fence(again)
    expect(again.inbox.filter(({ cmd }) => cmd === 'publish').length).toBeLessThanOrEqual(2)
    expect(textOf(await message(again))).toBe(`${index}`)
  }
})

scenario(
  '5.0 [MQTT-3.3.4-7]: a client that exceeds the receive maximum of the broker is cut with 0x93',
  async (t) => {
    const client = await t.open()
    const connack = await connect(client, { clientId: t.id() })
    const maximum = connack.properties?.receiveMaximum ?? 65_535
    for (let id = 1; id <= maximum + 1; id += 1)
      client.send(publishPacket(t.topic(), '', { qos: 2, messageId: id }))
    await expectDisconnected(client, 0x93)
  },
)

scenario('the whole receive maximum of the broker may be used', async (t) => {
  const client = await t.open()
  const connack = await connect(client, { clientId: t.id() })
  const maximum = connack.properties?.receiveMaximum ?? 65_535
  for (let id = 1; id <= maximum; id += 1)
    client.send(publishPacket(t.topic(), '', { qos: 2, messageId: id }))
  for (let id = 1; id <= maximum; id += 1) expect((await client.receive('pubrec')).messageId).toBe(id)
  for (let id = 1; id <= maximum; id += 1) client.send({ cmd: 'pubrel', messageId: id })
  for (let id = 1; id <= maximum; id += 1) expect((await client.receive('pubcomp')).messageId).toBe(id)
  await fence(client)
})

scenario('a slow subscriber does not hold up a fast one', async (t) => {
  const [slow, fast, other] = await Promise.all([
    t.connect({ properties: { receiveMaximum: 1 } }),
    t.connect(),
    t.connect(),
  ])
  for (const client of [slow, fast]) await subscribe(client, { [t.topic()]: 1 })
  for (let index = 0; index < 200; index += 1) {
    await publish(other, t.topic(), `${index}`, { qos: 1 })
    expect(textOf(await message(fast))).toBe(`${index}`)
  }
  for (let index = 0; index < 200; index += 1) expect(textOf(await message(slow))).toBe(`${index}`)
})

scenario(
  'a window full of unacknowledged messages, then a cut: all come again and the rest follows',
  async (t) => {
    const clientId = t.id()
    const options = { clientId, clean: false, properties: { sessionExpiryInterval: 60, receiveMaximum: 5 } }
    const client = await t.connect(options)
    const other = await t.connect()
    await subscribe(client, { [t.topic()]: 1 })
    for (let index = 0; index < 12; index += 1) await publish(other, t.topic(), `${index}`, { qos: 1 })
    const ids: number[] = []
    for (let index = 0; index < 5; index += 1) ids.push(idOf(await client.receive('publish')))
    client.cut()
    for (let index = 12; index < 20; index += 1) await publish(other, t.topic(), `${index}`, { qos: 1 })
    const again = await t.connect(options)
    const got: string[] = []
    for (let index = 0; index < 20; index += 1) {
      const packet = await message(again)
      expect(packet.dup).toBe(index < 5)
      if (index < 5) expect(idOf(packet)).toBe(ids[index])
      got.push(textOf(packet))
    }
    expect(got).toEqual(Array.from({ length: 20 }, (_, index) => `${index}`))
  },
)

scenario(
  'a 3.1.1 client that acknowledges nothing has at most 100 messages under way',
  async (t) => {
    const client = await t.connect({}, { version: 4 })
    const other = await t.connect()
    await subscribe(client, { [t.topic()]: 1 })
    for (let index = 0; index < 150; index += 1) await publish(other, t.topic(), `${index}`, { qos: 1 })
    const first = await client.waitFor('100 messages', () =>
      client.inbox.length >= 100 ? client.inbox[0] : undefined,
    )
    await fence(client)
    expect(client.inbox).toHaveLength(100)
    if (first.cmd === 'publish') await acknowledge(client, first)
    await client.waitFor('one more', () => (client.inbox.length >= 101 ? true : undefined))
  },
  { needs: 'a window for 3.x' },
)
