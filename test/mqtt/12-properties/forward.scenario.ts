// The properties of a message on their way from publisher to subscriber.
import { expect } from 'vitest'
import { properties } from '../client/bytes.js'
import type { Client } from '../client/client.js'
import { disconnect, message, publish, subscribe, textOf } from '../client/dialogue.js'
import { property, publishProperties } from '../client/property.js'
import { rawPublish } from '../client/raw.js'
import { expectDisconnected } from '../client/refusal.js'
import { scenario } from '../scene/scenario.js'

/** The properties of the next message, each as one line. */
async function nextProperties(client: Client): Promise<string[]> {
  const packet = await message(client)
  return publishProperties(client.frameOf(packet)).map((one) => one.join(' '))
}

scenario(
  '5.0 [MQTT-3.3.2-4] [MQTT-3.3.2-15] [MQTT-3.3.2-16] [MQTT-3.3.2-17] [MQTT-3.3.2-18] [MQTT-3.3.2-20] [MQTT-1.5.7-1]: ' +
    'all properties are handed on unaltered, user properties in their order',
  async (t) => {
    const [client, other] = await Promise.all([t.connect(), t.connect()])
    await subscribe(client, { [t.topic()]: 2 })
    const block = properties(
      property('userProperty', 'z', '1'),
      property('payloadFormatIndicator', 1),
      property('contentType', 'text/plain; charset=utf-8'),
      property('userProperty', 'a', '2'),
      property('responseTopic', 'answers/ö/here'),
      property('correlationData', Uint8Array.of(0, 255, 128, 1)),
      property('userProperty', 'z', '3'),
      property('userProperty', '', ''),
      property('userProperty', '__proto__', 'constructor'),
    )
    for (const flags of [0x00, 0x02, 0x04]) {
      other.send(
        rawPublish(5, t.topic(), {
          flags,
          ...(flags === 0 ? {} : { id: 10 + flags }),
          properties: block,
          payload: 'ä',
        }),
      )
      if (flags === 4) other.send({ cmd: 'pubrel', messageId: 14 })
      const found = await nextProperties(client)
      expect(found.filter((line) => line.startsWith('userProperty'))).toEqual([
        'userProperty z 1',
        'userProperty a 2',
        'userProperty z 3',
        'userProperty  ',
        'userProperty __proto__ constructor',
      ])
      expect(found.filter((line) => !line.startsWith('userProperty')).sort()).toEqual([
        'contentType text/plain; charset=utf-8',
        'correlationData 00ff8001',
        'payloadFormatIndicator 1',
        'responseTopic answers/ö/here',
      ])
    }
  },
)

scenario('properties are handed on through a kept queue too', async (t) => {
  const clientId = t.id()
  const keep = { properties: { sessionExpiryInterval: 60 } }
  const client = await t.connect({ clientId, ...keep })
  await subscribe(client, { [t.topic()]: 1 }, { subscriptionIdentifier: 9 })
  await disconnect(client)
  const other = await t.connect()
  const block = properties(
    property('contentType', 'x'),
    property('userProperty', 'b', '1'),
    property('userProperty', 'a', '2'),
    property('correlationData', Uint8Array.of(7)),
    property('responseTopic', 'r'),
    property('payloadFormatIndicator', 0),
  )
  other.send(rawPublish(5, t.topic(), { flags: 2, id: 1, properties: block, payload: 'waits' }))
  await other.receive('puback')
  const found = await nextProperties(await t.connect({ clientId, clean: false, ...keep }))
  expect(found.filter((line) => line.startsWith('userProperty'))).toEqual([
    'userProperty b 1',
    'userProperty a 2',
  ])
  for (const line of ['contentType x', 'correlationData 07', 'responseTopic r', 'subscriptionIdentifier 9']) {
    expect(found).toContain(line)
  }
})

scenario('5.0 [MQTT-2.2.2-1]: a message without properties has a property length of 0', async (t) => {
  const client = await t.connect()
  await subscribe(client, { [t.topic()]: 0 })
  await publish(client, t.topic(), 'x')
  expect(await nextProperties(client)).toEqual([])
})

scenario(
  'a 3.1.1 subscriber gets a 5.0 message without its properties, and the other way round',
  async (t) => {
    const young = await t.connect()
    const old = await t.connect({}, { version: 4 })
    for (const client of [young, old]) await subscribe(client, { [t.topic()]: 1 })
    const userProperties = { a: 'b' }
    await publish(young, t.topic(), 'from 5.0', { qos: 1, properties: { contentType: 'x', userProperties } })
    await publish(old, t.topic(), 'from 3.1.1', { qos: 1 })
    for (const client of [young, old]) {
      const got = [textOf(await message(client)), textOf(await message(client))]
      expect(got.sort()).toEqual(['from 3.1.1', 'from 5.0'])
    }
  },
)

scenario('5.0 [MQTT-3.3.2-6]: the message expiry goes down by the time in the queue', async (t) => {
  const clientId = t.id()
  const keep = { properties: { sessionExpiryInterval: 60 } }
  const client = await t.connect({ clientId, ...keep })
  await subscribe(client, { [t.topic()]: 1 })
  await disconnect(client)
  const other = await t.connect()
  await publish(other, t.topic(), 'x', { qos: 1, properties: { messageExpiryInterval: 100 } })
  await t.elapse(2100)
  const again = await t.connect({ clientId, clean: false, ...keep })
  const left = (await message(again)).properties?.messageExpiryInterval ?? -1
  expect(left).toBeLessThan(100)
  expect(left).toBeGreaterThan(50)
})

scenario('5.0 [MQTT-3.3.2-5]: a message that has expired in the queue is not delivered', async (t) => {
  const clientId = t.id()
  const keep = { properties: { sessionExpiryInterval: 60 } }
  const client = await t.connect({ clientId, ...keep })
  await subscribe(client, { [t.topic()]: 1 })
  await disconnect(client)
  const other = await t.connect()
  await publish(other, t.topic(), 'short', { qos: 1, properties: { messageExpiryInterval: 1 } })
  await publish(other, t.topic(), 'long', { qos: 1, properties: { messageExpiryInterval: 100 } })
  await t.elapse(2100)
  const again = await t.connect({ clientId, clean: false, ...keep })
  expect(textOf(await message(again))).toBe('long')
  await t.nothingBefore(again, other, t.topic(), 1)
})

scenario(
  '5.0 [MQTT-4.3.3-7] [MQTT-4.3.3-13]: a QoS 2 delivery that has begun goes on after the expiry',
  async (t) => {
    const clientId = t.id()
    const keep = { properties: { sessionExpiryInterval: 60 } }
    const client = await t.connect({ clientId, ...keep })
    await subscribe(client, { [t.topic()]: 2 })
    const other = await t.connect()
    await publish(other, t.topic(), 'begun', { qos: 2, properties: { messageExpiryInterval: 1 } })
    const { messageId = 0 } = await client.receive('publish')
    await t.elapse(1500)
    client.send({ cmd: 'pubrec', messageId })
    expect((await client.receive('pubrel')).messageId).toBe(messageId)
    client.send({ cmd: 'pubcomp', messageId })
    await t.nothingBefore(client, other, t.topic(), 2)
  },
)

scenario('a message with an expiry to a subscriber that is there is delivered at once', async (t) => {
  const client = await t.connect()
  await subscribe(client, { [t.topic()]: 1 })
  await publish(client, t.topic(), 'at once', { qos: 1, properties: { messageExpiryInterval: 5 } })
  const packet = await message(client)
  expect(packet.properties?.messageExpiryInterval).toBeLessThanOrEqual(5)
})

for (const [name, block] of [
  ['payload format 2', properties(property('payloadFormatIndicator', 2))],
  ['two content types', properties(property('contentType', 'a'), property('contentType', 'a'))],
  [
    'two payload formats',
    properties(property('payloadFormatIndicator', 1), property('payloadFormatIndicator', 1)),
  ],
  ['two expiries', properties(property('messageExpiryInterval', 1), property('messageExpiryInterval', 1))],
  ['two response topics', properties(property('responseTopic', 'a'), property('responseTopic', 'a'))],
  ['two correlation data', properties(property('correlationData', 'a'), property('correlationData', 'a'))],
  ['two topic aliases', properties(property('topicAlias', 1), property('topicAlias', 1))],
  ['a session expiry', properties(property('sessionExpiryInterval', 1))],
  ['a reason string', properties(property('reasonString', 'x'))],
  ['an unknown property', properties(Uint8Array.of(0x7f, 0))],
  ['a property cut short', properties(Uint8Array.of(0x02, 0, 0))],
] as const) {
  scenario(`a PUBLISH with ${name} ends the connection`, async (t) => {
    const client = await t.connect()
    client.send(rawPublish(5, t.topic(), { properties: block }))
    await expectDisconnected(client, 0x81, 0x82)
  })
}

for (const responseTopic of ['a/#', '+', '']) {
  scenario(`5.0 [MQTT-3.3.2-14]: the response topic «${responseTopic}» is refused`, async (t) => {
    const client = await t.connect()
    const block = properties(property('responseTopic', responseTopic))
    client.send(rawPublish(5, t.topic(), { flags: 2, id: 1, properties: block }))
    const answer = await client.waitFor(
      'an answer',
      () => client.inbox[0] ?? (client.isClosed ? 'closed' : undefined),
    )
    if (answer !== 'closed' && answer.cmd === 'puback') expect(answer.reasonCode).toBeGreaterThanOrEqual(0x80)
    else await client.closed()
  })
}

scenario('a payload that is not UTF-8 with payload format 1 is refused with 0x99', async (t) => {
  const watcher = await t.connect()
  await subscribe(watcher, { [t.topic()]: 1 })
  const client = await t.connect()
  const payload = Buffer.from([0xff, 0xfe])
  const base = { cmd: 'publish', topic: t.topic(), payload, dup: false, retain: false } as const
  client.send({ ...base, qos: 1, messageId: 1, properties: { payloadFormatIndicator: true } })
  expect((await client.receive('puback')).reasonCode).toBe(0x99)
  client.send({ ...base, qos: 2, messageId: 2, properties: { payloadFormatIndicator: true } })
  expect((await client.receive('pubrec')).reasonCode).toBe(0x99)
  await t.nothingBefore(watcher, client, t.topic(), 1)
})

scenario(
  '5.0 [MQTT-4.3.3-9]: after a PUBREC of 0x80 or more the packet id is free for a new message',
  async (t) => {
    const client = await t.connect()
    await subscribe(client, { [t.topic()]: 2 })
    const base = {
      cmd: 'publish',
      topic: t.topic(),
      dup: false,
      retain: false,
      qos: 2,
      messageId: 2,
    } as const
    client.send({ ...base, payload: Buffer.from([0xff]), properties: { payloadFormatIndicator: true } })
    expect((await client.receive('pubrec')).reasonCode).toBe(0x99)
    client.send({ ...base, payload: 'good' })
    expect((await client.receive('pubrec')).reasonCode ?? 0).toBe(0)
    client.send({ cmd: 'pubrel', messageId: 2 })
    await client.receive('pubcomp')
    expect(textOf(await message(client))).toBe('good')
  },
)
