// The flags of a CONNECT and the fields that they announce.
import { expect } from 'vitest'
import { join, packet, properties, text, u8 } from '../client/bytes.js'
import { codeOf } from '../client/dialogue.js'
import { rawConnect } from '../client/raw.js'
import { expectRefused } from '../client/refusal.js'
import { onBoth, onEvery, scenario } from '../scene/scenario.js'

scenario(
  '5.0 [MQTT-3.1.2-17] [MQTT-3.1.2-19], 3.1.1 [MQTT-3.1.2-19] [MQTT-3.1.2-21]: user name and password are read',
  async (t) => {
    await t.connect({ username: 'anybody', password: Buffer.from('anything') })
  },
  onEvery,
)

scenario('5.0 [MQTT-3.1.2-17]: a password may come without a user name', async (t) => {
  const client = await t.open()
  client.send(rawConnect(5, { flags: 0x42, payload: join(text(t.id()), text('secret')) }))
  const answer = await client.receive('connack')
  expect([0, 0x86, 0x87]).toContain(codeOf(answer))
})

scenario(
  '3.1.1 [MQTT-3.1.2-22]: a password without a user name ends the connection',
  async (t) => {
    const client = await t.open()
    client.send(rawConnect(t.version, { flags: 0x42, payload: join(text(t.id()), text('secret')) }))
    await expectRefused(client)
  },
  { versions: [4] },
)

const contradictions = [
  ['5.0 [MQTT-3.1.2-16], 3.1.1 [MQTT-3.1.2-18]: a user name without its flag', 0x02, ['id', 'name']],
  ['5.0 [MQTT-3.1.2-17], 3.1.1 [MQTT-3.1.2-19]: a user name flag without its user name', 0x82, ['id']],
  ['5.0 [MQTT-3.1.2-18], 3.1.1 [MQTT-3.1.2-20]: a password without its flag', 0x82, ['id', 'name', 'secret']],
  ['5.0 [MQTT-3.1.2-19], 3.1.1 [MQTT-3.1.2-21]: a password flag without its password', 0xc2, ['id', 'name']],
  ['5.0 [MQTT-3.1.2-9], 3.1.1 [MQTT-3.1.2-9]: a will flag without topic and message', 0x06, ['id']],
  ['5.0 [MQTT-3.1.2-11], 3.1.1 [MQTT-3.1.2-13]: a will QoS without a will', 0x0a, ['id']],
  ['5.0 [MQTT-3.1.2-13], 3.1.1 [MQTT-3.1.2-15]: a will retain flag without a will', 0x22, ['id']],
  ['3.1.1 [MQTT-3.1.2-11]: a will topic and message without the will flag', 0x02, ['id', 'topic', 'message']],
  ['5.0 [MQTT-3.1.3-3], 3.1.1 [MQTT-3.1.3-3]: no client id at all', 0x02, []],
] as const

for (const [title, flags, fields] of contradictions) {
  scenario(
    `${title} ends the connection`,
    async (t) => {
      const client = await t.open()
      client.send(rawConnect(t.version, { flags, payload: join(...fields.map((field) => text(field))) }))
      await expectRefused(client)
    },
    onBoth,
  )
}

scenario(
  '3.1 lets the user name and the password be missing although their flags are set',
  async (t) => {
    const client = await t.open()
    client.send(rawConnect(3, { flags: 0xc2, payload: text(t.id()) }))
    expect(codeOf(await client.receive('connack'))).toBe(0)
  },
  { versions: [3] },
)

scenario(
  '3.1 disregards will QoS and will retain without the will flag, and the bit that it does not define',
  async (t) => {
    for (const flags of [0x0a, 0x12, 0x1a, 0x22, 0x3b, 0x03]) {
      const client = await t.open({ version: 3 })
      client.send(rawConnect(3, { flags, payload: text(t.id()) }))
      expect(codeOf(await client.receive('connack'))).toBe(0)
    }
  },
  { needs: 'the letter of 3.1 about will QoS 3' },
)

scenario(
  '5.0 [MQTT-3.1.2-12], 3.1.1 [MQTT-3.1.2-14]: will QoS 3 ends the connection',
  async (t) => {
    const client = await t.open()
    const will = t.version === 5 ? properties() : new Uint8Array()
    client.send(
      rawConnect(t.version, { flags: 0x1e, payload: join(text(t.id()), will, text('w'), text('m')) }),
    )
    await expectRefused(client)
  },
  onEvery,
)

scenario(
  '3.1.1 [MQTT-3.1.4-1] [MQTT-3.2.2-6]: a CONNECT cut short ends the connection without a word',
  async (t) => {
    const client = await t.open({ version: 4 })
    client.send(packet(0x10, text('MQTT'), u8(4), u8(2)))
    await client.closed()
    expect(client.history).toEqual([])
  },
)
