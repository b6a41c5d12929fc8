// The will delay and the will properties of 5.0.
import { expect } from 'vitest'
import type { Client } from '../client/client.js'
import { disconnect, fence, message, subscribe, textOf, type ConnectOptions } from '../client/dialogue.js'
import { property, publishProperties } from '../client/property.js'
import { join, packet, properties, text, u16, u8 } from '../client/bytes.js'
import type { Scene } from '../scene/scene.js'
import { scenario } from '../scene/scenario.js'

async function watch(t: Scene): Promise<Client> {
  const watcher = await t.connect()
  await subscribe(watcher, { [t.topic()]: 2 })
  return watcher
}

/** A session with an expiry and a will with a delay, both in seconds. */
function delayed(t: Scene, delay: number, expiry: number, clientId = t.id()): ConnectOptions {
  const will = {
    topic: t.topic(),
    payload: 'gone',
    qos: 1,
    retain: false,
    properties: { willDelayInterval: delay },
  } as const
  return { clientId, will, properties: { sessionExpiryInterval: expiry } }
}

scenario('5.0 [MQTT-3.1.2-8]: the will waits for its delay', async (t) => {
  const watcher = await watch(t)
  const client = await t.connect(delayed(t, 2, 60))
  const before = Date.now()
  client.cut()
  expect(textOf(await message(watcher))).toBe('gone')
  expect(Date.now() - before).toBeGreaterThan(1500)
})

scenario(
  '5.0 [MQTT-3.1.2-8]: the end of the session comes first: the will does not wait longer',
  async (t) => {
    const watcher = await watch(t)
    const client = await t.connect(delayed(t, 60, 1))
    client.cut()
    expect(textOf(await message(watcher))).toBe('gone')
  },
)

scenario('a will delay without a session expiry is no delay', async (t) => {
  const watcher = await watch(t)
  const client = await t.connect(delayed(t, 60, 0))
  client.cut()
  expect(textOf(await message(watcher))).toBe('gone')
})

scenario(
  '5.0 [MQTT-3.1.3-9]: a new connection before the delay has passed: the will is not sent',
  async (t) => {
    const watcher = await watch(t)
    const clientId = t.id()
    const client = await t.connect(delayed(t, 1, 60, clientId))
    client.cut()
    const again = await t.connect({ clientId, clean: false, properties: { sessionExpiryInterval: 60 } })
    await t.elapse(2000)
    await t.nothingBefore(watcher, again, t.topic(), 1)
  },
)

scenario(
  '5.0 [MQTT-3.1.3-9]: a take-over before the delay has passed does not send the will either',
  async (t) => {
    const watcher = await watch(t)
    const clientId = t.id()
    const client = await t.connect(delayed(t, 1, 60, clientId))
    const again = await t.connect({ clientId, clean: false, properties: { sessionExpiryInterval: 60 } })
    await client.closed()
    await t.elapse(2000)
    await t.nothingBefore(watcher, again, t.topic(), 1)
  },
)

scenario('a clean start before the delay has passed ends the old session: its will is sent', async (t) => {
  const watcher = await watch(t)
  const clientId = t.id()
  const client = await t.connect(delayed(t, 60, 120, clientId))
  client.cut()
  await fence(watcher)
  await t.connect({ clientId, clean: true })
  expect(textOf(await message(watcher))).toBe('gone')
})

scenario('5.0 [MQTT-3.14.4-3]: DISCONNECT 0 deletes a delayed will', async (t) => {
  const watcher = await watch(t)
  const client = await t.connect(delayed(t, 1, 60))
  await disconnect(client)
  await t.elapse(2000)
  await t.nothingBefore(watcher, await t.connect(), t.topic(), 1)
})

scenario('DISCONNECT 0x04 sends a delayed will after its delay', async (t) => {
  const watcher = await watch(t)
  const client = await t.connect(delayed(t, 1, 60))
  await disconnect(client, { reasonCode: 0x04 })
  expect(textOf(await message(watcher))).toBe('gone')
})

scenario('DISCONNECT 0x04 with an expiry of 0 sends the will at once', async (t) => {
  const watcher = await watch(t)
  const client = await t.connect(delayed(t, 60, 60))
  await disconnect(client, { reasonCode: 0x04, properties: { sessionExpiryInterval: 0 } })
  expect(textOf(await message(watcher))).toBe('gone')
})

scenario(
  '5.0 [MQTT-3.1.3-10]: all will properties are handed on, user properties in their order',
  async (t) => {
    const watcher = await watch(t)
    const client = await t.open()
    const block = properties(
      property('payloadFormatIndicator', 1),
      property('messageExpiryInterval', 600),
      property('contentType', 'text/plain'),
      property('responseTopic', 'answers/here'),
      property('correlationData', Uint8Array.of(1, 2, 255)),
      property('userProperty', 'b', '1'),
      property('userProperty', 'a', '2'),
      property('userProperty', 'b', '3'),
      property('userProperty', '', ''),
    )
    client.send(
      packet(
        0x10,
        text('MQTT'),
        u8(5),
        u8(0x0e),
        u16(0),
        properties(),
        join(text(t.id()), block, text(t.topic()), text('gone')),
      ),
    )
    await client.receive('connack')
    client.cut()
    const found = publishProperties(watcher.frameOf(await message(watcher))).map((one) => one.join(' '))
    expect(found.filter((line) => line.startsWith('userProperty'))).toEqual([
      'userProperty b 1',
      'userProperty a 2',
      'userProperty b 3',
      'userProperty  ',
    ])
    expect(found).toContain('payloadFormatIndicator 1')
    expect(found).toContain('contentType text/plain')
    expect(found).toContain('responseTopic answers/here')
    expect(found).toContain('correlationData 0102ff')
    expect(found.some((line) => /^messageExpiryInterval (600|59\d)$/.test(line))).toBe(true)
    expect(found.some((line) => line.startsWith('willDelayInterval'))).toBe(false)
  },
)
