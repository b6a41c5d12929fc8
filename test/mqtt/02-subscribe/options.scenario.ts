// The subscription options and identifiers of 5.0.
import { expect } from 'vitest'
import { properties, varint } from '../client/bytes.js'
import { codesOf, connect, message, publish, subscribe, textOf } from '../client/dialogue.js'
import { property, publishProperties } from '../client/property.js'
import { rawPublish, rawSubscribe } from '../client/raw.js'
import { expectDisconnected } from '../client/refusal.js'
import type { Client } from '../client/client.js'
import { scenario } from '../scene/scenario.js'

/** The subscription identifiers of the next message, in ascending order. */
async function nextIdentifiers(client: Client): Promise<(number | string)[]> {
  const packet = await message(client)
  return publishProperties(client.frameOf(packet))
    .filter(([name]) => name === 'subscriptionIdentifier')
    .map(([, value]) => value)
    .sort()
}

scenario('5.0 [MQTT-3.8.3-3]: with no local a client does not get its own messages', async (t) => {
  const [client, other] = await Promise.all([t.connect(), t.connect()])
  await subscribe(client, { [t.topic('a')]: { qos: 1, nl: true }, [t.topic('b')]: 1 })
  await publish(client, t.topic('a'), 'own', { qos: 1 })
  await t.nothingBefore(client, client, t.topic('b'), 1)
  await publish(other, t.topic('a'), 'of another', { qos: 1 })
  expect(textOf(await message(client))).toBe('of another')
})

scenario(
  '5.0 [MQTT-3.8.3-3]: no local goes by the client id of the publisher, also when it has gone meanwhile',
  async (t) => {
    const clientId = t.id()
    const keep = { properties: { sessionExpiryInterval: 60 } }
    const first = await t.connect({ clientId, ...keep })
    await subscribe(first, { [t.topic()]: { qos: 1, nl: true } })
    await publish(first, t.topic(), 'own', { qos: 1 })
    first.cut()
    const again = await t.connect({ clientId, clean: false, ...keep })
    await t.nothingBefore(again, await t.connect(), t.topic(), 1)
  },
)

scenario('no local holds for one subscription only: another that overlaps delivers', async (t) => {
  const client = await t.connect()
  await subscribe(client, { [t.topic('a')]: { qos: 0, nl: true }, [t.topic('#')]: 0 })
  await publish(client, t.topic('a'), 'by the other one')
  expect(textOf(await message(client))).toBe('by the other one')
})

scenario('5.0 [MQTT-3.8.3-4]: no local on a shared subscription is a protocol error', async (t) => {
  const client = await t.connect()
  client.send(rawSubscribe(5, [[`$share/g/${t.topic()}`, 0x04]]))
  await expectDisconnected(client, 0x82)
})

scenario(
  '5.0 [MQTT-3.3.4-3] [MQTT-3.3.4-4]: the identifiers of all overlapping subscriptions come along',
  async (t) => {
    const client = await t.connect()
    await subscribe(client, { [t.topic('a/b')]: 1 }, { subscriptionIdentifier: 1 })
    await subscribe(client, { [t.topic('a/+')]: 1 }, { subscriptionIdentifier: 2 })
    await subscribe(client, { [t.topic('a/#')]: 1 }, { subscriptionIdentifier: 268_435_455 })
    await subscribe(client, { [t.topic('+/b')]: 1 })
    await publish(await t.connect(), t.topic('a/b'), 'x', { qos: 1 })
    await publish(await t.connect(), t.topic('a/end'), 'x', { qos: 1 })
    const found = new Set<number | string>()
    for (;;) {
      const packet = await message(client)
      if (packet.topic === t.topic('a/end')) break
      for (const [name, value] of publishProperties(client.frameOf(packet)))
        if (name === 'subscriptionIdentifier') found.add(value)
    }
    expect([...found].sort()).toEqual([1, 2, 268_435_455])
  },
)

scenario('5.0 [MQTT-3.3.4-3]: no identifier comes where none was given', async (t) => {
  const client = await t.connect()
  await subscribe(client, { [t.topic()]: 1 })
  await publish(await t.connect(), t.topic(), 'x', { qos: 1 })
  expect(await nextIdentifiers(client)).toEqual([])
})

scenario('5.0 [MQTT-3.8.4-3]: a new SUBSCRIBE replaces the identifier, and takes it away', async (t) => {
  const [client, other] = await Promise.all([t.connect(), t.connect()])
  for (const subscriptionIdentifier of [5, 6]) {
    await subscribe(client, { [t.topic()]: 1 }, { subscriptionIdentifier })
    await publish(other, t.topic(), 'x', { qos: 1 })
    expect(await nextIdentifiers(client)).toEqual([subscriptionIdentifier])
  }
  await subscribe(client, { [t.topic()]: 1 })
  await publish(other, t.topic(), 'x', { qos: 1 })
  expect(await nextIdentifiers(client)).toEqual([])
})

scenario(
  '5.0 [MQTT-3.3.4-3]: one identifier holds for all filters of its SUBSCRIBE, and comes with retained messages',
  async (t) => {
    const [client, other] = await Promise.all([t.connect(), t.connect()])
    await publish(other, t.topic('b'), 'kept', { qos: 1, retain: true })
    await subscribe(client, { [t.topic('a')]: 1, [t.topic('b')]: 1 }, { subscriptionIdentifier: 42 })
    expect(await nextIdentifiers(client)).toEqual([42])
    await publish(other, t.topic('a'), 'x', { qos: 1 })
    expect(await nextIdentifiers(client)).toEqual([42])
    await publish(other, t.topic('b'), '', { retain: true })
  },
)

scenario('a kept session keeps its subscription identifiers', async (t) => {
  const clientId = t.id()
  const keep = { properties: { sessionExpiryInterval: 60 } }
  const first = await t.connect({ clientId, ...keep })
  await subscribe(first, { [t.topic()]: 1 }, { subscriptionIdentifier: 7 })
  first.cut()
  const again = await t.connect({ clientId, clean: false, ...keep })
  await publish(await t.connect(), t.topic(), 'x', { qos: 1 })
  expect(await nextIdentifiers(again)).toEqual([7])
})

scenario('5.0 [MQTT-3.3.4-6]: a subscription identifier in a PUBLISH of a client is an error', async (t) => {
  const client = await t.connect()
  const block = properties(property('subscriptionIdentifier', 1))
  client.send(rawPublish(5, t.topic(), { properties: block }))
  await expectDisconnected(client, 0x81, 0x82)
})

for (const [name, bytes] of [
  ['0', varint(0)],
  ['more than 268,435,455', Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x7f)],
] as const) {
  scenario(`a subscription identifier of ${name} is an error`, async (t) => {
    const client = await t.connect()
    client.send(rawSubscribe(5, [[t.topic(), 0]], { properties: properties(Uint8Array.of(0x0b), bytes) }))
    await expectDisconnected(client, 0x81, 0x82)
  })
}

scenario('two subscription identifiers in one SUBSCRIBE are an error', async (t) => {
  const client = await t.connect()
  const block = properties(property('subscriptionIdentifier', 1), property('subscriptionIdentifier', 2))
  client.send(rawSubscribe(5, [[t.topic(), 0]], { properties: block }))
  await expectDisconnected(client, 0x81, 0x82)
})

scenario(
  'CONNACK says that wildcards, identifiers and shared subscriptions are available, by silence or by 1',
  async (t) => {
    const client = await t.open()
    const { properties: told = {} } = await connect(client, { clientId: t.id() })
    expect(told.wildcardSubscriptionAvailable ?? true).toBe(true)
    expect(told.subscriptionIdentifiersAvailable ?? true).toBe(true)
    expect(told.sharedSubscriptionAvailable ?? true).toBe(true)
    expect(told.retainAvailable ?? true).toBe(true)
    expect(told.maximumQoS ?? 2).toBe(2)
  },
)

scenario('a SUBSCRIBE with user properties is served', async (t) => {
  const client = await t.connect()
  const block = properties(property('userProperty', 'a', 'b'), property('userProperty', 'a', 'c'))
  client.send(rawSubscribe(5, [[t.topic(), 1]], { properties: block }))
  expect(codesOf(await client.receive('suback'))).toEqual([1])
})
