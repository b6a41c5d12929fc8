// Topic aliases, from the client and to it.
import { expect } from 'vitest'
import { properties } from '../client/bytes.js'
import { connect, idOf, message, publish, subscribe, textOf } from '../client/dialogue.js'
import { property, publishProperties } from '../client/property.js'
import { rawPublish } from '../client/raw.js'
import { expectDisconnected } from '../client/refusal.js'
import { scenario } from '../scene/scenario.js'

const alias = (value: number): Uint8Array => properties(property('topicAlias', value))

scenario('5.0 [MQTT-3.3.2-12]: every alias up to the announced maximum is accepted', async (t) => {
  const client = await t.open()
  const connack = await connect(client, { clientId: t.id() })
  const maximum = connack.properties?.topicAliasMaximum ?? 0
  expect(maximum).toBeGreaterThan(0)
  await subscribe(client, { [t.topic('#')]: 0 })
  const values = Array.from({ length: maximum }, (_, index) => index + 1)
  for (const payload of ['set', 'used']) {
    for (const value of values) {
      const topic = payload === 'set' ? t.topic(`${value}`) : ''
      client.send(rawPublish(5, topic, { properties: alias(value), payload: `${payload} ${value}` }))
    }
    // Different topics may overtake each other.
    const got = new Map<string, string>()
    while (got.size < maximum) {
      const packet = await message(client)
      got.set(textOf(packet), packet.topic)
    }
    for (const value of values) expect(got.get(`${payload} ${value}`)).toBe(t.topic(`${value}`))
  }
})

scenario('an alias can be given another topic, and its own again', async (t) => {
  const client = await t.connect()
  await subscribe(client, { [t.topic('#')]: 1 })
  for (const [topic, expected] of [
    [t.topic('a'), 'a'],
    ['', 'a'],
    [t.topic('b'), 'b'],
    ['', 'b'],
    [t.topic('b'), 'b'],
    ['', 'b'],
  ] as const) {
    client.send(rawPublish(5, topic, { flags: 2, id: client.freshId(), properties: alias(1), payload: 'x' }))
    expect((await message(client)).topic).toBe(t.topic(expected))
  }
})

scenario('5.0 [MQTT-3.3.2-8]: alias 0 ends the connection', async (t) => {
  const client = await t.connect()
  client.send(rawPublish(5, t.topic(), { properties: alias(0) }))
  await expectDisconnected(client, 0x94, 0x81, 0x82)
})

scenario(
  '5.0 [MQTT-3.3.2-9] [MQTT-3.2.2-17]: an alias above the maximum ends the connection with 0x94',
  async (t) => {
    const client = await t.open()
    const connack = await connect(client, { clientId: t.id() })
    client.send(
      rawPublish(5, t.topic(), { properties: alias((connack.properties?.topicAliasMaximum ?? 0) + 1) }),
    )
    await expectDisconnected(client, 0x94)
  },
)

scenario('an alias that was never set ends the connection', async (t) => {
  const client = await t.connect()
  client.send(rawPublish(5, '', { properties: alias(3) }))
  await expectDisconnected(client, 0x82, 0x94)
})

scenario('5.0 [MQTT-3.3.2-7]: aliases of a client end with its connection', async (t) => {
  const clientId = t.id()
  const keep = { properties: { sessionExpiryInterval: 60 } }
  const client = await t.connect({ clientId, ...keep })
  client.send(rawPublish(5, t.topic(), { flags: 2, id: 1, properties: alias(1) }))
  await client.receive('puback')
  client.cut()
  const again = await t.connect({ clientId, clean: false, ...keep })
  again.send(rawPublish(5, '', { properties: alias(1) }))
  await expectDisconnected(again, 0x82, 0x94)
})

scenario('a topic with wildcards behind an alias is no way in', async (t) => {
  const client = await t.connect()
  client.send(rawPublish(5, 'a/#', { properties: alias(1) }))
  await expectDisconnected(client, 0x81, 0x82, 0x90)
})

scenario(
  '5.0 [MQTT-3.1.2-26] [MQTT-3.1.2-27] [MQTT-3.3.2-11]: aliases to a client stay within its maximum; without one there are none',
  async (t) => {
    for (const topicAliasMaximum of [0, 3]) {
      const client = await t.connect({ properties: { topicAliasMaximum } })
      const prefix = t.topic(`${topicAliasMaximum}`)
      await subscribe(client, { [`${prefix}/#`]: 0 })
      const other = await t.connect()
      const names = new Map<number | string, string>()
      for (let count = 0; count < 20; count += 1) {
        const topic = `${prefix}/${count % 5}`
        await publish(other, topic, `${count}`)
        const packet = await client.receive('publish')
        expect(textOf(packet)).toBe(`${count}`)
        const used = publishProperties(client.frameOf(packet)).find(([name]) => name === 'topicAlias')?.[1]
        if (used === undefined) {
          expect(packet.topic).toBe(topic)
          continue
        }
        expect(Number(used)).toBeGreaterThan(0)
        expect(Number(used)).toBeLessThanOrEqual(topicAliasMaximum)
        if (packet.topic !== '') names.set(used, packet.topic)
        expect(names.get(used)).toBe(topic)
      }
    }
  },
)

scenario(
  'the first message of a topic brings its alias to a client that takes one, later ones have it alone, but for QoS 2',
  async (t) => {
    const client = await t.connect({ properties: { topicAliasMaximum: 1 } })
    await subscribe(client, { [t.topic()]: 2 })
    const other = await t.connect()
    for (const qos of [0, 1, 2] as const) {
      await publish(other, t.topic(), `${qos}`, { qos })
      const packet = await client.receive('publish')
      expect([packet.topic, textOf(packet), packet.qos]).toEqual([qos === 1 ? '' : t.topic(), `${qos}`, qos])
      expect(publishProperties(client.frameOf(packet))).toEqual([['topicAlias', 1]])
    }
  },
  { needs: 'aliases to clients' },
)

scenario('5.0 [MQTT-3.3.2-7]: aliases to a client end with its connection', async (t) => {
  const clientId = t.id()
  const options = { clientId, clean: false, properties: { sessionExpiryInterval: 60, topicAliasMaximum: 5 } }
  const client = await t.connect(options)
  const other = await t.connect()
  await subscribe(client, { [t.topic()]: 1 })
  await publish(other, t.topic(), 'first', { qos: 1 })
  idOf(await client.receive('publish'))
  client.cut()
  const again = await t.connect(options)
  const packet = await message(again)
  expect([packet.topic, textOf(packet)]).toEqual([t.topic(), 'first'])
})
