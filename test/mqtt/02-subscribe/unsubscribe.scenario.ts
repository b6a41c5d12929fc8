// UNSUBSCRIBE.
import { expect } from 'vitest'
import { fence, message, publish, subscribe, textOf, unsubscribe } from '../client/dialogue.js'
import { rawUnsubscribe } from '../client/raw.js'
import { onEvery, scenario } from '../scene/scenario.js'

scenario(
  '5.0 [MQTT-3.10.4-4] [MQTT-3.10.4-5] [MQTT-2.2.1-6], 3.1.1 [MQTT-3.10.4-4] [MQTT-3.10.4-5] [MQTT-2.3.1-7]: ' +
    'UNSUBSCRIBE is answered with its packet id, also when nothing is deleted',
  async (t) => {
    const client = await t.connect()
    await subscribe(client, { [t.topic()]: 0 })
    for (const [id, filter] of [
      [77, t.topic()],
      [65_535, t.topic('never')],
      [1, t.topic()],
    ] as const) {
      client.send(rawUnsubscribe(t.version, [filter], { id }))
      expect((await client.receive('unsuback')).messageId).toBe(id)
    }
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-3.10.4-2], 3.1.1 [MQTT-3.10.4-2]: after UNSUBACK nothing new arrives',
  async (t) => {
    const [client, other] = await Promise.all([t.connect(), t.connect()])
    await subscribe(client, { [t.topic('a')]: 1, [t.topic('b')]: 1 })
    await unsubscribe(client, t.topic('a'))
    await publish(other, t.topic('a'), 'gone', { qos: 1 })
    await t.nothingBefore(client, other, t.topic('b'), 1)
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-3.10.4-1], 3.1.1 [MQTT-3.10.4-1]: filters are compared character by character, not matched',
  async (t) => {
    const [client, other] = await Promise.all([t.connect(), t.connect()])
    await subscribe(client, { [t.topic('a/b')]: 0, [t.topic('a/+')]: 0, [t.topic('A/c')]: 0 })
    await unsubscribe(client, t.topic('a/#'), t.topic('#'), t.topic('a/c'), t.topic('a/b'))
    await publish(other, t.topic('a/b'), 'by the wildcard')
    expect(textOf(await message(client))).toBe('by the wildcard')
    await publish(other, t.topic('A/c'), 'by the name')
    expect(textOf(await message(client))).toBe('by the name')
    await unsubscribe(client, t.topic('a/+'))
    await publish(other, t.topic('a/b'), 'gone')
    await t.nothingBefore(client, other, t.topic('A/c'))
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-3.10.4-6], 3.1.1 [MQTT-3.10.4-6]: several filters in one UNSUBSCRIBE, one UNSUBACK',
  async (t) => {
    const [client, other] = await Promise.all([t.connect(), t.connect()])
    const names = ['a', 'b', 'c', 'd'].map((name) => t.topic(name))
    for (const name of names) await subscribe(client, { [name]: 0 })
    await unsubscribe(client, ...names.slice(0, 3))
    for (const name of names.slice(0, 3)) await publish(other, name, 'gone')
    await t.nothingBefore(client, other, t.topic('d'))
    expect(client.history.filter((cmd) => cmd === 'unsuback')).toHaveLength(1)
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-3.11.3-1] [MQTT-3.11.3-2]: a reason code per filter, in their order: 0x00 deleted, 0x11 none there',
  async (t) => {
    const client = await t.connect()
    await subscribe(client, { [t.topic('a')]: 0, [t.topic('b/#')]: 1 })
    client.send({
      cmd: 'unsubscribe',
      messageId: 9,
      unsubscriptions: [t.topic('never'), t.topic('a'), t.topic('a'), t.topic('b/#'), t.topic('b/+')],
    })
    expect((await client.receive('unsuback')).granted).toEqual([0x11, 0, 0x11, 0, 0x11])
  },
)

scenario(
  '5.0 [MQTT-3.10.4-3], 3.1.1 [MQTT-3.10.4-3]: a QoS 2 delivery that has begun goes on after UNSUBSCRIBE',
  async (t) => {
    const [client, other] = await Promise.all([t.connect(), t.connect()])
    await subscribe(client, { [t.topic()]: 2 })
    await publish(other, t.topic(), 'begun', { qos: 2 })
    const { messageId = 0 } = await client.receive('publish')
    await unsubscribe(client, t.topic())
    client.send({ cmd: 'pubrec', messageId })
    expect((await client.receive('pubrel')).messageId).toBe(messageId)
    client.send({ cmd: 'pubcomp', messageId })
    await fence(client)
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-2.2.1-3], 3.1.1 [MQTT-2.3.1-1]: packet id 0 in UNSUBSCRIBE is an error',
  async (t) => {
    const client = await t.connect()
    client.send(rawUnsubscribe(t.version, [t.topic()], { id: 0 }))
    await client.closed()
    expect(client.history).not.toContain('unsuback')
  },
  onEvery,
)
