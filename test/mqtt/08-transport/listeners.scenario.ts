// The four ways to the broker carry the same protocol.
import { expect } from 'vitest'
import {
  connect,
  connectPacket,
  disconnect,
  fence,
  message,
  publish,
  subscribe,
  textOf,
} from '../client/dialogue.js'
import type { Client } from '../client/client.js'
import { expectDisconnected } from '../client/refusal.js'
import { packet, text, u16 } from '../client/bytes.js'
import { onEvery, scenario } from '../scene/scenario.js'

for (const via of ['tcp', 'tls', 'ws', 'wss'] as const) {
  scenario(
    `a message goes over ${via} at each QoS, and is seen on TCP`,
    async (t) => {
      const subProtocol = t.version === 3 ? 'mqttv3.1' : 'mqtt'
      const client = await t.connect({}, { via, subProtocol })
      const other = await t.connect()
      await subscribe(client, { [t.topic('#')]: 2 })
      for (const qos of [0, 1, 2] as const) {
        await publish(client, t.topic('own'), `own ${qos}`, { qos })
        expect(textOf(await message(client))).toBe(`own ${qos}`)
        await publish(other, t.topic('other'), `other ${qos}`, { qos })
        expect(textOf(await message(client))).toBe(`other ${qos}`)
      }
      await disconnect(client)
    },
    onEvery,
  )

  scenario(
    `5.0 [MQTT-4.2-1], 3.1.1 [MQTT-7.1.1-1]: ${via} is an ordered stream: 200 messages of 1 to 5,000 bytes`,
    async (t) => {
      const client = await t.connect({}, { via })
      await subscribe(client, { [t.topic()]: 0 })
      const sent = Array.from({ length: 200 }, (_, index) => `${index} ${'x'.repeat((index * 7919) % 5000)}`)
      for (const payload of sent)
        client.send({ cmd: 'publish', topic: t.topic(), payload, qos: 0, dup: false, retain: false })
      for (const payload of sent) expect(textOf(await message(client))).toBe(payload)
    },
  )

  scenario(`a malformed packet over ${via} ends the connection with a reason`, async (t) => {
    const client = await t.connect({}, { via })
    client.send(packet(0x30, u16(1), text('+')))
    await expectDisconnected(client, 0x81, 0x82, 0x90)
  })

  scenario(`a session moves to ${via} and back`, async (t) => {
    const clientId = t.id()
    const options = { clientId, clean: false, properties: { sessionExpiryInterval: 60 } }
    const first = await t.connect(options)
    await subscribe(first, { [t.topic()]: 1 })
    const second = await t.open({ via })
    expect((await connect(second, options)).sessionPresent).toBe(true)
    await first.closed()
    await publish(await t.connect(), t.topic(), 'moved', { qos: 1 })
    expect(textOf(await message(second))).toBe('moved')
    const third = await t.connect(options)
    await second.closed()
    await fence(third)
  })

  scenario(`a client that is cut on ${via} leaves its will`, async (t) => {
    const watcher = await t.connect()
    await subscribe(watcher, { [t.topic()]: 1 })
    const client = await t.connect(
      { will: { topic: t.topic(), payload: 'gone', qos: 1, retain: false } },
      { via },
    )
    client.cut()
    expect(textOf(await message(watcher))).toBe('gone')
  })
}

scenario(
  'a client that speaks plain MQTT to the TLS listener is closed, and TLS to the plain one too',
  async (t) => {
    const { tls = '', tcp } = t.broker.addresses
    const crossed = {
      ca: t.broker.ca,
      addresses: { tcp: tls.replace('tls:', 'tcp:'), tls: tcp.replace('tcp:', 'tls:') },
    }
    const plain = await t.open({ broker: crossed })
    plain.send(connectPacket(5, { clientId: 'x'.repeat(200) }))
    await plain.closed()
    await expect(t.open({ broker: crossed, via: 'tls' })).rejects.toThrow()
    await fence(await t.connect())
  },
)

scenario(
  'certificates are replaced without a restart; connections stay',
  async (t) => {
    const broker = await t.startBroker()
    const before = await t.connect({}, { broker, via: 'tls' })
    const ca = await broker.renewCertificates()
    const renewed = { addresses: broker.addresses, ca }
    let after: Client | undefined
    for (let count = 0; after === undefined && count < 50; count += 1) {
      after = await t.connect({}, { broker: renewed, via: 'tls' }).catch(() => undefined)
      if (after === undefined) await t.elapse(200)
    }
    await fence(before)
    if (after === undefined) throw new Error('the new certificate was never shown')
    await fence(after)
  },
  { needs: 'certificates that are read again', timeoutMillis: 60_000 },
)
