// Many at once: storms of connections, floods, readers that stop. Others must not notice.
import { expect, vi } from 'vitest'
import { varint, join, packet, text, u16, u8 } from '../client/bytes.js'
import type { Broker } from '../broker/broker.js'
import type { Client } from '../client/client.js'
import {
  codeOf,
  connectPacket,
  fence,
  idOf,
  message,
  publish,
  publishPacket,
  subscribe,
  textOf,
} from '../client/dialogue.js'
import { property } from '../client/property.js'
import { rawPublish } from '../client/raw.js'
import type { Scene } from '../scene/scene.js'
import { scenario } from '../scene/scenario.js'

const slow = { timeoutMillis: 60_000 }

/** How long a QoS 1 message takes from one client to another, in milliseconds. */
async function roundTrip(t: Scene, sender: Client, receiver: Client): Promise<number> {
  const before = Date.now()
  await publish(sender, t.topic('witness'), 'x', { qos: 1 })
  await message(receiver)
  return Date.now() - before
}

async function witnesses(t: Scene, broker?: Broker): Promise<[Client, Client]> {
  const options = broker === undefined ? {} : { broker }
  const [sender, receiver] = await Promise.all([t.connect({}, options), t.connect({}, options)])
  await subscribe(receiver, { [t.topic('witness')]: 1 })
  return [sender, receiver]
}

scenario(
  '300 connections with one client id at once: exactly one survives, the others are told 0x8E',
  async (t) => {
    const clientId = t.id()
    const clients = await Promise.all(Array.from({ length: 300 }, async () => t.open()))
    for (const client of clients) client.send(connectPacket(5, { clientId, keepalive: 60 }))
    const isSettled = (client: Client): boolean => client.isClosed || client.history.includes('connack')
    for (const client of clients)
      await client.waitFor('an answer', () => (isSettled(client) ? true : undefined), 30_000)
    const last = await t.connect({ clientId })
    for (const client of clients) await client.closed(30_000)
    await fence(last)
    const reasons = clients.flatMap((client) =>
      client.inbox.flatMap((one) =>
        one.cmd === 'disconnect' ? [one.reasonCode] : one.cmd === 'connack' ? [codeOf(one)] : [],
      ),
    )
    expect([...new Set(reasons)].filter((reason) => reason !== 0 && reason !== 0x8e)).toEqual([])
  },
  slow,
)

scenario(
  '256 MiB declared and dripped on 300 sockets: others do not notice',
  async (t) => {
    const [sender, receiver] = await witnesses(t)
    const drips = await Promise.all(Array.from({ length: 300 }, async () => t.open()))
    for (const drip of drips) drip.send(hexOfLargeConnect)
    for (let count = 0; count < 10; count += 1) {
      for (const drip of drips) drip.send(u8(0))
      expect(await roundTrip(t, sender, receiver)).toBeLessThan(3000)
    }
  },
  slow,
)

const hexOfLargeConnect = Uint8Array.of(0x10, 0xff, 0xff, 0xff, 0x7f, 0x00, 0x04)

scenario(
  '65,000 user properties are refused, and others do not wait for it',
  async (t) => {
    const [sender, receiver] = await witnesses(t)
    const one = property('userProperty', '', '')
    const repeated = Uint8Array.from(
      { length: 65_000 * one.length },
      (_, index) => one[index % one.length] ?? 0,
    )
    const client = await t.connect()
    client.send(rawPublish(5, t.topic(), { properties: join(varint(65_000 * one.length), repeated) }))
    expect(await roundTrip(t, sender, receiver)).toBeLessThan(3000)
    await client.waitFor('the end', () =>
      client.isClosed || client.history.includes('disconnect') ? true : undefined,
    )
  },
  { ...slow, needs: 'a limit of user properties' },
)

scenario(
  'a packet of 60,000 bytes in WebSocket frames of one byte: linear time',
  async (t) => {
    const client = await t.connect({}, { via: 'ws' })
    await subscribe(client, { [t.topic()]: 1 })
    const bytes = rawPublish(5, t.topic(), { flags: 2, id: 1, payload: 'x'.repeat(60_000) })
    const before = Date.now()
    for (let at = 0; at < bytes.length; at += 1) client.send(bytes.subarray(at, at + 1))
    expect(textOf(await message(client, 30_000)).length).toBe(60_000)
    expect(Date.now() - before).toBeLessThan(30_000)
  },
  slow,
)

scenario(
  'packets sent behind a CONNECT wait for its CONNACK, 5,000 of them',
  async (t) => {
    const client = await t.open()
    client.send(connectPacket(5, { clientId: t.id() }))
    for (let count = 0; count < 5000; count += 1) client.send(rawPublish(5, t.topic(), { payload: 'x' }))
    client.send({ cmd: 'pingreq' })
    await client.waitFor(
      'an answer',
      () => (client.isClosed || client.history.includes('pingresp') ? true : undefined),
      20_000,
    )
    expect(['connack', undefined]).toContain(client.history[0])
  },
  slow,
)

scenario(
  '2,000 retained messages under one wildcard: complete, and others are served meanwhile',
  async (t) => {
    const [sender, receiver] = await witnesses(t)
    const writer = await t.connect()
    for (let index = 0; index < 2000; index += 1) {
      writer.send(
        publishPacket(t.topic(`many/${index}`), `${index}`, {
          qos: 1,
          retain: true,
          messageId: (index % 900) + 1,
        }),
      )
      if (index % 900 === 899)
        for (let count = 0; count < 900; count += 1) await writer.receive('puback', 20_000)
    }
    for (let count = 0; count < 200; count += 1) await writer.receive('puback', 20_000)
    const client = await t.connect()
    await subscribe(client, { [t.topic('many/#')]: 1 })
    const seen = new Set<string>()
    const reading = (async () => {
      while (seen.size < 2000) seen.add(textOf(await message(client, 20_000)))
    })()
    expect(await roundTrip(t, sender, receiver)).toBeLessThan(3000)
    await reading
    for (let index = 0; index < 2000; index += 1)
      writer.send(rawPublish(5, t.topic(`many/${index}`), { flags: 1 }))
    await fence(writer, 20_000)
  },
  slow,
)

scenario(
  '10 MiB of QoS 1 from forty clients in one moment arrive whole and in order, at a clean session and at a kept one',
  async (t) => {
    const clean = await t.connect()
    const kept = await t.connect({ properties: { sessionExpiryInterval: 60 } })
    for (const client of [clean, kept]) await subscribe(client, { [t.topic('+')]: 1 })
    const senders = await Promise.all(Array.from({ length: 40 }, async () => t.connect()))
    const each = Array.from({ length: 8 }, (_, index) => index + 1)
    const padding = 'x'.repeat(32 * 1024)
    for (const [number, sender] of senders.entries())
      for (const messageId of each)
        sender.send(publishPacket(t.topic(`${number}`), `${messageId} ${padding}`, { qos: 1, messageId }))
    for (const client of [clean, kept]) {
      const received = new Map<string, number[]>()
      for (let left = senders.length * each.length; left > 0; left -= 1) {
        const packet = await message(client, 20_000)
        received.set(packet.topic, [
          ...(received.get(packet.topic) ?? []),
          Number.parseInt(textOf(packet), 10),
        ])
      }
      for (const number of senders.keys()) expect(received.get(t.topic(`${number}`))).toEqual(each)
    }
  },
  slow,
)

scenario(
  'a subscriber that stops reading does not hold up the others',
  async (t) => {
    const [sender, receiver] = await witnesses(t)
    const stuck = await t.connect()
    await subscribe(stuck, { [t.topic('flood')]: 0 })
    stuck.pause()
    const flood = await t.connect()
    const payload = 'x'.repeat(10_000)
    for (let count = 0; count < 2000; count += 1) flood.send(publishPacket(t.topic('flood'), payload))
    await fence(flood, 20_000)
    for (let count = 0; count < 5; count += 1) expect(await roundTrip(t, sender, receiver)).toBeLessThan(3000)
  },
  slow,
)

scenario(
  'a subscriber that stops reading is cut in the end',
  async (t) => {
    const broker = await t.startBroker({ settings: { ours: { TBMQ_SLOW_READER_TIMEOUT: '1s' } } })
    const watcher = await t.connect({}, { broker })
    await subscribe(watcher, { [t.topic('will')]: 1 })
    const will = { topic: t.topic('will'), payload: 'cut', qos: 1, retain: false } as const
    const stuck = await t.connect({ will }, { broker })
    await subscribe(stuck, { [t.topic('flood')]: 1 })
    stuck.pause()
    const flood = await t.connect({}, { broker })
    const payload = 'x'.repeat(100_000)
    let isOver = false
    const cut = message(watcher, 40_000).finally(() => (isOver = true))
    // The system takes tens of megabytes in its place, so what is sent must not end before.
    while (!isOver) {
      for (let count = 0; count < 5; count += 1) flood.send(publishPacket(t.topic('flood'), payload))
      await fence(flood, 20_000)
    }
    expect(textOf(await cut)).toBe('cut')
  },
  { ...slow, needs: 'a timeout for slow readers' },
)

/** Resident memory of the broker, in bytes. */
async function residentBytes({ addresses }: Broker): Promise<number> {
  const answer = await fetch(`${addresses.http ?? ''}/metrics`)
  return Number(/^process_resident_memory_bytes (\S+)$/m.exec(await answer.text())?.[1])
}

/** Little memory for all clients together, and no other reason to close one that takes nothing. */
const crowded = { TBMQ_CONNECTION_MEMORY: '64MiB', TBMQ_PACKET_MAX: '2MiB', TBMQ_SLOW_READER_TIMEOUT: '1h' }

scenario(
  '600 packets of a megabyte that are never finished: memory stays bounded, and others do not notice',
  async (t) => {
    const broker = await t.startBroker({ settings: { ours: crowded } })
    const [sender, receiver] = await witnesses(t, broker)
    const before = await residentBytes(broker)
    const megabyte = rawPublish(5, t.topic(), { payload: 'x'.repeat(1_100_000) }).subarray(0, 1_000_000)
    const clients = await Promise.all(Array.from({ length: 600 }, async () => t.connect({}, { broker })))
    for (const client of clients) client.send(megabyte)
    const ended = (): number => clients.filter((client) => client.isClosed).length
    // 64 MiB hold 60 of them.
    await vi.waitFor(() => expect(ended()).toBeGreaterThan(500), { timeout: 30_000 })
    expect(await roundTrip(t, sender, receiver)).toBeLessThan(3000)
    expect((await residentBytes(broker)) - before).toBeLessThan(500e6)
  },
  { ...slow, needs: 'a bound for the memory of all clients together' },
)

scenario(
  '200 subscribers that read nothing of large messages: memory stays bounded, and others get everything',
  async (t) => {
    const broker = await t.startBroker({ settings: { ours: crowded } })
    const [sender, receiver] = await witnesses(t, broker)
    await subscribe(receiver, { [t.topic('large')]: 1 })
    const clients = await Promise.all(Array.from({ length: 200 }, async () => t.connect({}, { broker })))
    for (const client of clients) {
      await subscribe(client, { [t.topic('large')]: 1 })
      client.pause()
    }
    const before = await residentBytes(broker)
    const large = 'x'.repeat(1_000_000)
    for (let count = 0; count < 10; count += 1) {
      await publish(sender, t.topic('large'), large, { qos: 1 })
      expect(textOf(await message(receiver, 20_000))).toBe(large)
    }
    expect((await residentBytes(broker)) - before).toBeLessThan(500e6)
  },
  { ...slow, needs: 'a bound for the memory of all clients together' },
)

scenario(
  'a subscriber cut in the middle of a flood: the others get everything',
  async (t) => {
    const [cut, stays, sender] = await Promise.all([t.connect(), t.connect(), t.connect()])
    for (const client of [cut, stays]) await subscribe(client, { [t.topic()]: 1 })
    for (let index = 0; index < 300; index += 1) {
      sender.send(publishPacket(t.topic(), `${index}`, { qos: 1, messageId: index + 1 }))
      if (index === 100) cut.cut()
    }
    for (let index = 0; index < 300; index += 1) expect(textOf(await message(stays))).toBe(`${index}`)
  },
  slow,
)

scenario(
  '200 connections that come and go while messages flow',
  async (t) => {
    const [sender, receiver] = await witnesses(t)
    for (let round = 0; round < 20; round += 1) {
      const clients = await Promise.all(Array.from({ length: 10 }, async () => t.connect()))
      expect(await roundTrip(t, sender, receiver)).toBeLessThan(3000)
      for (const client of clients) client.cut()
    }
  },
  slow,
)

scenario(
  '5.0 [MQTT-4.3.3-10]: a QoS 2 sender cut at each of its four steps: once each',
  async (t) => {
    const watcher = await t.connect()
    await subscribe(watcher, { [t.topic()]: 2 })
    for (let step = 1; step <= 4; step += 1) {
      const clientId = t.id()
      const options = { clientId, clean: false, properties: { sessionExpiryInterval: 60 } }
      const client = await t.connect(options)
      client.send(publishPacket(t.topic(), `step ${step}`, { qos: 2, messageId: 1 }))
      if (step > 1) await client.receive('pubrec')
      if (step > 2) client.send({ cmd: 'pubrel', messageId: 1 })
      if (step > 3) await client.receive('pubcomp')
      await (step === 3 ? fence(client) : Promise.resolve())
      client.cut()
      const again = await t.connect(options)
      if (step <= 2) {
        again.send(publishPacket(t.topic(), `step ${step}`, { qos: 2, messageId: 1, dup: true }))
        await again.receive('pubrec')
      }
      again.send({ cmd: 'pubrel', messageId: 1 })
      await again.receive('pubcomp')
      expect(textOf(await message(watcher))).toBe(`step ${step}`)
      await t.nothingBefore(watcher, again, t.topic(), 2)
    }
  },
  slow,
)

scenario(
  '5.0 [MQTT-4.3.3-6]: a QoS 2 receiver cut at each of its four steps: once each',
  async (t) => {
    const other = await t.connect()
    for (let step = 1; step <= 4; step += 1) {
      const options = { clientId: t.id(), clean: false, properties: { sessionExpiryInterval: 60 } }
      const topic = t.topic(`${step}`)
      const client = await t.connect(options)
      await subscribe(client, { [topic]: 2 })
      await publish(other, topic, 'once', { qos: 2 })
      const messageId = idOf(await client.receive('publish'))
      if (step > 1) client.send({ cmd: 'pubrec', messageId })
      if (step > 2) await client.receive('pubrel')
      if (step > 3) client.send({ cmd: 'pubcomp', messageId })
      await fence(client)
      client.cut()
      const again = await t.connect(options)
      if (step === 1) {
        const packetAgain = await again.receive('publish')
        expect([packetAgain.dup, packetAgain.messageId]).toEqual([true, messageId])
        again.send({ cmd: 'pubrec', messageId })
      }
      if (step < 4) {
        expect((await again.receive('pubrel')).messageId).toBe(messageId)
        again.send({ cmd: 'pubcomp', messageId })
      }
      await t.nothingBefore(again, other, topic, 2)
    }
  },
  slow,
)

scenario('a declared property length of 256 MiB in a small packet ends the connection', async (t) => {
  const client = await t.open()
  client.send(
    packet(0x10, text('MQTT'), u8(5), u8(2), u16(0), Uint8Array.of(0xff, 0xff, 0xff, 0x7f), text('a')),
  )
  await client.closed()
  const second = await t.connect()
  second.send(packet(0x30, text(t.topic()), join(varint(268_435_455), u8(0))))
  await second.closed()
})
