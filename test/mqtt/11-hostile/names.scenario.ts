// Client ids and topics that look like something else.
import { expect } from 'vitest'
import {
  codesOf,
  connect,
  connectPacket,
  disconnect,
  fence,
  message,
  publish,
  subscribe,
  textOf,
  unsubscribe,
} from '../client/dialogue.js'
import { text } from '../client/bytes.js'
import { rawPublish, rawSubscribe, rawUnsubscribe } from '../client/raw.js'
import { onBoth, onEvery, scenario } from '../scene/scenario.js'

const oddIds = [
  ':',
  '/',
  '{',
  '}',
  '}x',
  '{x}',
  '#',
  '+',
  '%',
  '%7d',
  '..',
  '$share',
  '__proto__',
  'constructor',
  'toString',
  'a:b',
  'a',
  'ab',
  'abc',
  '#owner',
  '*',
  '\\',
  '"',
  "'",
  ' ',
  'ü',
  '😀',
] as const

scenario(
  'client ids with signs, prefixes of each other and names of JavaScript are sessions of their own',
  async (t) => {
    const keep = { clean: false, properties: { sessionExpiryInterval: 60 } } as const
    const prefix = t.topic('ids')
    await Promise.all(
      oddIds.map(async (clientId, index) => {
        const client = await t.connect({ clientId, ...keep })
        await subscribe(client, { [`${prefix}/${index}`]: 1 })
        await disconnect(client)
      }),
    )
    const other = await t.connect()
    for (const index of oddIds.keys()) await publish(other, `${prefix}/${index}`, `for ${index}`, { qos: 1 })
    await Promise.all(
      oddIds.map(async (clientId, index) => {
        const client = await t.open()
        expect((await connect(client, { clientId, ...keep })).sessionPresent).toBe(true)
        expect(textOf(await message(client))).toBe(`for ${index}`)
        await unsubscribe(client, `${prefix}/${index}`)
        await disconnect(client, { properties: { sessionExpiryInterval: 0 } })
      }),
    )
  },
)

const oddTopics = [
  '$',
  '$x',
  'a/__proto__',
  '__proto__',
  'constructor/prototype',
  'a/../b',
  './a',
  '%00',
  ' ',
  '"',
  "'",
  '{a}',
  '\\',
  '&<>',
  '=SUM(A1)',
  '😀/🎉',
  'a'.repeat(1000),
] as const

scenario(
  'topics with signs and names of JavaScript are topics like any other',
  async (t) => {
    const client = await t.connect()
    for (const [index, odd] of oddTopics.entries()) {
      const topic = t.topic(`${index}/${odd}`)
      await subscribe(client, { [topic]: 1 })
      await publish(client, topic, odd, { qos: 1, retain: true })
      const found = await message(client)
      expect([found.topic, textOf(found)]).toEqual([topic, odd])
      await publish(client, topic, '', { qos: 1, retain: true })
      await message(client)
    }
  },
  onBoth,
)

scenario(
  'the topic «$» alone and levels that are empty',
  async (t) => {
    const client = await t.connect()
    await subscribe(client, { $: 0, [t.topic('//')]: 0 })
    await publish(client, t.topic('//'), 'slashes')
    for (;;) if (textOf(await message(client)) === 'slashes') break
    await publish(client, '$', 'dollar')
    await fence(client)
    await unsubscribe(client, '$')
  },
  onEvery,
)

scenario(
  '65,400 slashes in PUBLISH, SUBSCRIBE, UNSUBSCRIBE, will and retained delete: an answer at once, the stack stays flat',
  async (t) => {
    const slashes = '/'.repeat(65_400)
    const witness = await t.connect()
    const before = Date.now()
    const sendings = [
      rawPublish(t.version, slashes, { payload: 'x' }),
      rawPublish(t.version, slashes, { flags: 0x01 }),
      rawPublish(t.version, slashes, { flags: 0x03, id: 1, payload: 'x' }),
      rawSubscribe(t.version, [[slashes, 0]]),
      rawSubscribe(t.version, [[`${slashes}#`, 0]]),
      rawSubscribe(t.version, [['+/'.repeat(32_000), 0]]),
      rawSubscribe(t.version, [[`$share/g/${slashes}`, 0]]),
      rawUnsubscribe(t.version, [slashes]),
    ]
    for (const bytes of sendings) {
      const client = await t.connect()
      client.send(bytes)
      client.send({ cmd: 'pingreq' })
      await client.waitFor('an answer', () =>
        client.isClosed || client.history.includes('pingresp') ? true : undefined,
      )
      client.cut()
      await fence(witness)
    }
    const willing = await t.open()
    const will = { topic: slashes.slice(0, 60_000), payload: 'x', qos: 0, retain: true } as const
    willing.send(connectPacket(t.version, { clientId: t.id(), will }))
    await willing.waitFor('an answer', () =>
      willing.isClosed || willing.inbox.length > 0 ? true : undefined,
    )
    willing.cut()
    await fence(witness)
    expect(Date.now() - before).toBeLessThan(10_000)
  },
  { ...onBoth, timeoutMillis: 40_000 },
)

scenario('filters of 100 levels of + and # storms are bounded in time', async (t) => {
  const client = await t.connect()
  const deep = t.topic('+/'.repeat(99).slice(0, -1))
  const filters = [deep, `${t.topic('+/'.repeat(60))}#`, t.topic('#'), t.topic('+/#'), t.topic('+/+/#')]
  for (const filter of filters) await subscribe(client, { [filter]: 0 })
  const other = await t.connect()
  const before = Date.now()
  for (let count = 0; count < 50; count += 1)
    await publish(other, t.topic('a/'.repeat(99).slice(0, -1)), `${count}`, { qos: 1 })
  expect(Date.now() - before).toBeLessThan(10_000)
  const seen = new Set<string>()
  while (seen.size < 50) seen.add(textOf(await message(client)))
  await fence(client)
})

scenario('a filter and a topic that only differ behind 60,000 bytes are told apart', async (t) => {
  const client = await t.connect()
  const long = t.topic('x'.repeat(60_000))
  await subscribe(client, { [`${long}a`]: 1, [`${long}b`]: 0 })
  await publish(client, `${long}a`, 'a', { qos: 1 })
  expect((await message(client)).qos).toBe(1)
  await publish(client, `${long}b`, 'b', { qos: 1 })
  expect((await message(client)).qos).toBe(0)
  expect(text('x').length).toBe(3)
})

scenario('5.0 [MQTT-1.5.4-3]: control characters are refused or kept as they are', async (t) => {
  for (const odd of ['\u0001', '\t', '\u007f', '\u009f', '\ufffe']) {
    const client = await t.connect()
    const topic = t.topic(odd)
    client.send(rawSubscribe(5, [[topic, 0]]))
    const suback = await client.waitFor(
      'an answer',
      () => client.inbox.shift() ?? (client.isClosed ? 'closed' : undefined),
    )
    if (suback === 'closed' || suback.cmd !== 'suback' || codesOf(suback)[0] !== 0) continue
    client.send(rawPublish(5, topic, { payload: odd }))
    const found = await client.waitFor(
      'an answer',
      () => client.inbox.shift() ?? (client.isClosed ? 'closed' : undefined),
    )
    if (found !== 'closed' && found.cmd === 'publish')
      expect([found.topic, textOf(found)]).toEqual([topic, odd])
  }
})
