// PUBLISH from a client: the acknowledgements of each QoS and what a packet id means.
import { expect } from 'vitest'
import { fence, idOf, message, publish, publishPacket, subscribe, textOf } from '../client/dialogue.js'
import { rawPublish } from '../client/raw.js'
import { onBoth, onEvery, scenario } from '../scene/scenario.js'

scenario(
  '5.0 [MQTT-3.3.4-1] [MQTT-2.2.1-2], 3.1.1 [MQTT-3.3.4-1] [MQTT-2.3.1-5]: QoS 0 is not acknowledged',
  async (t) => {
    const client = await t.connect()
    await publish(client, t.topic(), 'x')
    await fence(client)
    expect(client.history).toEqual(['connack', 'pingresp'])
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-3.3.4-1] [MQTT-4.3.2-4] [MQTT-2.2.1-5] [MQTT-3.4.2-1], 3.1.1 [MQTT-3.3.4-1] [MQTT-4.3.2-2] [MQTT-2.3.1-6]: ' +
    'QoS 1 is acknowledged by a PUBACK with its packet id',
  async (t) => {
    const client = await t.connect()
    for (const messageId of [1, 256, 65_535]) {
      client.send(publishPacket(t.topic(), 'x', { qos: 1, messageId }))
      const puback = await client.receive('puback')
      expect(puback.messageId).toBe(messageId)
      expect([0, 0x10]).toContain(puback.reasonCode ?? 0)
    }
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-4.3.3-8] [MQTT-4.3.3-11] [MQTT-2.2.1-5] [MQTT-3.5.2-1] [MQTT-3.7.2-1], 3.1.1 [MQTT-4.3.3-2] [MQTT-2.3.1-6]: ' +
    'QoS 2 goes by PUBREC, PUBREL and PUBCOMP with its packet id',
  async (t) => {
    const client = await t.connect()
    for (const messageId of [1, 256, 65_535]) {
      client.send(publishPacket(t.topic(), 'x', { qos: 2, messageId }))
      const pubrec = await client.receive('pubrec')
      expect(pubrec.messageId).toBe(messageId)
      expect([0, 0x10]).toContain(pubrec.reasonCode ?? 0)
      client.send({ cmd: 'pubrel', messageId })
      const pubcomp = await client.receive('pubcomp')
      expect(pubcomp.messageId).toBe(messageId)
      expect(pubcomp.reasonCode ?? 0).toBe(0)
    }
  },
  onEvery,
)

scenario(
  'a QoS 2 message goes to its receivers when it is stored, without waiting for PUBREL',
  async (t) => {
    const [client, other] = await Promise.all([t.connect(), t.connect()])
    await subscribe(other, { [t.topic()]: 0 })
    client.send(publishPacket(t.topic(), 'early', { qos: 2, messageId: 9 }))
    await client.receive('pubrec')
    expect(textOf(await message(other))).toBe('early')
    client.send({ cmd: 'pubrel', messageId: 9 })
    await client.receive('pubcomp')
    await t.nothingBefore(other, client, t.topic(), 0)
  },
  onBoth,
)

scenario(
  '5.0 [MQTT-4.3.2-5], 3.1.1 [MQTT-4.3.2-2]: after PUBACK the same packet id is a new message, whatever DUP says',
  async (t) => {
    const [client, other] = await Promise.all([t.connect(), t.connect()])
    await subscribe(other, { [t.topic()]: 1 })
    for (const [payload, dup] of [
      ['first', false],
      ['second', false],
      ['third', true],
    ] as const) {
      client.send(publishPacket(t.topic(), payload, { qos: 1, messageId: 5, dup }))
      await client.receive('puback')
      expect(textOf(await message(other))).toBe(payload)
    }
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-4.3.3-10], 3.1.1 [MQTT-4.3.3-2]: until PUBREL the same QoS 2 packet id is acknowledged and not delivered again',
  async (t) => {
    const [client, other] = await Promise.all([t.connect(), t.connect()])
    await subscribe(other, { [t.topic()]: 2 })
    for (let count = 0; count < 10; count += 1) {
      client.send(publishPacket(t.topic(), 'once', { qos: 2, messageId: 5, dup: count > 0 }))
      expect((await client.receive('pubrec')).messageId).toBe(5)
    }
    client.send({ cmd: 'pubrel', messageId: 5 })
    await client.receive('pubcomp')
    expect(textOf(await message(other))).toBe('once')
    await t.nothingBefore(other, client, t.topic(), 2)
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-4.3.3-12], 3.1.1 [MQTT-4.3.3-2]: after PUBCOMP the same packet id is a new message',
  async (t) => {
    const [client, other] = await Promise.all([t.connect(), t.connect()])
    await subscribe(other, { [t.topic()]: 2 })
    for (const payload of ['first', 'second']) {
      client.send(publishPacket(t.topic(), payload, { qos: 2, messageId: 9 }))
      await client.receive('pubrec')
      client.send({ cmd: 'pubrel', messageId: 9 })
      await client.receive('pubcomp')
      expect(textOf(await message(other))).toBe(payload)
    }
  },
  onEvery,
)

scenario(
  '3.1.1 [MQTT-4.3.3-2]: PUBREL for an unknown packet id is answered with PUBCOMP',
  async (t) => {
    const client = await t.connect()
    client.send({ cmd: 'pubrel', messageId: 4711 })
    expect((await client.receive('pubcomp')).messageId).toBe(4711)
    await fence(client)
  },
  { versions: [3, 4] },
)

scenario('5.0 [MQTT-3.7.2-1]: PUBREL for an unknown packet id is answered with PUBCOMP 0x92', async (t) => {
  const client = await t.connect()
  client.send({ cmd: 'pubrel', messageId: 4711, reasonCode: 0 })
  const pubcomp = await client.receive('pubcomp')
  expect([pubcomp.messageId, pubcomp.reasonCode]).toEqual([4711, 0x92])
  await fence(client)
})

scenario(
  '5.0 [MQTT-4.3.3-11], 3.1.1 [MQTT-4.3.3-2]: PUBREL twice is answered twice',
  async (t) => {
    const client = await t.connect()
    client.send(publishPacket(t.topic(), 'x', { qos: 2, messageId: 3 }))
    await client.receive('pubrec')
    for (let count = 0; count < 2; count += 1) {
      client.send({ cmd: 'pubrel', messageId: 3 })
      expect((await client.receive('pubcomp')).messageId).toBe(3)
    }
  },
  onEvery,
)

scenario(
  'acknowledgements come in the order of the messages, QoS 1 and 2 mixed',
  async (t) => {
    const client = await t.connect()
    const sent: string[] = []
    for (let id = 1; id <= 40; id += 1) {
      const qos = id % 3 === 0 ? 2 : 1
      client.send(publishPacket(t.topic(), `${id}`, { qos, messageId: id }))
      sent.push(`${qos === 2 ? 'pubrec' : 'puback'} ${id}`)
    }
    const got = await client.waitFor('40 acknowledgements', () =>
      client.inbox.length >= 40 ? client.inbox : undefined,
    )
    expect(got.map((packet) => `${packet.cmd} ${packet.messageId}`)).toEqual(sent)
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-4.6.0-5] [MQTT-4.6.0-6], 3.1.1 [MQTT-4.6.0-5] [MQTT-4.6.0-6]: messages of one client to one topic keep their order at each QoS',
  async (t) => {
    const rows = ([0, 1, 2] as const).map(async (qos) => {
      const [client, other] = await Promise.all([t.connect(), t.connect()])
      await subscribe(other, { [t.topic(`${qos}/#`)]: qos })
      const sent = Array.from({ length: 100 }, (_, index) => `${index}`)
      for (const [index, payload] of sent.entries()) {
        const messageId = index + 1
        client.send(publishPacket(t.topic(`${qos}/x`), payload, qos === 0 ? { qos } : { qos, messageId }))
        if (qos === 2) client.send({ cmd: 'pubrel', messageId })
      }
      const got: string[] = []
      while (got.length < sent.length) got.push(textOf(await message(other)))
      expect(got).toEqual(sent)
    })
    await Promise.all(rows)
  },
  onEvery,
)

scenario(
  'messages of all QoS of one client to one topic keep their order at a QoS 2 subscriber',
  async (t) => {
    const [client, other] = await Promise.all([t.connect(), t.connect()])
    await subscribe(other, { [t.topic()]: 2 })
    const sent: string[] = []
    for (let id = 1; id <= 60; id += 1) {
      const qos = id % 2 === 0 ? 1 : 2
      client.send(publishPacket(t.topic(), `${id}`, { qos, messageId: id }))
      if (qos === 2) {
        await client.receive('pubrec')
        client.send({ cmd: 'pubrel', messageId: id })
      }
      sent.push(`${id}`)
    }
    const got: string[] = []
    while (got.length < sent.length) got.push(textOf(await message(other)))
    expect(got).toEqual(sent)
  },
  onBoth,
)

scenario(
  'a payload may be empty and may hold any byte',
  async (t) => {
    const client = await t.connect()
    await subscribe(client, { [t.topic()]: 1 })
    const everyByte = Buffer.from(Array.from({ length: 256 }, (_, value) => value))
    for (const payload of [Buffer.alloc(0), everyByte, Buffer.alloc(100_000, 0xff)]) {
      client.send({ ...publishPacket(t.topic(), '', { qos: 1, messageId: client.freshId() }), payload })
      const packet = await message(client)
      expect(Buffer.compare(Buffer.from(packet.payload), payload)).toBe(0)
    }
  },
  onEvery,
)

for (const size of [0, 1, 125, 126, 127, 128, 16_383, 16_384, 100_000]) {
  scenario(`a payload of ${size} bytes arrives whole, at every border of the remaining length`, async (t) => {
    const client = await t.connect({}, { version: 4 })
    await subscribe(client, { [t.topic()]: 1 })
    const payload = 'x'.repeat(size)
    await publish(client, t.topic(), payload, { qos: 1 })
    expect(textOf(await message(client))).toBe(payload)
  })
}

scenario(
  '5.0 [MQTT-3.4.2-1] [MQTT-3.5.2-1]: a message that nobody wants is acknowledged with 0x10 or 0x00',
  async (t) => {
    const client = await t.connect()
    client.send(publishPacket(t.topic(), 'x', { qos: 1, messageId: 1 }))
    expect([0, 0x10]).toContain((await client.receive('puback')).reasonCode ?? 0)
    client.send(publishPacket(t.topic(), 'x', { qos: 2, messageId: 2 }))
    const pubrec = await client.receive('pubrec')
    expect([0, 0x10]).toContain(pubrec.reasonCode ?? 0)
    client.send({ cmd: 'pubrel', messageId: idOf(pubrec) })
    await client.receive('pubcomp')
  },
)

scenario('3.1 takes DUP with QoS 0: it calls it a hint for messages that are acknowledged', async (t) => {
  const client = await t.connect({}, { version: 3 })
  await subscribe(client, { [t.topic()]: 0 })
  client.send(rawPublish(3, t.topic(), { flags: 0x08, payload: 'x' }))
  const packet = await message(client)
  expect([textOf(packet), packet.dup]).toEqual(['x', false])
})
