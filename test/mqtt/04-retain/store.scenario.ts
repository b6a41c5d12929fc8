// Retained messages: stored, replaced, deleted, sent to new subscriptions.
import { expect } from 'vitest'
import type { Client } from '../client/client.js'
import { message, publish, subscribe, textOf, unsubscribe } from '../client/dialogue.js'
import { onEvery, scenario } from '../scene/scenario.js'

/** Waits until what this client published to the topic is with the broker, QoS 0 too: an acknowledgement comes behind it. */
const isStored = async (client: Client, topic: string): Promise<void> =>
  publish(client, topic, 'behind', { qos: 1 })

scenario(
  '5.0 [MQTT-3.3.1-5] [MQTT-3.3.1-9], 3.1.1 [MQTT-3.3.1-5] [MQTT-3.3.1-6] [MQTT-3.3.1-8]: a retained message goes to a later subscriber, RETAIN set',
  async (t) => {
    const other = await t.connect()
    for (const qos of [0, 1, 2] as const) {
      const topic = t.topic(`${qos}`)
      const client = await t.connect()
      await publish(other, topic, `kept ${qos}`, { qos, retain: true })
      await isStored(other, topic)
      await subscribe(client, { [topic]: 2 })
      const packet = await message(client)
      expect([packet.topic, textOf(packet), packet.retain, packet.qos]).toEqual([
        topic,
        `kept ${qos}`,
        true,
        qos,
      ])
      await publish(client, topic, '', { retain: true })
    }
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-3.3.1-5], 3.1.1 [MQTT-3.3.1-5] [MQTT-3.3.1-7]: a retained message replaces the one before, whatever their QoS',
  async (t) => {
    const other = await t.connect()
    for (const [first, second] of [
      [0, 2],
      [2, 0],
      [1, 1],
    ] as const) {
      const topic = t.topic(`${first}${second}`)
      const client = await t.connect()
      await publish(other, topic, 'old', { qos: first, retain: true })
      await publish(other, topic, 'new', { qos: second, retain: true })
      await isStored(other, topic)
      await subscribe(client, { [topic]: 2 })
      const packet = await message(client)
      expect([textOf(packet), packet.qos]).toEqual(['new', second])
      await t.nothingBefore(client, other, topic, 1)
      await publish(other, topic, '', { retain: true })
    }
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-3.3.1-12] [MQTT-3.3.1-8], 3.1.1 [MQTT-3.3.1-9] [MQTT-3.3.1-12]: an established subscription gets it with RETAIN 0; without RETAIN nothing is stored',
  async (t) => {
    const [client, other] = await Promise.all([t.connect(), t.connect()])
    await subscribe(client, { [t.topic()]: 1 })
    await publish(other, t.topic(), 'kept', { qos: 1, retain: true })
    expect((await message(client)).retain).toBe(false)
    await publish(other, t.topic(), 'not kept', { qos: 1 })
    expect((await message(client)).retain).toBe(false)
    await subscribe(other, { [t.topic()]: 1 })
    const packet = await message(other)
    expect([textOf(packet), packet.retain]).toEqual(['kept', true])
    await publish(other, t.topic(), '', { retain: true })
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-3.3.1-6] [MQTT-3.3.1-7], 3.1.1 [MQTT-3.3.1-10] [MQTT-3.3.1-11]: an empty retained message deletes, and is delivered as any other',
  async (t) => {
    const [client, other] = await Promise.all([t.connect(), t.connect()])
    await publish(other, t.topic(), 'kept', { qos: 1, retain: true })
    await subscribe(client, { [t.topic()]: 1 })
    expect(textOf(await message(client))).toBe('kept')
    await publish(other, t.topic(), '', { qos: 1, retain: true })
    const packet = await message(client)
    expect([textOf(packet), packet.retain]).toEqual(['', false])
    const late = await t.connect()
    await subscribe(late, { [t.topic()]: 1 })
    await t.nothingBefore(late, other, t.topic(), 1)
  },
  onEvery,
)

scenario(
  '3.1.1 [MQTT-3.1.2-7]: retained messages do not belong to a session: they outlive it',
  async (t) => {
    const first = await t.connect()
    await publish(first, t.topic(), 'kept', { qos: 1, retain: true })
    first.cut()
    const second = await t.connect()
    await subscribe(second, { [t.topic()]: 0 })
    expect(textOf(await message(second))).toBe('kept')
    await publish(second, t.topic(), '', { retain: true })
  },
  onEvery,
)

scenario(
  '3.1.1 [MQTT-3.3.1-6] [MQTT-3.8.4-3]: subscribing again sends the retained message again',
  async (t) => {
    const client = await t.connect()
    await publish(client, t.topic(), 'kept', { qos: 1, retain: true })
    for (let count = 0; count < 3; count += 1) {
      await subscribe(client, { [t.topic()]: 1 })
      const packet = await message(client)
      expect([textOf(packet), packet.retain]).toEqual(['kept', true])
    }
    await publish(client, t.topic(), '', { retain: true })
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-3.3.1-9], 3.1.1 [MQTT-3.3.1-6]: a wildcard brings every retained message below it, once, and no other',
  async (t) => {
    const [client, other] = await Promise.all([t.connect(), t.connect()])
    const names = ['a', 'a/b', 'a/b/c', 'a/d', 'e', 'e/f']
    for (const name of names) await publish(other, t.topic(name), name, { qos: 1, retain: true })
    for (const [filter, expected] of [
      ['a/#', ['a', 'a/b', 'a/b/c', 'a/d']],
      ['a/+', ['a/b', 'a/d']],
      ['+', ['a', 'e']],
      ['+/+', ['a/b', 'a/d', 'e/f']],
      ['#', names],
    ] as const) {
      await subscribe(client, { [t.topic(filter)]: 1 })
      const got: string[] = []
      while (got.length < expected.length) {
        const packet = await message(client)
        expect(packet.retain).toBe(true)
        got.push(textOf(packet))
      }
      expect(got.sort()).toEqual([...expected].sort())
      await unsubscribe(client, t.topic(filter))
    }
    await subscribe(client, { [t.topic('marker')]: 1 })
    await t.nothingBefore(client, other, t.topic('marker'), 1)
    for (const name of names) await publish(other, t.topic(name), '', { retain: true })
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-4.7.2-1], 3.1.1 [MQTT-4.7.2-1]: a leading wildcard brings no retained message of a topic that begins with $',
  async (t) => {
    const [client, other] = await Promise.all([t.connect(), t.connect()])
    const name = t.topic('x')
    await publish(other, `$own/${name}`, 'hidden', { qos: 1, retain: true })
    await subscribe(client, { [`+/${name}`]: 1 })
    await publish(other, `shown/${name}`, 'shown', { qos: 1 })
    expect(textOf(await message(client))).toBe('shown')
    await publish(other, `$own/${name}`, '', { qos: 1, retain: true })
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-3.8.4-8], 3.1.1 [MQTT-3.8.4-6]: a retained message comes with the lower QoS of the two',
  async (t) => {
    const client = await t.connect()
    await publish(client, t.topic(), 'kept', { qos: 2, retain: true })
    for (const qos of [0, 1, 2] as const) {
      await subscribe(client, { [t.topic()]: qos })
      expect((await message(client)).qos).toBe(qos)
    }
    await publish(client, t.topic(), '', { retain: true })
  },
)

scenario('a retained message for a kept session waits like any other', async (t) => {
  const clientId = t.id()
  const keep = { properties: { sessionExpiryInterval: 60 } }
  const other = await t.connect()
  await publish(other, t.topic(), 'kept', { qos: 1, retain: true })
  const first = await t.connect({ clientId, ...keep })
  await subscribe(first, { [t.topic()]: 1 })
  await first.receive('publish')
  first.cut()
  const again = await t.connect({ clientId, clean: false, ...keep })
  const packet = await message(again)
  expect([textOf(packet), packet.retain, packet.dup]).toEqual(['kept', true, true])
  await publish(other, t.topic(), '', { retain: true })
})
