// The exact bytes of the server's answers: before 5.0 nothing may follow a packet id.
import { expect } from 'vitest'
import { hex, join, packet, properties, text, u16, u8 } from '../client/bytes.js'
import type { Client } from '../client/client.js'
import { connect, connectPacket, publishPacket, subscribe } from '../client/dialogue.js'
import { rawSubscribe, rawUnsubscribe } from '../client/raw.js'
import { expectDisconnected } from '../client/refusal.js'
import { scenario } from '../scene/scenario.js'

const frame = async (
  client: Client,
  cmd: 'puback' | 'pubrec' | 'pubcomp' | 'suback' | 'unsuback' | 'pingresp',
): Promise<string> => Buffer.from(client.frameOf(await client.receive(cmd))).toString('hex')

scenario(
  '3.1.1 [MQTT-3.2.2-1] [MQTT-2.2.2-1]: every answer has exactly the bytes of the text',
  async (t) => {
    const client = await t.open()
    const connack = await connect(client, { clientId: t.id() })
    expect(Buffer.from(client.frameOf(connack)).toString('hex')).toBe('20020000')
    client.send(
      rawSubscribe(
        t.version,
        [
          [t.topic(), 0],
          [t.topic('b'), 1],
        ],
        { id: 0x0102 },
      ),
    )
    expect(await frame(client, 'suback')).toBe('900401020001')
    client.send(rawUnsubscribe(t.version, [t.topic('b')], { id: 0x0103 }))
    expect(await frame(client, 'unsuback')).toBe('b0020103')
    client.send(publishPacket(t.topic('x'), 'x', { qos: 1, messageId: 0x0104 }))
    expect(await frame(client, 'puback')).toBe('40020104')
    client.send(publishPacket(t.topic('x'), 'x', { qos: 2, messageId: 0x0105 }))
    expect(await frame(client, 'pubrec')).toBe('50020105')
    client.send({ cmd: 'pubrel', messageId: 0x0105 })
    expect(await frame(client, 'pubcomp')).toBe('70020105')
    client.send({ cmd: 'pubrel', messageId: 0x0106 })
    expect(await frame(client, 'pubcomp')).toBe('70020106')
    client.send({ cmd: 'pingreq' })
    expect(await frame(client, 'pingresp')).toBe('d000')
    client.send(publishPacket(t.topic(), 'x', { qos: 1, messageId: 0x0107 }))
    const publish = await client.receive('publish')
    expect(Buffer.from(client.frameOf(publish))).toEqual(
      Buffer.from(packet(0x30, text(t.topic()), hex('78'))),
    )
  },
  { versions: [3, 4] },
)

scenario(
  'packets in pieces of one byte, and many packets in one piece',
  async (t) => {
    const client = await t.open()
    const bytes = join(
      client.encode(connectPacket(t.version, { clientId: t.id() })),
      packet(0xc0),
      packet(0xc0),
      packet(0xc0),
    )
    for (const byte of bytes) client.send(u8(byte))
    await client.receive('connack')
    for (let count = 0; count < 3; count += 1) await client.receive('pingresp')
    client.send(join(...Array.from({ length: 1000 }, () => packet(0xc0))))
    for (let count = 0; count < 1000; count += 1) await client.receive('pingresp')
  },
  { versions: [3, 4, 5] },
)

scenario(
  '5.0 [MQTT-1.5.5-1]: a remaining length of more bytes than it needs ends the connection',
  async (t) => {
    const client = await t.connect()
    client.send(hex('c0 80 00'))
    await expectDisconnected(client, 0x81, 0x82)
  },
)

const wrongProperties = [
  ['SUBSCRIBE with a message expiry', packet(0x82, u16(1), properties(hex('02 00000001')), text('a'), u8(0))],
  ['SUBSCRIBE with a reason string', packet(0x82, u16(1), properties(hex('1f 0001 61')), text('a'), u8(0))],
  ['UNSUBSCRIBE with a subscription identifier', packet(0xa2, u16(1), properties(hex('0b 01')), text('a'))],
  ['PUBACK with a session expiry', packet(0x40, u16(1), u8(0), properties(hex('11 00000001')))],
  ['PUBREC with a topic alias', packet(0x50, u16(1), u8(0), properties(hex('23 0001')))],
  ['PUBREL with a content type', packet(0x62, u16(1), u8(0), properties(hex('03 0001 61')))],
  ['PUBCOMP with two reason strings', packet(0x70, u16(1), u8(0), properties(hex('1f 0001 61 1f 0001 61')))],
  ['PUBACK with a property length beyond its end', packet(0x40, u16(1), u8(0), u8(9))],
  ['PUBACK with bytes behind its properties', packet(0x40, u16(1), u8(0), u8(0), u8(0))],
  ['UNSUBSCRIBE with a filter cut short', packet(0xa2, u16(1), properties(), u16(9), hex('61'))],
  ['DISCONNECT with a server reference', packet(0xe0, u8(0), properties(hex('1c 0001')))],
] as const

for (const [name, bytes] of wrongProperties) {
  scenario(`5.0 [MQTT-4.13.1-1]: ${name} ends the connection`, async (t) => {
    const client = await t.connect()
    client.send(bytes)
    await client.closed()
    expect(client.history.filter((cmd) => cmd !== 'connack' && cmd !== 'disconnect')).toEqual([])
  })
}

const wrongWills = [
  ['two delays', hex('18 00000001 18 00000001')],
  ['a session expiry', hex('11 00000001')],
  ['payload format 2', hex('01 02')],
  ['a response topic with a wildcard', hex('08 0001 2b')],
  ['a content type that is not UTF-8', hex('03 0001 ff')],
  ['a topic alias', hex('23 0001')],
] as const

for (const [name, block] of wrongWills) {
  scenario(`5.0 [MQTT-3.1.4-1]: a will with ${name} is refused`, async (t) => {
    const client = await t.open()
    const payload = join(text(t.id()), properties(block), text(t.topic()), text('m'))
    client.send(packet(0x10, text('MQTT'), u8(5), u8(0x06), u16(0), properties(), payload))
    await client.closed()
    for (const answer of client.inbox) expect(answer).not.toMatchObject({ cmd: 'connack', reasonCode: 0 })
  })
}

scenario('a will whose payload is not UTF-8 although it says so is refused with 0x99', async (t) => {
  const client = await t.open()
  const payload = join(text(t.id()), properties(hex('01 01')), text(t.topic()), u16(1), hex('ff'))
  client.send(packet(0x10, text('MQTT'), u8(5), u8(0x06), u16(0), properties(), payload))
  expect((await client.receive('connack')).reasonCode).toBe(0x99)
  await client.closed()
})

scenario(
  '5.0 [MQTT-3.8.4-1]: a SUBSCRIBE whose packet id is still waiting for nothing is served again',
  async (t) => {
    const client = await t.connect()
    for (let count = 0; count < 3; count += 1) {
      client.send(rawSubscribe(5, [[t.topic(`${count}`), 1]], { id: 7 }))
      expect((await client.receive('suback')).messageId).toBe(7)
    }
    await subscribe(client, { [t.topic()]: 2 })
  },
)
