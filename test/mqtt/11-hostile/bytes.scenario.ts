// Bytes that are not MQTT, and MQTT out of place. Each ends its own connection and nothing else.
import { expect } from 'vitest'
import { badStrings, binary, hex, join, packet, properties, text, u16, u8 } from '../client/bytes.js'
import { connectPacket, fence } from '../client/dialogue.js'
import { property } from '../client/property.js'
import { rawConnect, rawPublish } from '../client/raw.js'
import { expectDisconnected, expectRefused } from '../client/refusal.js'
import type { Version } from '../client/client.js'
import { onBoth, onEvery, scenario } from '../scene/scenario.js'

scenario(
  'a remaining length of five bytes',
  async (t) => {
    const fresh = await t.open()
    fresh.send(hex('10 80 80 80 80 01'))
    await fresh.closed()
    expect(fresh.history).not.toContain('connack')
    const client = await t.connect()
    client.send(hex('30 ff ff ff ff 7f'))
    await expectDisconnected(client, 0x81, 0x95)
  },
  onBoth,
)

for (const [name, bytes] of [
  ['CONNACK', packet(0x20, u8(0), u8(0))],
  ['SUBACK', packet(0x90, u16(1), u8(0))],
  ['UNSUBACK', packet(0xb0, u16(1))],
  ['PINGRESP', packet(0xd0)],
] as const) {
  scenario(
    `5.0 [MQTT-4.13.1-1] [MQTT-3.14.2-1], 3.1.1 [MQTT-4.8.0-1]: ${name} from a client`,
    async (t) => {
      const client = await t.connect()
      client.send(bytes)
      // It can be read, and is out of place: 0x82, not 0x81.
      await expectDisconnected(client, 0x82)
      const fresh = await t.open()
      fresh.send(bytes)
      await fresh.closed()
      expect(fresh.history).toEqual([])
    },
    onBoth,
  )
}

for (const [name, bytes] of [
  ['PINGREQ with a payload', packet(0xc0, u8(0))],
  ['a PUBACK of one byte', packet(0x40, u8(1))],
  ['an empty SUBSCRIBE', packet(0x82)],
  ['an empty UNSUBSCRIBE', packet(0xa2)],
  ['an empty PUBREL', packet(0x62)],
] as const) {
  scenario(
    name,
    async (t) => {
      const client = await t.connect()
      client.send(bytes)
      await expectDisconnected(client, 0x81, 0x82)
    },
    onBoth,
  )
}

for (const [name, bytes] of [
  ['an empty CONNECT', packet(0x10)],
  [
    'a CONNECT with bytes behind its payload',
    packet(0x10, text('MQTT'), u8(4), u8(2), u16(0), text('a'), u8(0)),
  ],
  ['a CONNECT with flags in its first byte', packet(0x11, text('MQTT'), u8(4), u8(2), u16(0), text('a'))],
  [
    'a CONNECT whose protocol name is 60,000 bytes',
    packet(0x10, text('M'.repeat(60_000)), u8(4), u8(2), u16(0), text('a')),
  ],
  ['a TLS handshake on the plain port', hex('16 03 01 02 00 01 00 01 fc 03 03 00 00 00 00')],
  ['an HTTP request on the plain port', new TextEncoder().encode('GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
  ['zeros', new Uint8Array(1000)],
  ['all ones', new Uint8Array(1000).fill(0xff)],
] as const) {
  scenario(`${name} ends the connection`, async (t) => {
    const client = await t.open({ version: 4 })
    client.send(bytes)
    await expectRefused(client)
  })
}

/** Every string of a CONNECT and of a PUBLISH, with the bytes that stand in its place. */
function withString(version: Version, id: string, bad: Uint8Array): Record<string, Uint8Array> {
  const block = version === 5 ? properties() : new Uint8Array()
  const will = (topic: Uint8Array): Uint8Array => join(text(id), block, topic, text('m'))
  return {
    'client id': rawConnect(version, { payload: binary(bad) }),
    'will topic': rawConnect(version, { flags: 0x06, payload: will(binary(bad)) }),
    'user name': rawConnect(version, { flags: 0x82, payload: join(text(id), binary(bad)) }),
  }
}

const stringNumbers = {
  'client id': '5.0 [MQTT-3.1.3-4], 3.1.1 [MQTT-3.1.3-4]',
  'will topic': '5.0 [MQTT-3.1.3-11], 3.1.1 [MQTT-3.1.3-10]',
  'user name': '5.0 [MQTT-3.1.3-12], 3.1.1 [MQTT-3.1.3-11]',
} as const

for (const [field, numbers] of Object.entries(stringNumbers)) {
  for (const [name, bad] of Object.entries(badStrings)) {
    scenario(
      `${numbers} 5.0 [MQTT-1.5.4-1] [MQTT-1.5.4-2], 3.1.1 [MQTT-1.5.3-1] [MQTT-1.5.3-2]: a ${field} with ${name}`,
      async (t) => {
        const client = await t.open()
        client.send(withString(t.version, t.id(), bad)[field] ?? new Uint8Array())
        await expectRefused(client)
      },
      onBoth,
    )
  }
}

for (const wildcard of ['a/#', '+', 'a/+/b', '']) {
  scenario(
    `5.0 [MQTT-4.7.0-1], 3.1.1 [MQTT-4.7.1-1]: the will topic «${wildcard}» is refused`,
    async (t) => {
      const client = await t.open()
      const block = t.version === 5 ? properties() : new Uint8Array()
      client.send(
        rawConnect(t.version, { flags: 0x06, payload: join(text(t.id()), block, text(wildcard), text('m')) }),
      )
      await expectRefused(client)
    },
    onBoth,
  )
}

for (const name of ['contentType', 'responseTopic'] as const) {
  const numbers = name === 'contentType' ? '5.0 [MQTT-3.3.2-19]' : '5.0 [MQTT-3.3.2-13]'
  for (const [what, bad] of Object.entries(badStrings)) {
    scenario(`${numbers}: a ${name} with ${what}`, async (t) => {
      const client = await t.connect()
      client.send(rawPublish(5, t.topic(), { properties: properties(property(name, bad)) }))
      await expectDisconnected(client, 0x81, 0x82, 0x90)
    })
  }
}

scenario(
  'random bytes, before and after the CONNECT: the broker lives and others do not notice',
  async (t) => {
    const witness = await t.connect()
    let state = 12_345
    const random = (below: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
      return Math.floor((state / 2 ** 32) * below)
    }
    for (let round = 0; round < 40; round += 1) {
      const clients = await Promise.all(Array.from({ length: 5 }, async () => t.open()))
      for (const [index, client] of clients.entries()) {
        if (index % 2 === 0) client.send(connectPacket(t.version, { clientId: t.id() }))
        client.send(Uint8Array.from({ length: 1 + random(300) }, () => random(256)))
      }
      await fence(witness)
      for (const client of clients) client.cut()
    }
    await fence(witness)
  },
  { ...onEvery, timeoutMillis: 60_000 },
)

scenario(
  'valid packets with one byte changed: the broker lives and others do not notice',
  async (t) => {
    const witness = await t.connect()
    const sender = await t.open()
    const samples = [
      sender.encode(
        connectPacket(t.version, { clientId: t.id(), username: 'u', password: Buffer.from('p') }),
      ),
      rawPublish(t.version, t.topic(), { flags: 2, id: 5, payload: 'x' }),
    ]
    for (const sample of samples) {
      for (let at = 0; at < sample.length; at += 1) {
        const clients = await Promise.all(
          [0x01, 0x80, 0xff].map(async (mask) => {
            const changed = Uint8Array.from(sample)
            changed[at] = (changed[at] ?? 0) ^ mask
            const client = sample === samples[0] ? await t.open() : await t.connect()
            client.send(changed)
            return client
          }),
        )
        await fence(witness)
        for (const client of clients) client.cut()
      }
    }
    await fence(witness)
  },
  { ...onEvery, timeoutMillis: 60_000 },
)
