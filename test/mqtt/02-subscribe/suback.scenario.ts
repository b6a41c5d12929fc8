// SUBSCRIBE and what its SUBACK says.
import { expect } from 'vitest'
import { codesOf, fence, message, publish, publishPacket, subscribe, textOf } from '../client/dialogue.js'
import { rawSubscribe } from '../client/raw.js'
import { onEvery, scenario } from '../scene/scenario.js'

scenario(
  '5.0 [MQTT-3.8.4-1] [MQTT-3.8.4-2] [MQTT-2.2.1-6], 3.1.1 [MQTT-3.8.4-1] [MQTT-3.8.4-2] [MQTT-2.3.1-7]: ' +
    'SUBSCRIBE is answered by SUBACK with its packet id',
  async (t) => {
    const client = await t.connect()
    for (const id of [1, 2, 255, 256, 65_535]) {
      client.send(rawSubscribe(t.version, [[t.topic(`${id}`), 0]], { id }))
      expect((await client.receive('suback')).messageId).toBe(id)
    }
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-3.8.4-5] [MQTT-3.8.4-6] [MQTT-3.8.4-7] [MQTT-3.9.3-1] [MQTT-3.9.3-2], ' +
    '3.1.1 [MQTT-3.8.4-4] [MQTT-3.8.4-5] [MQTT-3.9.3-1] [MQTT-3.9.3-2]: one code per filter, in their order',
  async (t) => {
    const client = await t.connect()
    const filters = { [t.topic('a')]: 2, [t.topic('b')]: 0, [t.topic('c')]: 1, [t.topic('d/#')]: 2 } as const
    expect(codesOf(await subscribe(client, filters))).toEqual([2, 0, 1, 2])
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-3.8.4-5], 3.1.1 [MQTT-3.8.4-4]: every filter of one SUBSCRIBE is in force after the SUBACK',
  async (t) => {
    const client = await t.connect()
    const other = await t.connect()
    await subscribe(client, { [t.topic('a')]: 0, [t.topic('b')]: 0 })
    for (const name of ['a', 'b']) {
      await publish(other, t.topic(name), name)
      expect(textOf(await message(client))).toBe(name)
    }
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-3.8.4-5], 3.1.1 [MQTT-3.8.4-4]: the same filter twice in one SUBSCRIBE: two codes, one subscription',
  async (t) => {
    const client = await t.connect()
    client.send(
      rawSubscribe(t.version, [
        [t.topic(), 0],
        [t.topic(), 1],
      ]),
    )
    expect(codesOf(await client.receive('suback'))).toEqual([0, 1])
    const other = await t.connect()
    await publish(other, t.topic(), 'once', { qos: 1 })
    expect((await message(client)).qos).toBe(1)
    await t.nothingBefore(client, other, t.topic())
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-3.8.4-4], 3.1.1 [MQTT-3.8.4-3]: a SUBSCRIBE asks again while messages flow: none is lost and none comes twice',
  async (t) => {
    const client = await t.connect()
    const other = await t.connect()
    await subscribe(client, { [t.topic()]: 1 })
    const sent: string[] = []
    for (let count = 0; count < 20; count += 1) {
      sent.push(`${count}`)
      other.send({
        cmd: 'publish',
        topic: t.topic(),
        payload: `${count}`,
        qos: 1,
        messageId: count + 1,
        dup: false,
        retain: false,
      })
      client.send(rawSubscribe(t.version, [[t.topic(), 1]], { id: count + 100 }))
    }
    const got: string[] = []
    while (got.length < sent.length) got.push(textOf(await message(client)))
    expect(got).toEqual(sent)
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-3.8.4-8], 3.1.1 [MQTT-3.8.4-6]: a message comes with the lower of its QoS and the granted one',
  async (t) => {
    const sender = await t.connect()
    for (const granted of [0, 1, 2] as const) {
      const client = await t.connect()
      await subscribe(client, { [t.topic(`${granted}`)]: granted })
      for (const qos of [0, 1, 2] as const) {
        await publish(sender, t.topic(`${granted}`), `${qos}`, { qos })
        expect((await message(client)).qos).toBe(Math.min(qos, granted))
      }
    }
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-3.8.4-3], 3.1.1 [MQTT-3.8.4-3]: the same filter again replaces the subscription',
  async (t) => {
    const client = await t.connect()
    const other = await t.connect()
    await subscribe(client, { [t.topic()]: 2 })
    await subscribe(client, { [t.topic()]: 0 })
    await publish(other, t.topic(), 'once', { qos: 2 })
    expect((await message(client)).qos).toBe(0)
    await t.nothingBefore(client, other, t.topic(), 2)
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-3.3.4-2], 3.1.1 [MQTT-3.3.5-1]: overlapping subscriptions deliver with their highest QoS',
  async (t) => {
    const client = await t.connect()
    await subscribe(client, { [t.topic('a/#')]: 1, [t.topic('a/+')]: 2, [t.topic('a/b')]: 0 })
    const other = await t.connect()
    await publish(other, t.topic('a/b'), 'x', { qos: 2 })
    await publish(other, t.topic('a/b'), 'end', { qos: 2 })
    // One copy or one for each subscription are both allowed; the highest QoS must be among them.
    const found: number[] = []
    for (;;) {
      const packet = await message(client)
      if (textOf(packet) === 'end') break
      found.push(packet.qos)
    }
    expect(Math.max(...found)).toBe(2)
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-2.2.1-3], 3.1.1 [MQTT-2.3.1-1]: packet id 0 in SUBSCRIBE is an error',
  async (t) => {
    const client = await t.connect()
    client.send(rawSubscribe(t.version, [[t.topic(), 0]], { id: 0 }))
    await client.closed()
    expect(client.history).not.toContain('suback')
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-4.5.0-1], 3.1.1 [MQTT-4.5.0-1]: a SUBACK means that what is published afterwards arrives',
  async (t) => {
    const other = await t.connect()
    for (let count = 0; count < 20; count += 1) {
      const client = await t.connect()
      await subscribe(client, { [t.topic(`${count}/+`)]: 1 })
      await publish(other, t.topic(`${count}/a`), 'arrives')
      expect(textOf(await message(client))).toBe('arrives')
      await fence(client)
      client.cut()
    }
  },
  onEvery,
)

scenario(
  'what a client publishes right behind its SUBSCRIBE, without waiting for SUBACK, reaches that subscription',
  async (t) => {
    const client = await t.connect()
    const topic = t.topic('own')
    const messageId = client.freshId()
    client.send({ cmd: 'subscribe', messageId, subscriptions: [{ topic, qos: 1 }] })
    client.send(publishPacket(topic, 'first', { qos: 1, messageId: client.freshId() }))
    client.send(publishPacket(topic, 'second'))
    expect(textOf(await message(client))).toBe('first')
    expect(textOf(await message(client))).toBe('second')
  },
  onEvery,
)
