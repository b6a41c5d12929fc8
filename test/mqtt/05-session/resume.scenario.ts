// A session that outlives its connection: what waits, what is sent again, what is not.
import { expect } from 'vitest'
import type { Client } from '../client/client.js'
import {
  acknowledge,
  connect,
  disconnect,
  fence,
  idOf,
  message,
  payloads,
  publish,
  publishPacket,
  subscribe,
  textOf,
  unsubscribe,
  type ConnectOptions,
} from '../client/dialogue.js'
import type { Scene } from '../scene/scene.js'
import { onBoth, onEvery, scenario } from '../scene/scenario.js'

/** Connects a session that is kept for a minute. */
async function kept(
  t: Scene,
  clientId: string,
  properties: ConnectOptions['properties'] = {},
): Promise<Client> {
  const options = t.version === 5 ? { properties: { sessionExpiryInterval: 60, ...properties } } : {}
  return t.connect({ clientId, clean: false, ...options })
}

for (const way of ['cut', 'disconnect'] as const) {
  scenario(
    `5.0 [MQTT-4.5.0-1] [MQTT-3.1.2-23], 3.1.1 [MQTT-3.1.2-5] [MQTT-4.5.0-1] [MQTT-4.1.0-1]: QoS 1 and 2 wait for a client that is away after a ${way}`,
    async (t) => {
      const clientId = t.id()
      const [client, other] = await Promise.all([kept(t, clientId), t.connect()])
      await subscribe(client, { [t.topic('#')]: 2 })
      if (way === 'cut') client.cut()
      else await disconnect(client)
      await client.closed()
      const sent: string[] = []
      for (let count = 0; count < 20; count += 1) {
        await publish(other, t.topic('x'), `${count}`, { qos: count % 2 === 0 ? 1 : 2 })
        sent.push(`${count}`)
      }
      const again = await kept(t, clientId)
      expect(await payloads(again, sent.length)).toEqual(sent)
      await t.nothingBefore(again, other, t.topic('x'), 1)
    },
    onEvery,
  )
}

scenario(
  '5.0 [MQTT-4.4.0-1] [MQTT-3.3.1-1] [MQTT-4.3.2-3] [MQTT-4.3.3-3], 3.1.1 [MQTT-4.4.0-1] [MQTT-3.3.1-1] [MQTT-2.3.1-4] [MQTT-4.6.0-1]: ' +
    'unacknowledged messages come again, DUP set, same packet ids, same order',
  async (t) => {
    const clientId = t.id()
    const [client, other] = await Promise.all([kept(t, clientId), t.connect()])
    await subscribe(client, { [t.topic()]: 2 })
    for (const qos of [1, 2, 1, 2, 1] as const) await publish(other, t.topic(), `at ${qos}`, { qos })
    const first: string[] = []
    for (let count = 0; count < 5; count += 1) {
      const packet = await client.receive('publish')
      expect(packet.dup).toBe(false)
      first.push(`${idOf(packet)} ${packet.qos} ${textOf(packet)}`)
    }
    client.cut()
    const again = await kept(t, clientId)
    const second: string[] = []
    for (let count = 0; count < 5; count += 1) {
      const packet = await again.receive('publish')
      expect(packet.dup).toBe(true)
      second.push(`${idOf(packet)} ${packet.qos} ${textOf(packet)}`)
      await acknowledge(again, packet)
    }
    expect(second).toEqual(first)
    await t.nothingBefore(again, other, t.topic(), 1)
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-4.4.0-1] [MQTT-4.3.3-5] [MQTT-4.3.3-6], 3.1.1 [MQTT-4.4.0-1] [MQTT-4.3.3-1]: after PUBREC only PUBREL comes again, with its packet id',
  async (t) => {
    const clientId = t.id()
    const [client, other] = await Promise.all([kept(t, clientId), t.connect()])
    await subscribe(client, { [t.topic()]: 2 })
    await publish(other, t.topic(), 'exactly once', { qos: 2 })
    const messageId = idOf(await client.receive('publish'))
    client.send({ cmd: 'pubrec', messageId })
    await client.receive('pubrel')
    client.cut()
    const again = await kept(t, clientId)
    expect((await again.receive('pubrel')).messageId).toBe(messageId)
    again.send({ cmd: 'pubcomp', messageId })
    await t.nothingBefore(again, other, t.topic(), 2)
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-4.4.0-1], 3.1.1 [MQTT-4.4.0-1]: a message that is older than one whose PUBREC was sent comes again too',
  async (t) => {
    const clientId = t.id()
    const [client, other] = await Promise.all([kept(t, clientId), t.connect()])
    await subscribe(client, { [t.topic()]: 2 })
    for (const qos of [1, 2, 2, 1] as const) await publish(other, t.topic(), `at ${qos}`, { qos })
    const ids: number[] = []
    for (let count = 0; count < 4; count += 1) ids.push(idOf(await client.receive('publish')))
    const [older = 0, unanswered = 0, received = 0, newer = 0] = ids
    client.send({ cmd: 'pubrec', messageId: received })
    expect(idOf(await client.receive('pubrel'))).toBe(received)
    client.cut()
    const again = await kept(t, clientId)
    const back: number[] = []
    for (let count = 0; count < 3; count += 1) back.push(idOf(await again.receive('publish')))
    expect(back).toEqual([older, unanswered, newer])
    expect(idOf(await again.receive('pubrel'))).toBe(received)
  },
  onBoth,
)

scenario(
  '5.0 [MQTT-4.4.0-1]: what was acknowledged does not come again',
  async (t) => {
    const clientId = t.id()
    const [client, other] = await Promise.all([kept(t, clientId), t.connect()])
    await subscribe(client, { [t.topic()]: 2 })
    for (const qos of [1, 2] as const) {
      await publish(other, t.topic(), 'done', { qos })
      await message(client)
    }
    await disconnect(client)
    const again = await kept(t, clientId)
    await t.nothingBefore(again, other, t.topic(), 1)
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-4.3.3-10], 3.1.1 [MQTT-4.3.3-2]: a QoS 2 message sent again after a cut is delivered once',
  async (t) => {
    const clientId = t.id()
    const [client, other] = await Promise.all([kept(t, clientId), t.connect()])
    await subscribe(other, { [t.topic()]: 2 })
    client.send(publishPacket(t.topic(), 'once', { qos: 2, messageId: 7 }))
    await client.receive('pubrec')
    client.cut()
    const again = await kept(t, clientId)
    again.send(publishPacket(t.topic(), 'once', { qos: 2, messageId: 7, dup: true }))
    await again.receive('pubrec')
    again.send({ cmd: 'pubrel', messageId: 7 })
    await again.receive('pubcomp')
    expect(textOf(await message(other))).toBe('once')
    await t.nothingBefore(other, again, t.topic(), 2)
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-4.3.3-11], 3.1.1 [MQTT-4.3.3-2]: a PUBREL sent again after a cut is answered with PUBCOMP',
  async (t) => {
    const clientId = t.id()
    const client = await kept(t, clientId)
    client.send(publishPacket(t.topic(), 'once', { qos: 2, messageId: 7 }))
    await client.receive('pubrec')
    client.send({ cmd: 'pubrel', messageId: 7 })
    await client.receive('pubcomp')
    client.cut()
    const again = await kept(t, clientId)
    again.send({ cmd: 'pubrel', messageId: 7 })
    expect((await again.receive('pubcomp')).messageId).toBe(7)
  },
  onEvery,
)

scenario(
  'a message that was under way and new ones: unique packet ids, nothing lost',
  async (t) => {
    const clientId = t.id()
    const [client, other] = await Promise.all([kept(t, clientId), t.connect()])
    await subscribe(client, { [t.topic()]: 1 })
    for (let count = 0; count < 10; count += 1) await publish(other, t.topic(), `${count}`, { qos: 1 })
    for (let count = 0; count < 10; count += 1) await client.receive('publish')
    client.cut()
    for (let count = 10; count < 20; count += 1) await publish(other, t.topic(), `${count}`, { qos: 1 })
    const again = await kept(t, clientId)
    const ids = new Set<number>()
    const got: string[] = []
    for (let count = 0; count < 20; count += 1) {
      const packet = await again.receive('publish')
      ids.add(idOf(packet))
      got.push(textOf(packet))
    }
    expect(ids.size).toBe(20)
    expect(got).toEqual(Array.from({ length: 20 }, (_, index) => `${index}`))
  },
  onEvery,
)

scenario(
  'subscriptions of a kept session can be taken away after it goes on',
  async (t) => {
    const clientId = t.id()
    const [client, other] = await Promise.all([kept(t, clientId), t.connect()])
    await subscribe(client, { [t.topic('a')]: 1, [t.topic('b')]: 1 })
    await disconnect(client)
    const again = await kept(t, clientId)
    await unsubscribe(again, t.topic('a'))
    await publish(other, t.topic('a'), 'gone', { qos: 1 })
    await t.nothingBefore(again, other, t.topic('b'), 1)
  },
  onEvery,
)

scenario(
  'QoS 0 messages for a client that is away are dropped; the QoS 1 ones arrive',
  async (t) => {
    const clientId = t.id()
    const [client, other] = await Promise.all([kept(t, clientId), t.connect()])
    await subscribe(client, { [t.topic()]: 1 })
    await disconnect(client)
    await publish(other, t.topic(), 'dropped')
    await publish(other, t.topic(), 'waits', { qos: 1 })
    expect(textOf(await message(await kept(t, clientId)))).toBe('waits')
  },
  onBoth,
)

scenario(
  '3.1.1 [MQTT-3.1.2-6]: a clean session leaves nothing behind',
  async (t) => {
    const clientId = t.id()
    const client = await t.connect({ clientId, clean: true })
    await subscribe(client, { [t.topic()]: 1 })
    await disconnect(client)
    const again = await t.open()
    expect((await connect(again, { clientId, clean: false })).sessionPresent).toBe(false)
    await subscribe(again, { [t.topic('fence')]: 1 })
    const other = await t.connect()
    await publish(other, t.topic(), 'for nobody', { qos: 1 })
    await t.nothingBefore(again, other, t.topic('fence'), 1)
    again.cut()
    await t.connect({ clientId, clean: true })
  },
  onEvery,
)

scenario(
  'a take-over of a kept session goes on with it, and what was unacknowledged comes again',
  async (t) => {
    const clientId = t.id()
    const [client, other] = await Promise.all([kept(t, clientId), t.connect()])
    await subscribe(client, { [t.topic()]: 1 })
    await publish(other, t.topic(), 'under way', { qos: 1 })
    const messageId = idOf(await client.receive('publish'))
    const again = await kept(t, clientId)
    await client.closed()
    const packet = await message(again)
    expect([idOf(packet), packet.dup, textOf(packet)]).toEqual([messageId, true, 'under way'])
  },
  onEvery,
)

scenario('a session goes on across protocol versions', async (t) => {
  const clientId = t.id()
  const other = await t.connect()
  const old = await t.connect({ clientId, clean: false }, { version: 4 })
  await subscribe(old, { [t.topic()]: 1 })
  await disconnect(old)
  await publish(other, t.topic(), 'first', { qos: 1 })
  const options = { clientId, clean: false, properties: { sessionExpiryInterval: 60 } }
  const young = await t.open({ version: 5 })
  expect((await connect(young, options)).sessionPresent).toBe(true)
  expect(textOf(await message(young))).toBe('first')
  await disconnect(young)
  await publish(other, t.topic(), 'second', { qos: 1 })
  const again = await t.open({ version: 4 })
  expect((await connect(again, { clientId, clean: false })).sessionPresent).toBe(true)
  expect(textOf(await message(again))).toBe('second')
  again.cut()
  await t.connect({ clientId }, { version: 4 })
})

scenario(
  '3.1.1 [MQTT-4.1.0-2]: a session lasts as long as its connection, a clean one too',
  async (t) => {
    const [client, other] = await Promise.all([t.connect({ keepalive: 1 }), t.connect()])
    await subscribe(client, { [t.topic()]: 1 })
    for (let count = 0; count < 4; count += 1) {
      await t.elapse(700)
      await fence(client)
      await publish(other, t.topic(), `${count}`, { qos: 1 })
      expect(textOf(await message(client))).toBe(`${count}`)
    }
  },
  onEvery,
)
