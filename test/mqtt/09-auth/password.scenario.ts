// User name and password, and what a user may do.
import { expect } from 'vitest'
import type { User } from '../broker/broker.js'
import {
  codeOf,
  codesOf,
  connect,
  connectPacket,
  message,
  publish,
  publishPacket,
  subscribe,
  textOf,
} from '../client/dialogue.js'
import { properties } from '../client/bytes.js'
import { property } from '../client/property.js'
import { rawPublish } from '../client/raw.js'
import { fileBroker } from '../scene/file-broker.js'
import { onBoth, scenario } from '../scene/scenario.js'

const slow = { timeoutMillis: 60_000 }
const ours = { timeoutMillis: 60_000, needs: 'our password file' }

const users = {
  anna: { password: 'pass word ü' },
  device: { password: 'secret', publish: ['up/#'], subscribe: ['down/#'] },
  own: { password: 'p', publish: ['u/%u/#', 'c/%c/#'], subscribe: ['u/%u/#', 'c/%c/#'] },
  'a+': { password: 'p', publish: ['u/%u/x'], subscribe: ['u/%u/x'] },
  'ü ñ/x': { password: 'p' },
} as const satisfies Record<string, User>

const anna = { username: 'anna', password: Buffer.from(users.anna.password) } as const
const device = { username: 'device', password: Buffer.from(users.device.password) } as const

const start = fileBroker({ users })

for (const version of [4, 5] as const) {
  scenario(
    `5.0 [MQTT-3.1.4-2] [MQTT-3.2.2-8]: who is let in, who is not, and what is said (level ${version})`,
    async (t) => {
      const broker = await start()
      const login = async (options: { username?: string; password?: Buffer }): Promise<number> => {
        const client = await t.open({ broker, version })
        const code = codeOf(await connect(client, { clientId: t.id(), ...options }))
        if (code !== 0) await client.closed()
        return code
      }
      const [badPassword, notAllowed] = version === 5 ? [0x86, 0x87] : [4, 5]
      expect(await login(anna)).toBe(0)
      expect(await login(device)).toBe(0)
      const refusals = [badPassword, notAllowed]
      expect(refusals).toContain(await login({ username: 'anna', password: Buffer.from('wrong') }))
      expect(refusals).toContain(await login({ username: 'anna', password: Buffer.alloc(0) }))
      expect(refusals).toContain(await login({ username: 'anna' }))
      expect(refusals).toContain(await login({ username: 'nobody', password: anna.password }))
      expect(refusals).toContain(await login({ username: '__proto__', password: anna.password }))
      expect(refusals).toContain(await login({ username: '', password: anna.password }))
      expect(refusals).toContain(await login({}))
    },
    slow,
  )
}

scenario(
  '5.0 [MQTT-3.2.2-6] [MQTT-3.2.2-7] [MQTT-4.13.2-1], 3.1.1 [MQTT-3.2.2-4] [MQTT-3.2.2-5]: a refused CONNACK says session present 0 and a close follows',
  async (t) => {
    const broker = await start()
    const clientId = t.id()
    const kept = await t.connect({ clientId, clean: false, ...anna }, { broker, version: 4 })
    kept.cut()
    for (const version of [4, 5] as const) {
      const client = await t.open({ broker, version })
      const connack = await connect(client, {
        clientId,
        clean: false,
        username: 'anna',
        password: Buffer.from('no'),
      })
      expect(codeOf(connack)).not.toBe(0)
      expect(connack.sessionPresent).toBe(false)
      await client.closed()
    }
  },
  slow,
)

scenario(
  'a refused client does not take over the connection of its client id, and its will never fires',
  async (t) => {
    const broker = await start()
    const clientId = t.id()
    const client = await t.connect({ clientId, ...anna }, { broker })
    await subscribe(client, { [t.topic()]: 1 })
    const will = { topic: t.topic(), payload: 'refused', qos: 1, retain: false } as const
    const wrong = await t.open({ broker })
    wrong.send(connectPacket(5, { clientId, username: 'anna', password: Buffer.from('no'), will }))
    await wrong.closed()
    await t.nothingBefore(client, client, t.topic(), 1)
  },
  slow,
)

scenario(
  'publish filters: what is not allowed is refused with 0x87 and goes nowhere',
  async (t) => {
    const broker = await start()
    const watcher = await t.connect(anna, { broker })
    await subscribe(watcher, { [`+/${t.topic('#')}`]: 2 })
    const client = await t.connect(device, { broker })
    await publish(client, `up/${t.topic('a')}`, 'allowed', { qos: 1 })
    expect(textOf(await message(watcher))).toBe('allowed')
    client.send(publishPacket(`down/${t.topic('a')}`, 'refused', { qos: 1, messageId: 50 }))
    expect((await client.receive('puback')).reasonCode).toBe(0x87)
    client.send(publishPacket(`else/${t.topic()}`, 'refused', { qos: 2, messageId: 51 }))
    expect((await client.receive('pubrec')).reasonCode).toBe(0x87)
    client.send(publishPacket(`upper/${t.topic('a')}`, 'refused', { qos: 1, retain: true, messageId: 52 }))
    expect((await client.receive('puback')).reasonCode).toBe(0x87)
    await publish(client, `up/${t.topic('end')}`, 'end', { qos: 1 })
    expect(textOf(await message(watcher))).toBe('end')
  },
  slow,
)

scenario(
  'publish filters hold behind a topic alias',
  async (t) => {
    const broker = await start()
    const watcher = await t.connect(anna, { broker })
    await subscribe(watcher, { [`+/${t.topic('#')}`]: 1 })
    const client = await t.connect(device, { broker })
    const alias = properties(property('topicAlias', 1))
    client.send(
      rawPublish(5, `else/${t.topic('a')}`, { flags: 2, id: 60, properties: alias, payload: 'refused' }),
    )
    expect((await client.receive('puback')).reasonCode).toBe(0x87)
    client.send(rawPublish(5, '', { flags: 2, id: 61, properties: alias, payload: 'refused' }))
    expect((await client.receive('puback')).reasonCode).toBe(0x87)
    await publish(client, `up/${t.topic('end')}`, 'end', { qos: 1 })
    expect(textOf(await message(watcher))).toBe('end')
  },
  slow,
)

scenario(
  '3.1.1 [MQTT-3.3.5-2]: before 5.0 a publish that is not allowed is acknowledged or ends the connection, and goes nowhere',
  async (t) => {
    const broker = await start()
    const watcher = await t.connect(anna, { broker })
    await subscribe(watcher, { [`+/${t.topic('#')}`]: 1 })
    const client = await t.connect(device, { broker, version: 4 })
    client.send(publishPacket(`else/${t.topic('a')}`, 'refused', { qos: 1, messageId: 1 }))
    await client.waitFor('an answer', () =>
      client.isClosed || client.history.includes('puback') ? true : undefined,
    )
    await t.nothingBefore(watcher, watcher, `any/${t.topic('marker')}`, 1)
  },
  slow,
)

scenario(
  'subscribe filters: only what they cover is granted',
  async (t) => {
    const broker = await start()
    const client = await t.connect(device, { broker })
    const suback = await subscribe(client, {
      'down/a': 1,
      'down/#': 0,
      'down/+/x': 2,
      'up/a': 1,
      '#': 0,
      '+/a': 0,
      downs: 0,
    })
    expect(codesOf(suback)).toEqual([1, 0, 2, 0x87, 0x87, 0x87, 0x87])
  },
  ours,
)

scenario(
  'subscribe filters are checked on the real filter behind $share',
  async (t) => {
    const broker = await start()
    const client = await t.connect(device, { broker })
    const suback = await subscribe(client, {
      '$share/g/down/a': 1,
      '$share/g/up/a': 1,
      '$share/down/#': 0,
      '$share/g/#': 0,
    })
    expect(codesOf(suback)[0]).toBe(1)
    for (const code of codesOf(suback).slice(1)) expect(code).toBeGreaterThanOrEqual(0x80)
  },
  ours,
)

scenario(
  '3.1.1 [MQTT-3.9.3-2]: before 5.0 a filter that is not allowed gets 0x80',
  async (t) => {
    const broker = await start()
    const client = await t.connect(device, { broker, version: 4 })
    expect(codesOf(await subscribe(client, { 'down/a': 1, 'up/a': 1 }))).toEqual([1, 0x80])
  },
  ours,
)

scenario(
  '3.1 cannot be told: what is not allowed is acknowledged as if it were, and goes nowhere',
  async (t) => {
    const broker = await start()
    const watcher = await t.connect(anna, { broker })
    await subscribe(watcher, { [`+/${t.topic('#')}`]: 1 })
    const client = await t.connect(device, { broker, version: 3 })
    await publish(client, `else/${t.topic('a')}`, 'refused', { qos: 1 })
    await publish(client, `else/${t.topic('a')}`, 'refused', { qos: 2 })
    await t.nothingBefore(watcher, watcher, `any/${t.topic('marker')}`, 1)
    const filters = { [`down/${t.topic()}`]: 1, [`up/${t.topic()}`]: 2, [`else/${t.topic()}`]: 0 } as const
    expect(codesOf(await subscribe(client, filters))).toEqual([1, 2, 0])
    await publish(watcher, `up/${t.topic()}`, 'refused', { qos: 1 })
    await t.nothingBefore(client, watcher, `down/${t.topic()}`, 1)
  },
  slow,
)

scenario(
  'the will is checked too: a CONNECT whose will is not allowed does not publish it',
  async (t) => {
    const broker = await start()
    const watcher = await t.connect(anna, { broker })
    await subscribe(watcher, { [`+/${t.topic('#')}`]: 1 })
    const client = await t.open({ broker })
    const will = { topic: `else/${t.topic('will')}`, payload: 'refused', qos: 1, retain: false } as const
    client.send(connectPacket(5, { clientId: t.id(), ...device, will }))
    await client.waitFor('an answer', () => (client.inbox.length > 0 || client.isClosed ? true : undefined))
    client.cut()
    await t.nothingBefore(watcher, watcher, `any/${t.topic('marker')}`, 1)
  },
  slow,
)

scenario(
  'user name and client id in filters, and neither can widen a filter',
  async (t) => {
    const broker = await start()
    const password = Buffer.from('p')
    const client = await t.connect({ clientId: 'one', username: 'own', password }, { broker })
    expect(
      codesOf(
        await subscribe(client, { 'u/own/x': 0, 'c/one/x': 0, 'u/bob/x': 0, 'c/two/x': 0, 'u/+/x': 0 }),
      ),
    ).toEqual([0, 0, 0x87, 0x87, 0x87])
    for (const clientId of ['+', '#', 'a/b']) {
      const wild = await t.open({ broker })
      wild.send(connectPacket(5, { clientId, username: 'own', password }))
      const connack = await wild.receive('connack').catch(() => undefined)
      if (connack === undefined || codeOf(connack) !== 0) continue
      expect(codesOf(await subscribe(wild, { 'c/two/x': 0, 'c/two/three/x': 0 }))).toEqual([0x87, 0x87])
    }
    const plus = await t.open({ broker })
    plus.send(connectPacket(5, { clientId: t.id(), username: 'a+', password }))
    const connack = await plus.receive('connack').catch(() => undefined)
    if (connack !== undefined && codeOf(connack) === 0)
      expect(codesOf(await subscribe(plus, { 'u/ab/x': 0, 'u/a/x': 0 }))).toEqual([0x87, 0x87])
  },
  ours,
)

scenario(
  '3.1.1 [MQTT-3.1.3-11], 5.0 [MQTT-3.1.3-12]: a user name is a UTF-8 string, taken as it is',
  async (t) => {
    const broker = await start()
    await t.connect({ username: 'ü ñ/x', password: Buffer.from('p') }, { broker })
  },
  { ...slow, ...onBoth },
)
