// The broker is killed with SIGKILL and started again on the same directory and ports.
import { expect } from 'vitest'
import {
  acknowledge,
  connect,
  idOf,
  message,
  payloads,
  publish,
  publishPacket,
  subscribe,
  textOf,
  unsubscribe,
} from '../client/dialogue.js'
import { scenario } from '../scene/scenario.js'

const slow = { timeoutMillis: 90_000 }
const keep = { clean: false, properties: { sessionExpiryInterval: 600 } } as const

scenario(
  'session present 1 after a kill while messages waited: all are delivered, in order',
  async (t) => {
    const broker = await t.startBroker()
    const clientId = t.id()
    const client = await t.connect({ clientId, ...keep }, { broker })
    const other = await t.connect({}, { broker })
    await subscribe(client, { [t.topic('#')]: 2 })
    client.cut()
    const sent: string[] = []
    for (let count = 0; count < 50; count += 1) {
      await publish(other, t.topic('x'), `${count}`, { qos: count % 2 === 0 ? 1 : 2 })
      sent.push(`${count}`)
    }
    await broker.kill()
    await broker.start()
    const again = await t.open({ broker })
    expect((await connect(again, { clientId, ...keep })).sessionPresent).toBe(true)
    expect(await payloads(again, sent.length)).toEqual(sent)
    const late = await t.connect({}, { broker })
    await t.nothingBefore(again, late, t.topic('x'), 1)
  },
  slow,
)

scenario(
  '5.0 [MQTT-3.3.1-10]: retain handling 1 knows after a kill what the session was subscribed to, and what is new',
  async (t) => {
    const broker = await t.startBroker()
    const clientId = t.id()
    const once = { qos: 1, rh: 1 } as const
    const client = await t.connect({ clientId, ...keep }, { broker })
    for (const name of ['old', 'new', 'back'])
      await publish(client, t.topic(name), name, { qos: 1, retain: true })
    await subscribe(client, { [t.topic('old')]: { qos: 1, rh: 2 }, [t.topic('back')]: { qos: 1, rh: 2 } })
    await unsubscribe(client, t.topic('back'))
    await broker.kill()
    await broker.start()
    const again = await t.connect({ clientId, ...keep }, { broker })
    for (const filters of [['old'], ['new', 'back'], ['new']])
      await subscribe(again, Object.fromEntries(filters.map((name) => [t.topic(name), once])))
    expect((await payloads(again, 2)).sort()).toEqual(['back', 'new'])
    const other = await t.connect({}, { broker })
    await t.nothingBefore(again, other, t.topic('old'), 1)
  },
  slow,
)

scenario(
  'retained messages are there after a kill, deleted ones are not',
  async (t) => {
    const broker = await t.startBroker()
    const client = await t.connect({}, { broker })
    await publish(client, t.topic('a'), 'first', { qos: 1, retain: true })
    await publish(client, t.topic('a'), 'kept', { qos: 1, retain: true })
    await publish(client, t.topic('b'), 'deleted', { qos: 1, retain: true })
    await publish(client, t.topic('b'), '', { qos: 1, retain: true })
    await broker.kill()
    await broker.start()
    const again = await t.connect({}, { broker })
    await subscribe(again, { [t.topic('#')]: 1 })
    const packet = await message(again)
    expect([packet.topic, textOf(packet), packet.retain]).toEqual([t.topic('a'), 'kept', true])
    await t.nothingBefore(again, again, t.topic('a'), 1)
  },
  slow,
)

scenario(
  '5.0 [MQTT-4.4.0-1]: messages under way at a kill come again, with their packet ids and DUP',
  async (t) => {
    const broker = await t.startBroker()
    const clientId = t.id()
    const client = await t.connect({ clientId, ...keep }, { broker })
    const other = await t.connect({}, { broker })
    await subscribe(client, { [t.topic()]: 2 })
    for (const qos of [1, 2, 1] as const) await publish(other, t.topic(), `at ${qos}`, { qos })
    const first: string[] = []
    for (let count = 0; count < 3; count += 1) {
      const packet = await client.receive('publish')
      first.push(`${idOf(packet)} ${textOf(packet)}`)
    }
    await broker.kill()
    await broker.start()
    const again = await t.connect({ clientId, ...keep }, { broker })
    const second: string[] = []
    for (let count = 0; count < 3; count += 1) {
      const packet = await again.receive('publish')
      second.push(`${idOf(packet)} ${textOf(packet)}`)
      expect(packet.dup).toBe(true)
      await acknowledge(again, packet)
    }
    expect(second).toEqual(first)
  },
  slow,
)

scenario(
  '5.0 [MQTT-4.3.3-10]: a QoS 2 message whose PUBREC was sent before a kill is delivered once',
  async (t) => {
    const broker = await t.startBroker()
    const [clientId, watcherId] = [t.id(), t.id()]
    const watcher = await t.connect({ clientId: watcherId, ...keep }, { broker })
    await subscribe(watcher, { [t.topic()]: 2 })
    const client = await t.connect({ clientId, ...keep }, { broker })
    client.send(publishPacket(t.topic(), 'once', { qos: 2, messageId: 7 }))
    await client.receive('pubrec')
    await broker.kill()
    await broker.start()
    const again = await t.connect({ clientId, ...keep }, { broker })
    again.send(publishPacket(t.topic(), 'once', { qos: 2, messageId: 7, dup: true }))
    await again.receive('pubrec')
    again.send({ cmd: 'pubrel', messageId: 7 })
    await again.receive('pubcomp')
    const back = await t.connect({ clientId: watcherId, ...keep }, { broker })
    expect(textOf(await message(back))).toBe('once')
    await t.nothingBefore(back, again, t.topic(), 2)
  },
  slow,
)

scenario(
  '5.0 [MQTT-4.3.3-6]: a delivery of QoS 2 after its PUBREC goes on with PUBREL after a kill',
  async (t) => {
    const broker = await t.startBroker()
    const clientId = t.id()
    const client = await t.connect({ clientId, ...keep }, { broker })
    await subscribe(client, { [t.topic()]: 2 })
    await publish(await t.connect({}, { broker }), t.topic(), 'once', { qos: 2 })
    const messageId = idOf(await client.receive('publish'))
    client.send({ cmd: 'pubrec', messageId })
    await client.receive('pubrel')
    await broker.kill()
    await broker.start()
    const again = await t.connect({ clientId, ...keep }, { broker })
    expect((await again.receive('pubrel')).messageId).toBe(messageId)
    again.send({ cmd: 'pubcomp', messageId })
    await t.nothingBefore(again, await t.connect({}, { broker }), t.topic(), 2)
  },
  slow,
)

scenario(
  'a will fires once when the broker is killed under its client',
  async (t) => {
    const broker = await t.startBroker()
    const watcherId = t.id()
    const watcher = await t.connect({ clientId: watcherId, ...keep }, { broker })
    await subscribe(watcher, { [t.topic()]: 1 })
    await t.connect({ will: { topic: t.topic(), payload: 'gone', qos: 1, retain: false } }, { broker })
    await broker.kill()
    await broker.start()
    const back = await t.connect({ clientId: watcherId, ...keep }, { broker })
    expect(textOf(await message(back, 20_000))).toBe('gone')
    await t.nothingBefore(back, await t.connect({}, { broker }), t.topic(), 1)
  },
  slow,
)

scenario(
  'a delayed will survives a kill',
  async (t) => {
    const broker = await t.startBroker()
    const watcherId = t.id()
    const watcher = await t.connect({ clientId: watcherId, ...keep }, { broker })
    await subscribe(watcher, { [t.topic()]: 1 })
    const properties = { willDelayInterval: 3 }
    const will = { topic: t.topic(), payload: 'gone', qos: 1, retain: false, properties } as const
    const client = await t.connect({ ...keep, clientId: t.id(), will }, { broker })
    client.cut()
    await broker.kill()
    await broker.start()
    const back = await t.connect({ clientId: watcherId, ...keep }, { broker })
    expect(textOf(await message(back, 20_000))).toBe('gone')
  },
  slow,
)

scenario(
  'members of a group are there after a kill, and what waited for the group arrives',
  async (t) => {
    const broker = await t.startBroker()
    const clientId = t.id()
    const client = await t.connect({ clientId, ...keep }, { broker })
    await subscribe(client, { [`$share/g/${t.topic()}`]: 1 })
    client.cut()
    const other = await t.connect({}, { broker })
    for (const payload of ['1', '2', '3']) await publish(other, t.topic(), payload, { qos: 1 })
    await broker.kill()
    await broker.start()
    const again = await t.connect({ clientId, ...keep }, { broker })
    expect(await payloads(again, 3)).toEqual(['1', '2', '3'])
  },
  slow,
)

scenario(
  '3.1.1 [MQTT-3.1.2-4]: a session of 3.1.1 is there after a kill',
  async (t) => {
    const broker = await t.startBroker()
    const clientId = t.id()
    const client = await t.connect({ clientId, clean: false }, { broker, version: 4 })
    await subscribe(client, { [t.topic()]: 1 })
    await broker.kill()
    await broker.start()
    const again = await t.open({ broker, version: 4 })
    expect((await connect(again, { clientId, clean: false })).sessionPresent).toBe(true)
    await publish(await t.connect({}, { broker }), t.topic(), 'still here', { qos: 1 })
    expect(textOf(await message(again))).toBe('still here')
  },
  slow,
)

scenario(
  'a graceful stop tells 0x8B; sessions, queues and the wills of kept sessions are there afterwards',
  async (t) => {
    const broker = await t.startBroker()
    const [clientId, awayId] = [t.id(), t.id()]
    const client = await t.connect({ clientId, ...keep }, { broker })
    const old = await t.connect({}, { broker, version: 4 })
    const away = await t.connect({ clientId: awayId, ...keep }, { broker })
    await subscribe(away, { [t.topic('#')]: 1 })
    away.cut()
    const will = { topic: t.topic('will'), payload: 'ends', qos: 1, retain: false } as const
    await t.connect({ will }, { broker })
    await publish(client, t.topic('x'), 'waits', { qos: 1 })
    const stopped = broker.terminate()
    expect((await client.receive('disconnect', 20_000)).reasonCode).toBe(0x8b)
    await client.closed()
    await old.closed()
    expect(old.history).not.toContain('disconnect')
    await stopped
    await broker.start()
    const back = await t.open({ broker })
    expect((await connect(back, { clientId: awayId, ...keep })).sessionPresent).toBe(true)
    const found = [await message(back), await message(back)].map(textOf)
    expect(found.sort()).toEqual(['ends', 'waits'])
  },
  slow,
)
