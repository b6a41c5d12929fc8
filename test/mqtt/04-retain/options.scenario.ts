// Retain handling, retain as published, and the properties of retained messages: 5.0 only.
import { expect } from 'vitest'
import { message, publish, subscribe, textOf, unsubscribe } from '../client/dialogue.js'
import { publishProperties } from '../client/property.js'
import { scenario } from '../scene/scenario.js'

scenario(
  '5.0 [MQTT-3.3.1-9] [MQTT-3.8.4-4]: retain handling 0 sends retained messages at every SUBSCRIBE',
  async (t) => {
    const client = await t.connect()
    await publish(client, t.topic(), 'kept', { qos: 1, retain: true })
    for (let count = 0; count < 2; count += 1) {
      await subscribe(client, { [t.topic()]: { qos: 1, rh: 0 } })
      expect(textOf(await message(client))).toBe('kept')
    }
    await publish(client, t.topic(), '', { retain: true })
  },
)

scenario('5.0 [MQTT-3.3.1-10]: retain handling 1 sends them to a new subscription only', async (t) => {
  const client = await t.connect()
  await publish(client, t.topic(), 'kept', { qos: 1, retain: true })
  await subscribe(client, { [t.topic()]: { qos: 1, rh: 1 } })
  expect(textOf(await message(client))).toBe('kept')
  await subscribe(client, { [t.topic()]: { qos: 1, rh: 1 } })
  await t.nothingBefore(client, client, t.topic(), 1)
  await unsubscribe(client, t.topic())
  await subscribe(client, { [t.topic()]: { qos: 1, rh: 1 } })
  expect(textOf(await message(client))).toBe('kept')
  await publish(client, t.topic(), '', { retain: true })
})

scenario(
  '5.0 [MQTT-3.3.1-10]: retain handling 1 knows the subscription of a session that goes on',
  async (t) => {
    const clientId = t.id()
    const keep = { properties: { sessionExpiryInterval: 60 } }
    const first = await t.connect({ clientId, ...keep })
    await publish(first, t.topic(), 'kept', { qos: 1, retain: true })
    await subscribe(first, { [t.topic()]: { qos: 1, rh: 2 } })
    first.cut()
    const again = await t.connect({ clientId, clean: false, ...keep })
    await subscribe(again, { [t.topic()]: { qos: 1, rh: 1 } })
    await t.nothingBefore(again, again, t.topic(), 1)
    await publish(again, t.topic(), '', { retain: true })
  },
)

scenario('5.0 [MQTT-3.3.1-11]: retain handling 2 sends none', async (t) => {
  const client = await t.connect()
  await publish(client, t.topic(), 'kept', { qos: 1, retain: true })
  await subscribe(client, { [t.topic()]: { qos: 1, rh: 2 } })
  await t.nothingBefore(client, client, t.topic(), 1)
  await publish(client, t.topic(), '', { retain: true })
})

for (const rap of [false, true]) {
  const numbers = rap ? '5.0 [MQTT-3.3.1-13]' : '5.0 [MQTT-3.3.1-12]'
  scenario(
    `${numbers}: retain as published ${rap ? 'keeps' : 'clears'} the flag of the publisher`,
    async (t) => {
      const [client, other] = await Promise.all([t.connect(), t.connect()])
      await subscribe(client, { [t.topic()]: { qos: 1, rap } })
      for (const retain of [true, false]) {
        await publish(other, t.topic(), 'x', { qos: 1, retain })
        expect((await message(client)).retain).toBe(rap && retain)
      }
      await publish(other, t.topic(), '', { qos: 1, retain: true })
      expect((await message(client)).retain).toBe(rap)
    },
  )
}

scenario(
  '5.0 [MQTT-3.3.1-13]: a retained message that is sent because of a SUBSCRIBE has RETAIN 1 with either option',
  async (t) => {
    const client = await t.connect()
    await publish(client, t.topic(), 'kept', { qos: 1, retain: true })
    for (const rap of [true, false]) {
      await subscribe(client, { [t.topic()]: { qos: 1, rap } })
      expect((await message(client)).retain).toBe(true)
    }
    await publish(client, t.topic(), '', { retain: true })
  },
)

scenario('a retained message keeps all its properties', async (t) => {
  const client = await t.connect()
  await publish(client, t.topic(), 'kept', {
    qos: 1,
    retain: true,
    properties: {
      payloadFormatIndicator: true,
      contentType: 'text/plain',
      responseTopic: 'answers/here',
      correlationData: Buffer.from([0, 1, 255]),
      userProperties: { a: ['1', '2'] },
    },
  })
  await subscribe(client, { [t.topic()]: 1 })
  const packet = await message(client)
  const found = publishProperties(client.frameOf(packet)).map((property) => property.join(' '))
  expect(found.sort()).toEqual(
    [
      'payloadFormatIndicator 1',
      'contentType text/plain',
      'responseTopic answers/here',
      'correlationData 0001ff',
      'userProperty a 1',
      'userProperty a 2',
    ].sort(),
  )
  await publish(client, t.topic(), '', { retain: true })
})

scenario('5.0 [MQTT-3.3.2-6]: the expiry of a retained message goes down while it is kept', async (t) => {
  const client = await t.connect()
  const expiry = { qos: 1, retain: true, properties: { messageExpiryInterval: 100 } } as const
  await publish(client, t.topic(), 'kept', expiry)
  await t.elapse(2100)
  await subscribe(client, { [t.topic()]: 1 })
  const left = (await message(client)).properties?.messageExpiryInterval ?? -1
  expect(left).toBeLessThan(100)
  expect(left).toBeGreaterThan(50)
  await publish(client, t.topic(), '', { retain: true })
})

scenario('5.0 [MQTT-3.3.2-5]: a retained message that has expired is gone', async (t) => {
  const client = await t.connect()
  await publish(client, t.topic(), 'short', {
    qos: 1,
    retain: true,
    properties: { messageExpiryInterval: 1 },
  })
  await t.elapse(2100)
  await subscribe(client, { [t.topic()]: 1 })
  await t.nothingBefore(client, client, t.topic(), 1)
})
