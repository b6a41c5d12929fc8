// The answer to a CONNECT, and what may not be one.
import { expect } from 'vitest'
import {
  connect,
  connectPacket,
  codeOf,
  fence,
  message,
  publish,
  publishPacket,
  subscribe,
  textOf,
} from '../client/dialogue.js'
import { join, properties as propertiesOf } from '../client/bytes.js'
import { property } from '../client/property.js'
import { rawConnect, rawConnectAs, rawPublish } from '../client/raw.js'
import { expectDisconnected, expectRefused } from '../client/refusal.js'
import { onBoth, onEvery, scenario } from '../scene/scenario.js'

scenario(
  '5.0 [MQTT-3.1.4-5] [MQTT-3.2.0-1] [MQTT-3.2.2-1], 3.1.1 [MQTT-3.1.4-4] [MQTT-3.2.0-1]: ' +
    'a CONNECT is answered first of all with CONNACK 0, no reserved bit set',
  async (t) => {
    const client = await t.open()
    const connack = await connect(client, { clientId: t.id() })
    expect(codeOf(connack)).toBe(0)
    expect(client.history[0]).toBe('connack')
    const flags = client.frameOf(connack)[2]
    expect(flags).toBe(0)
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-3.2.0-2]: there is one CONNACK in a connection',
  async (t) => {
    const client = await t.connect()
    await fence(client)
    expect(client.history.filter((cmd) => cmd === 'connack')).toHaveLength(1)
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-3.1.0-1], 3.1.1 [MQTT-3.1.0-1]: a first packet that is not CONNECT ends the connection',
  async (t) => {
    const client = await t.open()
    client.send({ cmd: 'pingreq' })
    await client.closed()
    expect(client.history).not.toContain('pingresp')
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-3.1.0-2], 3.1.1 [MQTT-3.1.0-2]: a second CONNECT is a protocol error',
  async (t) => {
    const client = await t.connect()
    client.send(connectPacket(t.version, { clientId: t.id() }))
    await expectDisconnected(client, 0x82)
    expect(client.history.filter((cmd) => cmd === 'connack')).toHaveLength(1)
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-3.1.2-1], 3.1.1 [MQTT-3.1.2-1]: a wrong protocol name is not served',
  async (t) => {
    const client = await t.open()
    client.send(rawConnect(t.version, { name: 'MQTX' }))
    await client.closed()
    expect(client.history).not.toContain('pingresp')
  },
  onEvery,
)

scenario('5.0 [MQTT-3.1.2-2]: protocol version 6 is refused with 0x84 or a close', async (t) => {
  const client = await t.open()
  client.send(rawConnect(5, { level: 6 }))
  await client.closed()
  const codes = client.inbox.map((answer) => (answer.cmd === 'connack' ? codeOf(answer) : -1))
  expect([[], [0x84], [0x01]]).toContainEqual(codes)
})

scenario(
  '5.0 [MQTT-3.1.2-1] [MQTT-3.1.2-2]: a CONNECT in the form of 5.0 that is of no known version is refused in that form',
  async (t) => {
    const properties = propertiesOf(property('sessionExpiryInterval', 60))
    for (const parts of [{ level: 6 }, { level: 99 }, { level: 6, properties }, { name: 'MQTX' }]) {
      const client = await t.open()
      client.send(rawConnect(5, parts))
      expect(codeOf(await client.receive('connack'))).toBe(0x84)
      await client.closed()
    }
  },
)

scenario('3.1.1 [MQTT-3.1.2-2]: protocol level 99 is refused with CONNACK 1 and a close', async (t) => {
  const client = await t.open({ version: 4 })
  client.send(rawConnect(4, { level: 99 }))
  expect(codeOf(await client.receive('connack'))).toBe(1)
  await client.closed()
})

scenario('3.1.1 [MQTT-3.1.2-2]: protocol level 2 is refused with CONNACK 1 and a close', async (t) => {
  const client = await t.open({ version: 4 })
  client.send(rawConnect(4, { level: 2 }))
  expect(codeOf(await client.receive('connack'))).toBe(1)
  await client.closed()
})

scenario(
  '5.0 [MQTT-3.1.2-3], 3.1.1 [MQTT-3.1.2-3]: the reserved connect flag must be 0',
  async (t) => {
    const client = await t.open()
    client.send(rawConnect(t.version, { flags: 3 }))
    await expectRefused(client)
  },
  onBoth,
)

scenario(
  '5.0 [MQTT-3.1.4-6], 3.1.1 [MQTT-3.1.4-5]: nothing that follows a refused CONNECT is worked on',
  async (t) => {
    const watcher = await t.connect()
    await subscribe(watcher, { [t.topic()]: 0 })
    const connects = { 4: rawConnectAs(4, '', false), 5: rawConnect(5, { flags: 3 }) } as const
    for (const version of [4, 5] as const) {
      const refused = await t.open({ version })
      refused.send(join(connects[version], rawPublish(version, t.topic(), { payload: 'refused' })))
      await refused.closed()
    }
    await t.nothingBefore(watcher, await t.connect(), t.topic())
  },
)

scenario(
  'packets sent behind the CONNECT without waiting for its CONNACK are worked on',
  async (t) => {
    const client = await t.open()
    const watcher = await t.connect()
    const topic = t.topic()
    await subscribe(watcher, { [topic]: 1 })
    client.send(
      join(
        client.encode(connectPacket(t.version, { clientId: t.id() })),
        client.encode({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos: 1 }] }),
        client.encode({
          cmd: 'publish',
          messageId: 2,
          topic,
          payload: 'early',
          qos: 1,
          dup: false,
          retain: false,
        }),
        client.encode({ cmd: 'pingreq' }),
      ),
    )
    await client.receive('connack')
    expect((await client.receive('suback')).messageId).toBe(1)
    expect((await client.receive('puback')).messageId).toBe(2)
    await client.receive('pingresp')
    expect(client.history[0]).toBe('connack')
    expect(textOf(await message(watcher))).toBe('early')
    await publish(watcher, topic, 'late', { qos: 1 })
    await client.waitFor('the late message', () =>
      client.inbox.some((one) => one.cmd === 'publish' && textOf(one) === 'late') ? true : undefined,
    )
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-3.12.4-1], 3.1.1 [MQTT-3.12.4-1]: PINGREQ is answered with PINGRESP',
  async (t) => {
    const client = await t.connect()
    for (let count = 0; count < 3; count += 1) await fence(client)
  },
  onEvery,
)

for (const [name, level, version] of [
  ['MQIsdp', 4, 4],
  ['MQIsdp', 5, 5],
  ['MQTT', 3, 4],
  ['mqtt', 4, 4],
  ['MQTT ', 4, 4],
  ['', 4, 4],
  ['MQTT', 0, 4],
  ['MQTT', 127, 4],
  ['MQTT', 131, 4],
] as const) {
  scenario(
    `5.0 [MQTT-3.1.2-1], 3.1.1 [MQTT-3.1.2-1]: «${name}» with level ${level} is not served`,
    async (t) => {
      const client = await t.open({ version })
      client.send(rawConnect(version, { name, level }))
      await expectRefused(client, [1, 0x84])
    },
  )
}

scenario(
  '5.0 [MQTT-3.1.2-22] [MQTT-3.2.2-22], 3.1.1 [MQTT-3.1.2-24]: the connection lasts one and a half keep alives, and any packet begins them anew',
  async (t) => {
    const client = await t.open()
    const { properties: told } = await connect(client, { clientId: t.id(), keepalive: 2 })
    expect(told?.serverKeepAlive).toBeUndefined()
    const before = Date.now()
    await t.elapse(1500)
    await publish(client, t.topic(), 'x', { qos: 1 })
    await client.closed(15_000)
    // 1.5 s before the packet and 3 s behind it; a little less is a matter of clocks.
    expect(Date.now() - before).toBeGreaterThan(4400)
  },
  { ...onEvery, timeoutMillis: 30_000 },
)

scenario(
  '5.0 [MQTT-3.1.2-22], 3.1.1 [MQTT-3.1.2-24]: a packet that comes in drops does not keep the connection, a large one on a slow line does',
  async (t) => {
    const dripping = await t.connect({ keepalive: 1 })
    const slow = await t.connect({ keepalive: 1 })
    const whole = slow.encode(publishPacket(t.topic(), 'x'.repeat(40_000), { qos: 1, messageId: 1 }))
    dripping.send(Uint8Array.of(0x30, 100))
    const drops = setInterval(() => dripping.send(Uint8Array.of(0)), 300)
    try {
      for (let from = 0; from < whole.length; from += 8_000) {
        slow.send(whole.subarray(from, from + 8_000))
        await t.elapse(700)
      }
      await slow.receive('puback')
      await dripping.closed(12_000)
    } finally {
      clearInterval(drops)
    }
  },
  onEvery,
)
