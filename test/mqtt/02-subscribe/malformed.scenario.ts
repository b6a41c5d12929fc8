// SUBSCRIBE and UNSUBSCRIBE that no broker may work on.
import { expect } from 'vitest'
import { badStrings, binary, packet, properties, text, u16 } from '../client/bytes.js'
import { codesOf, fence } from '../client/dialogue.js'
import { rawSubscribe, rawUnsubscribe } from '../client/raw.js'
import { expectDisconnected } from '../client/refusal.js'
import { onBoth, onEvery, scenario } from '../scene/scenario.js'

for (const flags of [0x0, 0x1, 0x3, 0x6, 0xa]) {
  scenario(
    `5.0 [MQTT-3.8.1-1] [MQTT-2.1.3-1], 3.1.1 [MQTT-3.8.1-1] [MQTT-2.2.2-1] [MQTT-2.2.2-2]: SUBSCRIBE with the flags ${flags}`,
    async (t) => {
      const client = await t.connect()
      client.send(rawSubscribe(t.version, [[t.topic(), 0]], { first: 0x80 | flags }))
      await expectDisconnected(client, 0x81, 0x82)
    },
    onBoth,
  )
  scenario(
    `5.0 [MQTT-3.10.1-1], 3.1.1 [MQTT-3.10.1-1]: UNSUBSCRIBE with the flags ${flags}`,
    async (t) => {
      const client = await t.connect()
      client.send(rawUnsubscribe(t.version, [t.topic()], { first: 0xa0 | flags }))
      await expectDisconnected(client, 0x81, 0x82)
    },
    onBoth,
  )
}

scenario(
  '5.0 [MQTT-3.8.3-2], 3.1.1 [MQTT-3.8.3-3]: SUBSCRIBE without a filter',
  async (t) => {
    const client = await t.connect()
    client.send(rawSubscribe(t.version, []))
    await expectDisconnected(client, 0x81, 0x82)
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-3.10.3-2], 3.1.1 [MQTT-3.10.3-2]: UNSUBSCRIBE without a filter',
  async (t) => {
    const client = await t.connect()
    client.send(rawUnsubscribe(t.version, []))
    await expectDisconnected(client, 0x81, 0x82)
  },
  onEvery,
)

for (const options of [0x03, 0x40, 0x80, 0xc0]) {
  scenario(
    `5.0 [MQTT-3.8.3-5], 3.1.1 [MQTT-3.8.3-4]: SUBSCRIBE with the options byte ${options}`,
    async (t) => {
      const client = await t.connect()
      client.send(rawSubscribe(t.version, [[t.topic(), options]]))
      await expectDisconnected(client, 0x81, 0x82)
    },
    onBoth,
  )
}

for (const options of [0x04, 0x08, 0x10, 0x20]) {
  scenario(
    `3.1.1 [MQTT-3.8.3-4]: the options of 5.0 are reserved bits before it: ${options}`,
    async (t) => {
      const client = await t.connect()
      client.send(rawSubscribe(4, [[t.topic(), options]]))
      await client.closed()
    },
    { versions: [4] },
  )
}

scenario('retain handling 3 is a protocol error', async (t) => {
  const client = await t.connect()
  client.send(rawSubscribe(5, [[t.topic(), 0x30]]))
  await expectDisconnected(client, 0x81, 0x82)
})

for (const [name, bytes] of Object.entries(badStrings)) {
  scenario(
    `5.0 [MQTT-3.8.3-1] [MQTT-1.5.4-1] [MQTT-1.5.4-2] [MQTT-4.7.3-2], 3.1.1 [MQTT-3.8.3-1] [MQTT-1.5.3-1] [MQTT-1.5.3-2] [MQTT-4.7.3-2]: a filter with ${name}`,
    async (t) => {
      const client = await t.connect()
      client.send(rawSubscribe(t.version, [[binary(bytes), 0]]))
      await client.closed()
      expect(client.history).not.toContain('suback')
    },
    onBoth,
  )
  scenario(
    `5.0 [MQTT-3.10.3-1], 3.1.1 [MQTT-3.10.3-1]: a filter with ${name} in UNSUBSCRIBE`,
    async (t) => {
      const client = await t.connect()
      client.send(rawUnsubscribe(t.version, [binary(bytes)]))
      await client.closed()
      expect(client.history).not.toContain('unsuback')
    },
    onBoth,
  )
}

const badFilters = [
  ['5.0 [MQTT-4.7.3-1], 3.1.1 [MQTT-4.7.3-1]', ''],
  ['5.0 [MQTT-4.7.1-1], 3.1.1 [MQTT-4.7.1-2]', 'a#'],
  ['5.0 [MQTT-4.7.1-1], 3.1.1 [MQTT-4.7.1-2]', 'a/#/b'],
  ['5.0 [MQTT-4.7.1-1], 3.1.1 [MQTT-4.7.1-2]', '#/'],
  ['5.0 [MQTT-4.7.1-1], 3.1.1 [MQTT-4.7.1-2]', '##'],
  ['5.0 [MQTT-4.7.1-1], 3.1.1 [MQTT-4.7.1-2]', 'a/b#'],
  ['5.0 [MQTT-4.7.1-2], 3.1.1 [MQTT-4.7.1-3]', 'a+'],
  ['5.0 [MQTT-4.7.1-2], 3.1.1 [MQTT-4.7.1-3]', '+a/b'],
  ['5.0 [MQTT-4.7.1-2], 3.1.1 [MQTT-4.7.1-3]', 'a/+b'],
  ['5.0 [MQTT-4.7.1-2], 3.1.1 [MQTT-4.7.1-3]', 'a/b++'],
] as const

for (const [numbers, filter] of badFilters) {
  scenario(
    `${numbers}: the filter «${filter}» is refused by a code or a close`,
    async (t) => {
      const client = await t.connect()
      client.send(rawSubscribe(t.version, [[filter, 0]]))
      const answer = await client.waitFor(
        'a SUBACK or the end',
        () => client.inbox[0] ?? (client.isClosed ? 'closed' : undefined),
      )
      if (answer === 'closed' || answer.cmd === 'disconnect') return
      if (answer.cmd !== 'suback') throw new Error(`a ${answer.cmd} instead of a refusal`)
      expect(codesOf(answer)[0]).toBeGreaterThanOrEqual(0x80)
      await fence(client)
    },
    onEvery,
  )
}

scenario(
  'a SUBSCRIBE whose filter is longer than the packet ends the connection',
  async (t) => {
    const client = await t.connect()
    const block = t.version === 5 ? properties() : new Uint8Array()
    client.send(packet(0x82, u16(1), block, u16(500), text('short')))
    await expectDisconnected(client, 0x81, 0x82)
  },
  onEvery,
)

scenario(
  'a SUBSCRIBE whose last filter has no options byte ends the connection',
  async (t) => {
    const client = await t.connect()
    const block = t.version === 5 ? properties() : new Uint8Array()
    client.send(packet(0x82, u16(1), block, text(t.topic())))
    await expectDisconnected(client, 0x81, 0x82)
  },
  onEvery,
)
