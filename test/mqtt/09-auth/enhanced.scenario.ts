// Enhanced authentication: no method is offered by default, and AUTH packets out of place.
import { expect } from 'vitest'
import { packet, properties, text, u8 } from '../client/bytes.js'
import { codeOf, connect, connectPacket, fence } from '../client/dialogue.js'
import { property } from '../client/property.js'
import { expectDisconnected, expectRefused } from '../client/refusal.js'
import { onBoth, scenario } from '../scene/scenario.js'

scenario('5.0 [MQTT-4.12.0-1]: an unknown authentication method is refused with 0x8C', async (t) => {
  const client = await t.open()
  client.send(connectPacket(5, { clientId: t.id(), properties: { authenticationMethod: 'no such method' } }))
  const connack = await client.receive('connack')
  expect([0x8c, 0x87]).toContain(codeOf(connack))
  await client.closed()
})

scenario('5.0 [MQTT-4.12.0-6]: without a method no AUTH comes, and the CONNACK has no method', async (t) => {
  const client = await t.open()
  const connack = await connect(client, { clientId: t.id() })
  expect(connack.properties?.authenticationMethod).toBeUndefined()
  expect(connack.properties?.authenticationData).toBeUndefined()
  await fence(client)
  expect(client.history).not.toContain('auth')
})

scenario('5.0 [MQTT-4.12.0-7]: an AUTH of a client without a method is a protocol error', async (t) => {
  for (const reasonCode of [0x18, 0x19]) {
    const client = await t.connect()
    client.send({ cmd: 'auth', reasonCode, properties: { authenticationMethod: 'SCRAM-SHA-1' } })
    await expectDisconnected(client, 0x82, 0x8c)
  }
})

scenario('5.0 [MQTT-3.15.1-1]: AUTH with reserved flags ends the connection', async (t) => {
  const client = await t.connect()
  client.send(packet(0xf1, u8(0x18), properties(property('authenticationMethod', 'x'))))
  await expectDisconnected(client, 0x81, 0x82)
})

scenario('5.0 [MQTT-3.15.2-1]: AUTH with an unknown reason code ends the connection', async (t) => {
  const client = await t.connect()
  client.send(packet(0xf0, u8(0x01), properties(property('authenticationMethod', 'x'))))
  await expectDisconnected(client, 0x81, 0x82, 0x8c)
})

scenario('5.0 [MQTT-3.1.0-1]: AUTH as the first packet ends the connection', async (t) => {
  const client = await t.open()
  client.send({ cmd: 'auth', reasonCode: 0x18, properties: { authenticationMethod: 'x' } })
  await client.closed()
  expect(client.history).toEqual([])
})

scenario(
  'packet types 0 and (before 5.0) 15 do not exist',
  async (t) => {
    for (const first of t.version === 5 ? [0x00] : [0x00, 0xf0]) {
      const client = await t.connect()
      client.send(packet(first))
      await expectDisconnected(client, 0x81, 0x82)
    }
  },
  onBoth,
)

scenario(
  '5.0 [MQTT-4.12.0-4]: nothing but a refusal comes after an unknown method, whatever follows',
  async (t) => {
    const client = await t.open()
    client.send(connectPacket(5, { clientId: t.id(), properties: { authenticationMethod: 'x' } }))
    client.send({ cmd: 'auth', reasonCode: 0x18, properties: { authenticationMethod: 'x' } })
    client.send(packet(0x30, text(t.topic()), properties()))
    await expectRefused(client, [0x8c, 0x87])
  },
)
