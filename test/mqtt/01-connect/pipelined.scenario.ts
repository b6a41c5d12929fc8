// Programs that send all at once and only then read: whatever they asked before they left is answered.
import { expect } from 'vitest'
import { join } from '../client/bytes.js'
import { connectPacket, idOf, message, publishPacket, subscribe, textOf } from '../client/dialogue.js'
import { rawSubscribe, rawUnsubscribe } from '../client/raw.js'
import type { Scene } from '../scene/scene.js'
import { onEvery, scenario } from '../scene/scenario.js'

/** CONNECT, SUBSCRIBE, PUBLISH with QoS 1 and UNSUBSCRIBE in one piece. */
async function sendAll(t: Scene, ...behind: readonly Uint8Array[]) {
  const client = await t.open()
  client.send(
    join(
      client.encode(connectPacket(t.version, { clientId: t.id() })),
      rawSubscribe(t.version, [[t.topic(), 0]], { id: 1 }),
      client.encode(publishPacket(t.topic('other'), 'x', { qos: 1, messageId: 2 })),
      rawUnsubscribe(t.version, [t.topic()], { id: 3 }),
      ...behind,
    ),
  )
  return client
}

const answers = ['connack', 'suback', 'puback', 'unsuback']

scenario(
  'what was sent before a DISCONNECT, all in one piece, is answered',
  async (t) => {
    const client = await sendAll(t, Uint8Array.of(0xe0, 0))
    await client.closed()
    expect(client.history).toEqual(answers)
  },
  onEvery,
)

scenario(
  'a client that closes its side of the connection and reads on gets the answers to what it sent',
  async (t) => {
    const client = await sendAll(t)
    await client.end()
    expect(client.history).toEqual(answers)
  },
  onEvery,
)

scenario(
  'a will fires when a client closes its side right behind its CONNECT',
  async (t) => {
    const watcher = await t.connect()
    await subscribe(watcher, { [t.topic()]: 0 })
    const client = await t.open()
    const will = { topic: t.topic(), payload: Buffer.from('gone'), qos: 0, retain: false } as const
    client.send(connectPacket(t.version, { clientId: t.id(), will }))
    await client.end()
    expect(client.history).toEqual(['connack'])
    expect(textOf(await message(watcher))).toBe('gone')
  },
  onEvery,
)

scenario(
  'a PUBREL that does not wait for its PUBREC: both are answered, PUBREC first, and each message comes once',
  async (t) => {
    const watcher = await t.connect()
    await subscribe(watcher, { [t.topic()]: 1 })
    const client = await t.connect()
    const one = (payload: string): Uint8Array =>
      join(
        client.encode(publishPacket(t.topic(), payload, { qos: 2, messageId: 8 })),
        client.encode({ cmd: 'pubrel', messageId: 8 }),
      )
    client.send(join(one('first'), one('second')))
    await client.waitFor('two PUBCOMPs', () => (client.history.length >= 5 ? true : undefined))
    expect(client.history.slice(1)).toEqual(['pubrec', 'pubcomp', 'pubrec', 'pubcomp'])
    expect([textOf(await message(watcher)), textOf(await message(watcher))]).toEqual(['first', 'second'])
  },
  onEvery,
)

scenario(
  'a kept session whose client leaves right behind its packets gets the answer to each of them',
  async (t) => {
    const clientId = t.id()
    const properties = t.version === 5 ? { properties: { sessionExpiryInterval: 60 } } : {}
    const client = await t.connect({ clientId, clean: false, ...properties })
    const publishes = [1, 2].map((qos) =>
      client.encode(publishPacket(t.topic(), 'x', { qos: qos === 1 ? 1 : 2, messageId: 20 + qos })),
    )
    const pubrel = client.encode({ cmd: 'pubrel', messageId: 22 })
    client.send(join(...publishes, pubrel, Uint8Array.of(0xe0, 0)))
    await client.closed()
    expect([...client.history].sort()).toEqual(['connack', 'puback', 'pubcomp', 'pubrec'])
    const again = await t.connect({ clientId, clean: false, ...properties })
    again.send(join(pubrel, Uint8Array.of(0xe0, 0)))
    await again.closed()
    expect(again.history).toEqual(['connack', 'pubcomp'])
  },
  onEvery,
)

scenario('SUBACKs come in the order of their SUBSCRIBEs, shared, plain and refused ones mixed', async (t) => {
  const client = await t.connect()
  const filters = [`$share/g/${t.topic()}`, t.topic(), `$share/g/${t.topic('b')}`, `${t.topic()}/#`]
  client.send(join(...filters.map((filter, at) => rawSubscribe(t.version, [[filter, 1]], { id: at + 1 }))))
  for (const at of filters.keys()) expect(idOf(await client.receive('suback'))).toBe(at + 1)
})
