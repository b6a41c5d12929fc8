// Which topics a filter matches.
import { expect } from 'vitest'
import { message, publish, subscribe, textOf } from '../client/dialogue.js'
import { onBoth, onEvery, scenario } from '../scene/scenario.js'

const matching = [
  ['a', 'a'],
  ['a/b/c', 'a/b/c'],
  ['#', 'a'],
  ['#', 'a/b/c'],
  ['a/#', 'a'],
  ['a/#', 'a/b'],
  ['a/#', 'a/b/c/d'],
  ['a/#', 'a/'],
  ['+', 'a'],
  ['a/+', 'a/b'],
  ['a/+', 'a/'],
  ['+/b', 'a/b'],
  ['+/+', 'a/b'],
  ['+/+', '/'],
  ['/+', '/a'],
  ['a/+/c', 'a/b/c'],
  ['a/+/c', 'a//c'],
  ['a//c', 'a//c'],
  ['+/b/#', 'a/b'],
  ['+/b/#', 'a/b/c/d'],
  ['a/+/#', 'a/b'],
  ['/', '/'],
  ['//', '//'],
  ['A', 'A'],
  ['a b', 'a b'],
  ['ä/ö', 'ä/ö'],
  ['😀/+', '😀/x'],
  ['a/$b', 'a/$b'],
  ['+/$b', 'a/$b'],
] as const

const different = [
  ['a', 'b'],
  ['a', 'A'],
  ['a', 'a/'],
  ['a/', 'a'],
  ['a', '/a'],
  ['a', 'a/b'],
  ['a/b', 'a'],
  ['a/+', 'a'],
  ['a/+', 'a/b/c'],
  ['+/b', 'a/c'],
  ['a/+/c', 'a/c'],
  ['a/+/c', 'a/b/d'],
  ['a/b/#', 'a/c'],
  ['a/b/#', 'a/bc'],
  ['a//c', 'a/c'],
  ['a b', 'a  b'],
  // The same letter in two Unicode forms: a broker must not compare normalised strings.
  ['\u00e4', 'a\u0308'],
  ['\u212b', '\u00c5'],
] as const

scenario(
  '5.0 [MQTT-4.7.1-1] [MQTT-4.7.1-2] [MQTT-3.3.2-3], 3.1.1 [MQTT-4.7.1-2] [MQTT-4.7.1-3] [MQTT-3.3.2-3]: filters match these topics',
  async (t) => {
    const other = await t.connect()
    const rows = matching.map(async ([filter, topic], index) => {
      const client = await t.connect()
      const prefix = t.topic(`${index}`)
      await subscribe(client, { [`${prefix}/${filter}`]: 0 })
      await publish(other, `${prefix}/${topic}`, `${filter} ${topic}`)
      const packet = await message(client)
      expect(packet.topic).toBe(`${prefix}/${topic}`)
      expect(textOf(packet)).toBe(`${filter} ${topic}`)
    })
    await Promise.all(rows)
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-4.7.3-4] [MQTT-3.3.2-3], 3.1.1 [MQTT-4.7.3-4] [MQTT-3.3.2-3]: filters do not match those topics, and nothing is normalised',
  async (t) => {
    const rows = different.map(async ([filter, topic], index) => {
      const [client, other] = await Promise.all([t.connect(), t.connect()])
      const prefix = t.topic(`${index}`)
      await subscribe(client, { [`${prefix}/${filter}`]: 0, [`${prefix}/marker`]: 0 })
      await publish(other, `${prefix}/${topic}`, `${filter} ${topic}`)
      await t.nothingBefore(client, other, `${prefix}/marker`)
    })
    await Promise.all(rows)
  },
  onEvery,
)

scenario(
  'wildcards at the first level match topics of their own',
  async (t) => {
    const [client, other] = await Promise.all([t.connect(), t.connect()])
    await subscribe(client, { [`+/${t.topic('a')}`]: 0 })
    for (const topic of [`x/${t.topic('a')}`, `/${t.topic('a')}`]) {
      await publish(other, topic, 'x')
      expect((await message(client)).topic).toBe(topic)
    }
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-4.7.2-1], 3.1.1 [MQTT-4.7.2-1]: a leading wildcard does not match a topic that begins with $',
  async (t) => {
    const [client, other] = await Promise.all([t.connect(), t.connect()])
    const name = t.topic('x')
    const marker = `${name}/marker`
    await subscribe(client, { [`+/${name}`]: 0, [`#`]: 0 })
    await publish(other, `$own/${name}`, 'hidden')
    await publish(other, marker, 'end')
    for (;;) {
      const packet = await message(client)
      expect(packet.topic.startsWith('$')).toBe(false)
      if (packet.topic === marker) break
    }
  },
  onBoth,
)

scenario(
  '5.0 [MQTT-4.7.2-1], 3.1.1 [MQTT-4.7.2-1]: a filter that spells the $ level out matches',
  async (t) => {
    const [client, other] = await Promise.all([t.connect(), t.connect()])
    await subscribe(client, { [`$own/${t.topic('#')}`]: 1 })
    await publish(other, `$own/${t.topic('x')}`, 'seen', { qos: 1 })
    expect(textOf(await message(client))).toBe('seen')
  },
  onBoth,
)

scenario(
  '5.0 [MQTT-1.5.4-3], 3.1.1 [MQTT-1.5.3-3]: U+FEFF is a character like any other, also at the start',
  async (t) => {
    const [client, other] = await Promise.all([t.connect(), t.connect()])
    const topic = `\ufeff${t.topic('\ufeffx')}`
    await subscribe(client, { [topic]: 0, [t.topic('marker')]: 0 })
    await publish(other, topic, 'kept')
    const packet = await message(client)
    expect(Buffer.from(packet.topic).toString('hex')).toBe(Buffer.from(topic).toString('hex'))
    await publish(other, t.topic('x'), 'stripped')
    await t.nothingBefore(client, other, t.topic('marker'))
  },
  onBoth,
)

scenario(
  'two clients with the same filter both get the message',
  async (t) => {
    const clients = await Promise.all([t.connect(), t.connect(), t.connect()])
    for (const client of clients) await subscribe(client, { [t.topic()]: 1 })
    await publish(await t.connect(), t.topic(), 'for all', { qos: 1 })
    for (const client of clients) expect(textOf(await message(client))).toBe('for all')
  },
  onEvery,
)

scenario(
  'a client gets what it publishes itself',
  async (t) => {
    const client = await t.connect()
    await subscribe(client, { [t.topic()]: 2 })
    for (const qos of [0, 1, 2] as const) {
      await publish(client, t.topic(), `${qos}`, { qos })
      const packet = await message(client)
      expect([textOf(packet), packet.qos]).toEqual([`${qos}`, qos])
    }
  },
  onEvery,
)
