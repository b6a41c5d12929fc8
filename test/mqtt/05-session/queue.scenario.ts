// What a kept queue hands on: QoS, flags, order; and what it does not take.
import { expect } from 'vitest'
import type { Client } from '../client/client.js'
import { disconnect, message, payloads, publish, subscribe, textOf, unsubscribe } from '../client/dialogue.js'
import type { Scene } from '../scene/scene.js'
import { scenario } from '../scene/scenario.js'

const options = (
  clientId: string,
): { clientId: string; clean: boolean; properties: { sessionExpiryInterval: number } } => ({
  clientId,
  clean: false,
  properties: { sessionExpiryInterval: 60 },
})

/** A kept client that subscribed as told and left. */
async function away(t: Scene, clientId: string, filters: Parameters<typeof subscribe>[1]): Promise<void> {
  const client = await t.connect(options(clientId))
  await subscribe(client, filters)
  await disconnect(client)
}

const back = async (t: Scene, clientId: string): Promise<Client> => t.connect(options(clientId))

scenario('a waiting message has the lower of its QoS and the granted one', async (t) => {
  const clientId = t.id()
  await away(t, clientId, { [t.topic('one')]: 1, [t.topic('two')]: 2 })
  const other = await t.connect()
  await publish(other, t.topic('one'), 'a', { qos: 2 })
  await publish(other, t.topic('two'), 'b', { qos: 2 })
  await publish(other, t.topic('two'), 'c', { qos: 1 })
  const client = await back(t, clientId)
  const got = new Map<string, number>()
  while (got.size < 3) {
    const packet = await message(client)
    got.set(textOf(packet), packet.qos)
  }
  expect([got.get('a'), got.get('b'), got.get('c')]).toEqual([1, 2, 1])
})

scenario('a subscription of QoS 0 keeps nothing for a client that is away', async (t) => {
  const clientId = t.id()
  await away(t, clientId, { [t.topic('zero')]: 0, [t.topic('fence')]: 1 })
  const other = await t.connect()
  await publish(other, t.topic('zero'), 'dropped', { qos: 2 })
  await t.nothingBefore(await back(t, clientId), other, t.topic('fence'), 1)
})

scenario(
  '5.0 [MQTT-3.3.1-13]: a waiting message keeps RETAIN when its subscription asks for it',
  async (t) => {
    const clientId = t.id()
    await away(t, clientId, { [t.topic('as')]: { qos: 1, rap: true }, [t.topic('not')]: 1 })
    const other = await t.connect()
    for (const name of ['as', 'not']) await publish(other, t.topic(name), name, { qos: 1, retain: true })
    const client = await back(t, clientId)
    const got = new Map<string, boolean>()
    while (got.size < 2) {
      const packet = await message(client)
      got.set(textOf(packet), packet.retain)
    }
    expect([got.get('as'), got.get('not')]).toEqual([true, false])
    for (const name of ['as', 'not']) await publish(other, t.topic(name), '', { retain: true })
  },
)

scenario('what waited comes before what is new, also when messages arrive all the time', async (t) => {
  const clientId = t.id()
  await away(t, clientId, { [t.topic()]: 1 })
  const other = await t.connect()
  for (let count = 0; count < 100; count += 1) await publish(other, t.topic(), `${count}`, { qos: 1 })
  const returning = back(t, clientId)
  for (let count = 100; count < 200; count += 1) await publish(other, t.topic(), `${count}`, { qos: 1 })
  expect(await payloads(await returning, 200)).toEqual(Array.from({ length: 200 }, (_, index) => `${index}`))
})

scenario('a client that comes and goes while messages flow misses none and sees their order', async (t) => {
  const clientId = t.id()
  await away(t, clientId, { [t.topic()]: 1 })
  const other = await t.connect()
  let sending = true
  const sent = (async () => {
    for (let count = 0; count < 300; count += 1) await publish(other, t.topic(), `${count}`, { qos: 1 })
    sending = false
  })()
  const got: number[] = []
  while (sending || got.at(-1) !== 299) {
    const client = await back(t, clientId)
    for (let count = 0; count < 25 && got.at(-1) !== 299; count += 1) {
      const packet = await message(client)
      const value = Number(textOf(packet))
      // The last acknowledgement may be lost with the connection: then the message comes again, DUP set.
      if (packet.dup && got.includes(value)) continue
      got.push(value)
    }
    client.cut()
    await client.closed()
  }
  await sent
  expect(got).toEqual(Array.from({ length: 300 }, (_, index) => index))
})

scenario(
  'a subscription that was taken away keeps nothing more, what waited before it still comes',
  async (t) => {
    const clientId = t.id()
    const other = await t.connect()
    const first = await t.connect(options(clientId))
    await subscribe(first, { [t.topic()]: 1, [t.topic('fence')]: 1 })
    await disconnect(first)
    await publish(other, t.topic(), 'before', { qos: 1 })
    const second = await back(t, clientId)
    expect(textOf(await message(second))).toBe('before')
    await unsubscribe(second, t.topic())
    await disconnect(second)
    await publish(other, t.topic(), 'after', { qos: 1 })
    await t.nothingBefore(await back(t, clientId), other, t.topic('fence'), 1)
  },
)

scenario('a message of 900 KB waits like any other', async (t) => {
  const clientId = t.id()
  await away(t, clientId, { [t.topic()]: 1 })
  const other = await t.connect()
  await publish(other, t.topic(), 'x'.repeat(900_000), { qos: 1 })
  await publish(other, t.topic(), 'small', { qos: 1 })
  const client = await back(t, clientId)
  expect(textOf(await message(client)).length).toBe(900_000)
  expect(textOf(await message(client))).toBe('small')
})

scenario(
  'a kept queue with more bytes than may wait for a connection is delivered whole, in order',
  async (t) => {
    const clientId = t.id()
    await away(t, clientId, { [t.topic()]: 1 })
    const other = await t.connect()
    const sent = Array.from({ length: 24 }, (_, index) => `${index} `.padEnd(1_000_000, 'x'))
    for (const payload of sent) await publish(other, t.topic(), payload, { qos: 1 })
    const client = await back(t, clientId)
    expect(await payloads(client, sent.length)).toEqual(sent)
  },
  { timeoutMillis: 60_000 },
)
