// PUBLISH to a client: packet ids, DUP, the QoS 2 exchange, and stray acknowledgements.
import { expect } from 'vitest'
import {
  acknowledge,
  fence,
  idOf,
  message,
  publish,
  publishPacket,
  subscribe,
  textOf,
} from '../client/dialogue.js'
import { expectDisconnected } from '../client/refusal.js'
import { onBoth, onEvery, scenario } from '../scene/scenario.js'

scenario(
  '5.0 [MQTT-4.3.1-1] [MQTT-3.3.1-2] [MQTT-2.2.1-2], 3.1.1 [MQTT-4.3.1-1] [MQTT-3.3.1-2] [MQTT-2.3.1-5]: ' +
    'QoS 0 comes without DUP and without a packet id',
  async (t) => {
    const client = await t.connect()
    await subscribe(client, { [t.topic()]: 2 })
    await publish(await t.connect(), t.topic(), 'x')
    const packet = await message(client)
    expect([packet.qos, packet.dup, packet.messageId]).toEqual([0, false, undefined])
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-2.2.1-4] [MQTT-4.3.2-1] [MQTT-4.3.2-2] [MQTT-4.3.3-1] [MQTT-4.3.3-2], ' +
    '3.1.1 [MQTT-2.3.1-1] [MQTT-2.3.1-4] [MQTT-4.3.2-1] [MQTT-4.3.3-1]: unacknowledged messages have packet ids of their own, DUP 0',
  async (t) => {
    const [client, other] = await Promise.all([t.connect(), t.connect()])
    await subscribe(client, { [t.topic()]: 2 })
    const ids = new Set<number>()
    for (let count = 0; count < 20; count += 1) {
      await publish(other, t.topic(), `${count}`, { qos: count % 2 === 0 ? 1 : 2 })
      const packet = await client.receive('publish')
      expect(packet.dup).toBe(false)
      ids.add(idOf(packet))
    }
    expect(ids.size).toBe(20)
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-3.3.1-3], 3.1.1 [MQTT-3.3.1-3]: the DUP flag of the publisher is not handed on',
  async (t) => {
    const [client, other] = await Promise.all([t.connect(), t.connect()])
    await subscribe(client, { [t.topic()]: 2 })
    for (const qos of [1, 2] as const) {
      const messageId = other.freshId()
      other.send(publishPacket(t.topic(), 'x', { qos, messageId, dup: true }))
      if (qos === 2) other.send({ cmd: 'pubrel', messageId })
      expect((await message(client)).dup).toBe(false)
    }
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-4.3.3-4] [MQTT-4.3.3-5] [MQTT-3.6.2-1], 3.1.1 [MQTT-4.3.3-1] [MQTT-2.3.1-6]: PUBREC is answered with PUBREL of the same packet id',
  async (t) => {
    const client = await t.connect()
    await subscribe(client, { [t.topic()]: 2 })
    await publish(await t.connect(), t.topic(), 'x', { qos: 2 })
    const messageId = idOf(await client.receive('publish'))
    client.send({ cmd: 'pubrec', messageId })
    const pubrel = await client.receive('pubrel')
    expect(pubrel.messageId).toBe(messageId)
    expect(pubrel.reasonCode ?? 0).toBe(0)
    expect(client.frameOf(pubrel)[0]).toBe(0x62)
    client.send({ cmd: 'pubcomp', messageId })
    await fence(client)
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-4.3.2-3] [MQTT-4.4.0-1], 3.1.1 [MQTT-4.3.2-1]: nothing is sent again while the connection lasts',
  async (t) => {
    const [client, other] = await Promise.all([t.connect(), t.connect()])
    await subscribe(client, { [t.topic()]: 2 })
    for (const qos of [1, 2] as const) await publish(other, t.topic(), `${qos}`, { qos })
    const first = await client.receive('publish')
    const second = await client.receive('publish')
    await t.nothingBefore(client, other, t.topic(), 1)
    await acknowledge(client, first)
    await acknowledge(client, second)
    await t.nothingBefore(client, other, t.topic(), 1)
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-4.4.0-2]: a PUBREC of 0x80 or more ends the QoS 2 exchange: no PUBREL, nothing sent again',
  async (t) => {
    const clientId = t.id()
    const keep = { properties: { sessionExpiryInterval: 60, receiveMaximum: 1 } }
    const client = await t.connect({ clientId, ...keep })
    const other = await t.connect()
    await subscribe(client, { [t.topic()]: 2 })
    await publish(other, t.topic(), 'refused', { qos: 2 })
    client.send({ cmd: 'pubrec', messageId: idOf(await client.receive('publish')), reasonCode: 0x97 })
    await publish(other, t.topic(), 'next', { qos: 2 })
    const next = await client.receive('publish')
    expect(textOf(next)).toBe('next')
    await acknowledge(client, next)
    expect(client.history.filter((cmd) => cmd === 'pubrel')).toHaveLength(1)
    await fence(client)
    client.cut()
    const again = await t.connect({ clientId, clean: false, ...keep })
    await t.nothingBefore(again, other, t.topic(), 2)
  },
)

scenario('5.0 [MQTT-4.4.0-2]: a PUBACK of 0x80 or more acknowledges the message', async (t) => {
  const clientId = t.id()
  const keep = { properties: { sessionExpiryInterval: 60, receiveMaximum: 1 } }
  const client = await t.connect({ clientId, ...keep })
  const other = await t.connect()
  await subscribe(client, { [t.topic()]: 1 })
  await publish(other, t.topic(), 'refused', { qos: 1 })
  client.send({ cmd: 'puback', messageId: idOf(await client.receive('publish')), reasonCode: 0x83 })
  await publish(other, t.topic(), 'next', { qos: 1 })
  expect(textOf(await message(client))).toBe('next')
  await fence(client)
  client.cut()
  const again = await t.connect({ clientId, clean: false, ...keep })
  await t.nothingBefore(again, other, t.topic(), 1)
})

for (const cmd of ['puback', 'pubrec', 'pubcomp'] as const) {
  scenario(
    `a stray ${cmd.toUpperCase()} does no harm: what is under way stays under way`,
    async (t) => {
      const [client, other] = await Promise.all([t.connect(), t.connect()])
      await subscribe(client, { [t.topic()]: 1 })
      await publish(other, t.topic(), 'under way', { qos: 1 })
      const first = await client.receive('publish')
      client.send({ cmd, messageId: 60_000 })
      await fence(client)
      await publish(other, t.topic(), 'next', { qos: 1 })
      expect(textOf(await message(client))).toBe('next')
      await acknowledge(client, first)
      await t.nothingBefore(client, other, t.topic(), 1)
    },
    onBoth,
  )
}

scenario('5.0 [MQTT-3.6.2-1]: a PUBREC for an unknown packet id is answered with PUBREL 0x92', async (t) => {
  const client = await t.connect()
  client.send({ cmd: 'pubrec', messageId: 60_001 })
  const pubrel = await client.receive('pubrel')
  expect([pubrel.messageId, pubrel.reasonCode]).toEqual([60_001, 0x92])
})

for (const [cmd, qos] of [
  ['pubrec', 1],
  ['pubcomp', 1],
  ['puback', 2],
  ['pubcomp', 2],
] as const) {
  scenario(
    `5.0 [MQTT-4.13.1-1], 3.1.1 [MQTT-4.8.0-1]: a ${cmd.toUpperCase()} for a QoS ${qos} message out of its order ` +
      'ends the connection and does not release the message',
    async (t) => {
      const clientId = t.id()
      const keep = t.version === 5 ? { properties: { sessionExpiryInterval: 60 } } : {}
      const client = await t.connect({ clientId, clean: false, ...keep })
      await subscribe(client, { [t.topic()]: qos })
      await publish(await t.connect(), t.topic(), 'under way', { qos })
      const messageId = idOf(await client.receive('publish'))
      client.send({ cmd, messageId })
      await expectDisconnected(client, 0x82)
      const again = await t.connect({ clientId, clean: false, ...keep })
      const repeated = await again.receive('publish')
      expect([repeated.messageId, repeated.dup, repeated.qos]).toEqual([messageId, true, qos])
      await acknowledge(again, repeated)
    },
    onBoth,
  )
}
