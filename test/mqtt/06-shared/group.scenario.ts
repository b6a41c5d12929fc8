// Shared subscriptions: one message of a group goes to one member.
import { expect } from 'vitest'
import type { Client } from '../client/client.js'
import {
  acknowledge,
  codesOf,
  disconnect,
  fence,
  idOf,
  message,
  publish,
  subscribe,
  textOf,
  unsubscribe,
} from '../client/dialogue.js'
import { rawSubscribe } from '../client/raw.js'
import { onBoth, onEvery, scenario } from '../scene/scenario.js'

/** Takes everything that the clients have got until together it is `count`; payloads by client. */
async function collect(clients: readonly Client[], count: number): Promise<string[][]> {
  const got = clients.map((): string[] => [])
  let total = 0
  await Promise.all(
    clients.map(async (client, index) => {
      while (total < count) {
        const packet = await client.receive('publish', 1000).catch(() => undefined)
        if (packet === undefined) continue
        await acknowledge(client, packet)
        got[index]?.push(textOf(packet))
        total += 1
      }
    }),
  )
  return got
}

scenario(
  'every message goes to one member of the group, and none is lost',
  async (t) => {
    const members = await Promise.all([t.connect(), t.connect(), t.connect()])
    for (const member of members) await subscribe(member, { [`$share/g/${t.topic('#')}`]: 1 })
    const other = await t.connect()
    const sent = Array.from({ length: 60 }, (_, index) => `${index}`)
    for (const payload of sent) await publish(other, t.topic('x'), payload, { qos: 1 })
    const got = await collect(members, sent.length)
    expect(got.flat().sort()).toEqual([...sent].sort())
    for (const part of got) expect(part.length).toBeGreaterThan(0)
  },
  onEvery,
)

scenario(
  '5.0 [MQTT-4.8.2-1] [MQTT-4.8.2-2]: share names of one character and of many are allowed',
  async (t) => {
    const [client, other] = await Promise.all([t.connect(), t.connect()])
    for (const name of ['g', 'group one', 'ü', '$', 'x'.repeat(200)]) {
      const suback = await subscribe(client, { [`$share/${name}/${t.topic()}`]: 1 })
      expect(codesOf(suback)).toEqual([1])
      await publish(other, t.topic(), name, { qos: 1 })
      expect(textOf(await message(client))).toBe(name)
      await unsubscribe(client, `$share/${name}/${t.topic()}`)
    }
  },
)

for (const filter of [
  '$share',
  '$share/',
  '$share//f',
  '$share/g',
  '$share/g/',
  '$share/g+/f',
  '$share/g#/f',
  '$share/+/f',
  '$share/#',
]) {
  scenario(
    `5.0 [MQTT-4.8.2-1] [MQTT-4.8.2-2]: «${filter}» is refused by a code or a close`,
    async (t) => {
      const client = await t.connect()
      client.send(rawSubscribe(t.version, [[filter, 0]]))
      const answer = await client.waitFor(
        'an answer',
        () => client.inbox[0] ?? (client.isClosed ? 'closed' : undefined),
      )
      if (answer === 'closed' || answer.cmd === 'disconnect') return
      if (answer.cmd !== 'suback') throw new Error(`a ${answer.cmd} instead of a refusal`)
      expect(codesOf(answer)[0]).toBeGreaterThanOrEqual(0x80)
      await fence(client)
    },
    onBoth,
  )
}

scenario('5.0 [MQTT-4.8.2-3]: each member gets its own granted QoS', async (t) => {
  const other = await t.connect()
  for (const qos of [0, 1, 2] as const) {
    const member = await t.connect()
    await subscribe(member, { [`$share/g${qos}/${t.topic()}`]: qos })
    await publish(other, t.topic(), 'x', { qos: 2 })
    expect((await message(member)).qos).toBe(qos)
    member.cut()
  }
})

scenario('groups are told apart by name and by filter; each gets every message once', async (t) => {
  const clients = await Promise.all([t.connect(), t.connect(), t.connect(), t.connect()])
  const filters = [
    `$share/a/${t.topic('x')}`,
    `$share/b/${t.topic('x')}`,
    `$share/a/${t.topic('+')}`,
    t.topic('x'),
  ]
  for (const [index, client] of clients.entries()) await subscribe(client, { [filters[index] ?? '']: 1 })
  const other = await t.connect()
  for (const payload of ['1', '2', '3']) await publish(other, t.topic('x'), payload, { qos: 1 })
  for (const client of clients) {
    for (const payload of ['1', '2', '3']) expect(textOf(await message(client))).toBe(payload)
  }
})

scenario(
  '5.0 [MQTT-3.3.4-5]: a plain and a shared subscription to one filter live beside each other',
  async (t) => {
    const [client, other] = await Promise.all([t.connect(), t.connect()])
    await subscribe(client, { [t.topic()]: 1 }, { subscriptionIdentifier: 1 })
    await subscribe(client, { [`$share/g/${t.topic()}`]: 1 }, { subscriptionIdentifier: 2 })
    await publish(other, t.topic(), 'x', { qos: 1 })
    await publish(other, t.topic(), 'end', { qos: 1 })
    const identifiers: unknown[] = []
    let ends = 0
    while (ends < 2) {
      const packet = await message(client)
      if (textOf(packet) === 'end') ends += 1
      else identifiers.push(packet.properties?.subscriptionIdentifier)
    }
    expect(identifiers.sort()).toEqual([1, 2])
    await unsubscribe(client, t.topic())
    await publish(other, t.topic(), 'shared only', { qos: 1 })
    expect(textOf(await message(client))).toBe('shared only')
    await t.nothingBefore(client, other, t.topic(), 1)
  },
)

scenario('retained messages are not sent for a shared subscription', async (t) => {
  const client = await t.connect()
  await publish(client, t.topic(), 'kept', { qos: 1, retain: true })
  await subscribe(client, { [`$share/g/${t.topic()}`]: { qos: 1, rh: 0 } })
  await t.nothingBefore(client, client, t.topic(), 1)
  await publish(client, t.topic(), '', { retain: true })
})

scenario('a member that unsubscribes gets nothing more; the others get all', async (t) => {
  const [first, second, other] = await Promise.all([t.connect(), t.connect(), t.connect()])
  const filter = `$share/g/${t.topic()}`
  await subscribe(first, { [filter]: 1, [t.topic('fence')]: 1 })
  await subscribe(second, { [filter]: 1 })
  await unsubscribe(first, filter)
  for (let count = 0; count < 10; count += 1) await publish(other, t.topic(), `${count}`, { qos: 1 })
  for (let count = 0; count < 10; count += 1) expect(textOf(await message(second))).toBe(`${count}`)
  await t.nothingBefore(first, other, t.topic('fence'), 1)
})

scenario(
  'QoS 1 messages that a member did not acknowledge go to another when its session ends',
  async (t) => {
    const [first, second, other] = await Promise.all([t.connect(), t.connect(), t.connect()])
    const filter = `$share/g/${t.topic()}`
    await subscribe(first, { [filter]: 1 })
    for (let count = 0; count < 5; count += 1) await publish(other, t.topic(), `${count}`, { qos: 1 })
    for (let count = 0; count < 5; count += 1) await first.receive('publish')
    await subscribe(second, { [filter]: 1 })
    first.cut()
    const got = new Set<string>()
    while (got.size < 5) got.add(textOf(await message(second)))
    expect([...got].sort()).toEqual(['0', '1', '2', '3', '4'])
  },
)

scenario(
  '5.0 [MQTT-4.8.2-4]: a QoS 2 message under way to a kept member is completed with it when it comes back',
  async (t) => {
    const clientId = t.id()
    const keep = { properties: { sessionExpiryInterval: 60 } }
    const filter = `$share/g/${t.topic()}`
    const first = await t.connect({ clientId, ...keep })
    await subscribe(first, { [filter]: 2 })
    const other = await t.connect()
    await publish(other, t.topic(), 'under way', { qos: 2 })
    const messageId = idOf(await first.receive('publish'))
    const second = await t.connect()
    await subscribe(second, { [filter]: 2, [t.topic('fence')]: 1 })
    first.cut()
    const again = await t.connect({ clientId, clean: false, ...keep })
    const repeated = await again.receive('publish')
    expect([repeated.messageId, repeated.dup, textOf(repeated)]).toEqual([messageId, true, 'under way'])
    await acknowledge(again, repeated)
    await t.nothingBefore(second, other, t.topic('fence'), 1)
  },
)

scenario('5.0 [MQTT-4.8.2-5]: a QoS 2 message under way dies with the session of its member', async (t) => {
  const filter = `$share/g/${t.topic()}`
  const [first, second, other] = await Promise.all([t.connect(), t.connect(), t.connect()])
  await subscribe(first, { [filter]: 2 })
  await publish(other, t.topic(), 'dies', { qos: 2 })
  await first.receive('publish')
  await subscribe(second, { [filter]: 2 })
  await disconnect(first)
  // Until the group knows that its member has gone, messages may still be given to it, and die with it too.
  const got: string[] = []
  for (let count = 0; got.length === 0 && count < 40; count += 1) {
    await publish(other, t.topic(), 'lives', { qos: 2 })
    const found = await message(second, 200).then(textOf, () => undefined)
    if (found !== undefined) got.push(found)
  }
  await publish(other, t.topic(), 'end', { qos: 2 })
  while (got.at(-1) !== 'end') got.push(textOf(await message(second)))
  expect(got).not.toContain('dies')
})

scenario('5.0 [MQTT-4.8.2-6]: a message that a member refuses goes to nobody else', async (t) => {
  const filter = `$share/g/${t.topic()}`
  const [first, second, other] = await Promise.all([t.connect(), t.connect(), t.connect()])
  await subscribe(first, { [filter]: 1 })
  await publish(other, t.topic(), 'refused', { qos: 1 })
  const messageId = idOf(await first.receive('publish'))
  await subscribe(second, { [filter]: 1, [t.topic('fence')]: 1 })
  first.send({ cmd: 'puback', messageId, reasonCode: 0x80 })
  await disconnect(first)
  await t.nothingBefore(second, other, t.topic('fence'), 1)
})

scenario('a group whose only member is kept and away: its QoS 1 messages wait', async (t) => {
  const clientId = t.id()
  const keep = { properties: { sessionExpiryInterval: 60 } }
  const first = await t.connect({ clientId, ...keep })
  await subscribe(first, { [`$share/g/${t.topic()}`]: 1 })
  await disconnect(first)
  const other = await t.connect()
  for (const payload of ['1', '2', '3']) await publish(other, t.topic(), payload, { qos: 1 })
  const again = await t.connect({ clientId, clean: false, ...keep })
  const got: string[] = []
  while (got.length < 3) got.push(textOf(await message(again)))
  expect(got).toEqual(['1', '2', '3'])
})

scenario(
  'by hashClient everything of one publisher goes to one member, whatever its topic',
  async (t) => {
    const broker = await t.startBroker({ settings: { ours: { TBMQ_SHARE_STRATEGY: 'hashClient' } } })
    const members = await Promise.all([1, 2, 3].map(() => t.connect({}, { broker })))
    for (const member of members) await subscribe(member, { [`$share/g/${t.topic('#')}`]: 1 })
    const names = Array.from({ length: 8 }, (_, index) => `publisher${index}`)
    await Promise.all(
      names.map(async (name) => {
        const client = await t.connect({ clientId: `${t.id()}${name}` }, { broker })
        for (let count = 0; count < 5; count += 1)
          await publish(client, t.topic(`${name}/${count}`), name, { qos: count % 2 === 0 ? 1 : 2 })
      }),
    )
    const got = await collect(members, names.length * 5)
    for (const name of names) {
      expect(got.map((part) => part.filter((payload) => payload === name).length).sort()).toEqual([0, 0, 5])
    }
  },
  { needs: 'a choice of strategies', timeoutMillis: 60_000 },
)

scenario('what comes while all members are away goes to the first one that is back', async (t) => {
  const keep = { properties: { sessionExpiryInterval: 60 } }
  const clientId = t.id()
  const filter = `$share/g/${t.topic()}`
  const [gone, member, other] = await Promise.all([
    t.connect(keep),
    t.connect({ clientId, ...keep }),
    t.connect(),
  ])
  await subscribe(gone, { [filter]: 1 })
  await subscribe(member, { [filter]: 1 })
  await disconnect(gone)
  // The group knows that it is alone when two in a row come to it: they took turns before.
  for (let inARow = 0; inARow < 2;) {
    await publish(other, t.topic(), 'probe', { qos: 1 })
    inARow = await message(member, 200).then(
      () => inARow + 1,
      () => 0,
    )
  }
  await disconnect(member)
  for (let count = 0; count < 10; count += 1) await publish(other, t.topic(), `${count}`, { qos: 1 })
  const again = await t.connect({ clientId, clean: false, ...keep })
  const got: string[] = []
  while (got.length < 10) {
    const payload = textOf(await message(again))
    if (payload !== 'probe') got.push(payload)
  }
  expect(got.join('')).toBe('0123456789')
})
