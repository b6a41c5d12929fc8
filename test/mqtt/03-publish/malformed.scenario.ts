// PUBLISH and its acknowledgements as no client may send them.
import { expect } from 'vitest'
import { badStrings, binary, hex, packet, properties, u16, u8 } from '../client/bytes.js'
import { fence } from '../client/dialogue.js'
import { rawPublish } from '../client/raw.js'
import { expectDisconnected } from '../client/refusal.js'
import { onBoth, onEvery, scenario } from '../scene/scenario.js'

scenario(
  '5.0 [MQTT-3.3.1-4], 3.1.1 [MQTT-3.3.1-4]: both QoS bits set',
  async (t) => {
    const client = await t.connect()
    client.send(rawPublish(t.version, t.topic(), { flags: 0x06, id: 1 }))
    await expectDisconnected(client, 0x81, 0x82)
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-3.3.1-2], 3.1.1 [MQTT-3.3.1-2]: DUP with QoS 0',
  async (t) => {
    const client = await t.connect()
    client.send(rawPublish(t.version, t.topic(), { flags: 0x08 }))
    await expectDisconnected(client, 0x81, 0x82)
  },
  onBoth,
)

for (const qos of [1, 2] as const) {
  scenario(
    `5.0 [MQTT-2.2.1-3], 3.1.1 [MQTT-2.3.1-1]: packet id 0 with QoS ${qos}`,
    async (t) => {
      const client = await t.connect()
      client.send(rawPublish(t.version, t.topic(), { flags: qos << 1, id: 0 }))
      await expectDisconnected(client, 0x81, 0x82)
    },
    onEvery,
  )
}

for (const wildcard of ['#', '+', 'a/#', 'a/+/b', 'a+', 'a#b']) {
  scenario(
    `5.0 [MQTT-3.3.2-2] [MQTT-4.7.0-1], 3.1.1 [MQTT-3.3.2-2] [MQTT-4.7.1-1]: the topic «${wildcard}»`,
    async (t) => {
      const client = await t.connect()
      client.send(rawPublish(t.version, wildcard))
      await expectDisconnected(client, 0x81, 0x82, 0x90)
    },
    onEvery,
  )
}

scenario(
  '5.0 [MQTT-4.7.3-1], 3.1.1 [MQTT-4.7.3-1]: an empty topic without an alias',
  async (t) => {
    const client = await t.connect()
    client.send(rawPublish(t.version, ''))
    await expectDisconnected(client, 0x81, 0x82, 0x90)
  },
  onEvery,
)

for (const [name, bytes] of Object.entries(badStrings)) {
  scenario(
    `5.0 [MQTT-3.3.2-1] [MQTT-1.5.4-1] [MQTT-1.5.4-2] [MQTT-4.7.3-2], 3.1.1 [MQTT-3.3.2-1] [MQTT-1.5.3-1] [MQTT-1.5.3-2] [MQTT-4.7.3-2]: a topic with ${name}`,
    async (t) => {
      const client = await t.connect()
      client.send(rawPublish(t.version, binary(bytes)))
      await expectDisconnected(client, 0x81, 0x82, 0x90)
    },
    onBoth,
  )
}

scenario(
  'a topic that is longer than the packet',
  async (t) => {
    const client = await t.connect()
    client.send(packet(0x30, u16(200), hex('61 62 63')))
    await expectDisconnected(client, 0x81, 0x82)
  },
  onEvery,
)

scenario(
  '3.1.1 [MQTT-3.3.2-1]: a PUBLISH without a topic',
  async (t) => {
    const client = await t.connect()
    client.send(packet(0x30))
    await expectDisconnected(client, 0x81, 0x82)
  },
  onEvery,
)

scenario(
  'QoS 1 without room for a packet id',
  async (t) => {
    const client = await t.connect()
    client.send(packet(0x32, u16(1), hex('61')))
    await expectDisconnected(client, 0x81, 0x82)
  },
  onEvery,
)

for (const flags of [0x0, 0x1, 0x3, 0x6]) {
  scenario(
    `5.0 [MQTT-3.6.1-1], 3.1.1 [MQTT-3.6.1-1]: PUBREL with the flags ${flags}`,
    async (t) => {
      const client = await t.connect()
      client.send(packet(0x60 | flags, u16(1)))
      await expectDisconnected(client, 0x81, 0x82)
      expect(client.history).not.toContain('pubcomp')
    },
    onBoth,
  )
}

for (const [name, type] of [
  ['PUBACK', 0x40],
  ['PUBREC', 0x50],
  ['PUBCOMP', 0x70],
  ['PINGREQ', 0xc0],
] as const) {
  scenario(
    `5.0 [MQTT-2.1.3-1], 3.1.1 [MQTT-2.2.2-1] [MQTT-2.2.2-2]: ${name} with reserved flags set`,
    async (t) => {
      const client = await t.connect()
      client.send(name === 'PINGREQ' ? packet(type | 1) : packet(type | 1, u16(1)))
      await expectDisconnected(client, 0x81, 0x82)
    },
    onBoth,
  )
}

for (const [name, first] of [
  ['PUBACK', 0x40],
  ['PUBREC', 0x50],
  ['PUBREL', 0x62],
  ['PUBCOMP', 0x70],
] as const) {
  scenario(
    `${name} with packet id 0`,
    async (t) => {
      const client = await t.connect()
      client.send(packet(first, u16(0)))
      await expectDisconnected(client, 0x81, 0x82)
    },
    onBoth,
  )
  scenario(
    `${name} of one byte`,
    async (t) => {
      const client = await t.connect()
      client.send(packet(first, u8(1)))
      await expectDisconnected(client, 0x81, 0x82)
    },
    onBoth,
  )
  scenario(`${name} with a reason code and an empty property block is read`, async (t) => {
    const client = await t.connect()
    client.send(packet(first, u16(4711), u8(0), properties()))
    await fence(client)
  })
  scenario(`${name} with a reason code that does not exist`, async (t) => {
    const client = await t.connect()
    client.send(packet(first, u16(4711), u8(0x7b)))
    await expectDisconnected(client, 0x81, 0x82)
  })
}
