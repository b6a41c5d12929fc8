// Shared subscriptions whose members keep their sessions: what becomes of the messages in their queues.
import { expect } from 'vitest'
import type { Client } from '../client/client.js'
import {
  acknowledge,
  disconnect,
  idOf,
  message,
  payloads,
  publish,
  subscribe,
  textOf,
  unsubscribe,
} from '../client/dialogue.js'
import type { Scene } from '../scene/scene.js'
import { scenario } from '../scene/scenario.js'

/** So many messages are on their way to the first member; the rest waits in its queue. */
const receiveMaximum = 2

interface Pair {
  readonly clientId: string
  readonly filter: string
  readonly first: Client
  readonly other: Client
}

/** A kept member, alone in its group. */
async function keptMember(t: Scene, qos: 1 | 2, sessionExpiryInterval = 60): Promise<Pair> {
  const clientId = t.id()
  const filter = `$share/g/${t.topic()}`
  const [first, other] = await Promise.all([
    t.connect({ clientId, properties: { sessionExpiryInterval, receiveMaximum } }),
    t.connect(),
  ])
  await subscribe(first, { [filter]: qos })
  return { clientId, filter, first, other }
}

const endings: Readonly<Record<string, (t: Scene, pair: Pair) => Promise<void>>> = {
  'DISCONNECT with session expiry 0': (_, { first }) =>
    disconnect(first, { properties: { sessionExpiryInterval: 0 } }),
  'a clean start': async (t, { clientId }) => {
    await t.connect({ clientId, clean: true })
  },
  'its expiry': (_, { first }) => disconnect(first, { properties: { sessionExpiryInterval: 1 } }),
}

for (const [ending, end] of Object.entries(endings)) {
  scenario(
    `5.0 4.8.2: QoS 1 in the queue of a kept member goes to another one, in order, when ${ending} ends its session`,
    async (t) => {
      const pair = await keptMember(t, 1)
      const { first, other, filter } = pair
      for (const payload of ['0', '1', '2', '3', '4', '5']) {
        await publish(other, t.topic(), payload, { qos: 1 })
      }
      await message(first)
      expect(textOf(await first.receive('publish'))).toBe('1')
      expect(textOf(await first.receive('publish'))).toBe('2')
      const second = await t.connect({ properties: { sessionExpiryInterval: 60 } })
      await subscribe(second, { [filter]: 1, [t.topic('fence')]: 1 })
      await end(t, pair)
      for (const payload of ['1', '2', '3', '4', '5']) {
        const packet = await message(second)
        expect([textOf(packet), packet.dup]).toEqual([payload, false])
      }
      await t.nothingBefore(second, other, t.topic('fence'), 1)
    },
  )
}

scenario('5.0 [MQTT-4.8.2-5]: QoS 2 under way to a kept member dies with its session', async (t) => {
  const { first, other, filter } = await keptMember(t, 2)
  await publish(other, t.topic(), 'dies', { qos: 2 })
  await publish(other, t.topic(), 'lives', { qos: 1 })
  await first.receive('publish')
  await first.receive('publish')
  const second = await t.connect()
  await subscribe(second, { [filter]: 2, [t.topic('fence')]: 1 })
  await disconnect(first, { properties: { sessionExpiryInterval: 0 } })
  expect(textOf(await message(second))).toBe('lives')
  await t.nothingBefore(second, other, t.topic('fence'), 1)
})

scenario('5.0 4.8.2: a kept member that is away keeps what it was given', async (t) => {
  const { clientId, first, other, filter } = await keptMember(t, 1)
  for (const payload of ['0', '1', '2']) await publish(other, t.topic(), payload, { qos: 1 })
  const ids = [idOf(await first.receive('publish')), idOf(await first.receive('publish'))]
  const second = await t.connect()
  await subscribe(second, { [filter]: 1, [t.topic('fence')]: 1 })
  first.cut()
  const again = await t.connect({ clientId, clean: false, properties: { sessionExpiryInterval: 60 } })
  for (const [index, id] of ids.entries()) {
    const packet = await again.receive('publish')
    expect([packet.messageId, packet.dup, textOf(packet)]).toEqual([id, true, String(index)])
    await acknowledge(again, packet)
  }
  await t.nothingBefore(second, other, t.topic('fence'), 1)
})

scenario(
  '5.0 [MQTT-3.10.4-3]: a kept member that unsubscribes completes what it has; at the end of its session that goes to another',
  async (t) => {
    const { first, other, filter } = await keptMember(t, 1)
    for (const payload of ['0', '1', '2']) await publish(other, t.topic(), payload, { qos: 1 })
    const second = await t.connect()
    const begun = await first.receive('publish')
    expect(textOf(await first.receive('publish'))).toBe('1')
    await subscribe(second, { [filter]: 1, [t.topic('fence')]: 1 })
    await unsubscribe(first, filter)
    await acknowledge(first, begun)
    expect(textOf(await first.receive('publish'))).toBe('2')
    await publish(other, t.topic(), 'new', { qos: 1 })
    expect(textOf(await message(second))).toBe('new')
    await disconnect(first, { properties: { sessionExpiryInterval: 0 } })
    expect(await payloads(second, 2)).toEqual(['1', '2'])
    await t.nothingBefore(second, other, t.topic('fence'), 1)
  },
)
