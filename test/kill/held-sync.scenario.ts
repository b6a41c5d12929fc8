// Nothing that promises something leaves before the disk has it: while the broker's syncs are held back, so are its answers.
import { rmSync, writeFileSync } from 'node:fs'
import type { Packet } from 'mqtt-packet'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Client } from '../mqtt/client/client.js'
import { connect, connectPacket, fence, publishPacket, subscribe } from '../mqtt/client/dialogue.js'
import { Victim } from './broker/victim.js'

const keep = { clean: false, properties: { sessionExpiryInterval: 600 } } as const
/** So long the syncs are held while every connection proves again and again that the broker is at work. */
const heldMillis = 400

let victim: Victim

beforeAll(async () => {
  victim = await Victim.start({ partitions: 1, recordsSyncs: true })
}, 60_000)

afterAll(async () => {
  rmSync(victim.holdPath, { force: true })
  await victim.end(false)
})

interface Request {
  readonly clean: boolean
  readonly send: Packet
  readonly answer: 'puback' | 'pubrec' | 'suback' | 'unsuback'
}

/** What a client asks for, and the answer that has to wait. */
const requests: Readonly<Record<string, Request>> = {
  'PUBACK to a clean session': {
    clean: true,
    send: publishPacket('held/a', 'a', { qos: 1, messageId: 5 }),
    answer: 'puback',
  },
  'PUBREC to a clean session': {
    clean: true,
    send: publishPacket('held/b', 'b', { qos: 2, messageId: 5 }),
    answer: 'pubrec',
  },
  'PUBACK to a kept session': {
    clean: false,
    send: publishPacket('held/c', 'c', { qos: 1, messageId: 5 }),
    answer: 'puback',
  },
  'PUBREC to a kept session': {
    clean: false,
    send: publishPacket('held/d', 'd', { qos: 2, messageId: 5 }),
    answer: 'pubrec',
  },
  'PUBACK for a retained message': {
    clean: true,
    send: publishPacket('held/e', 'e', { qos: 1, messageId: 5, retain: true }),
    answer: 'puback',
  },
  'SUBACK to a clean session': {
    clean: true,
    send: { cmd: 'subscribe', messageId: 5, subscriptions: [{ topic: 'x/1', qos: 1 }] },
    answer: 'suback',
  },
  'SUBACK to a kept session': {
    clean: false,
    send: { cmd: 'subscribe', messageId: 5, subscriptions: [{ topic: 'x/#', qos: 1 }] },
    answer: 'suback',
  },
  'SUBACK to a member of a group': {
    clean: false,
    send: { cmd: 'subscribe', messageId: 5, subscriptions: [{ topic: '$share/g/x/#', qos: 1 }] },
    answer: 'suback',
  },
  'UNSUBACK to a kept session': {
    clean: false,
    send: { cmd: 'unsubscribe', messageId: 5, unsubscriptions: ['y/#'] },
    answer: 'unsuback',
  },
}

it('no PUBACK, PUBREC, SUBACK, UNSUBACK, CONNACK or message leaves while no sync completes, and all do afterwards', async () => {
  const { address } = victim
  const open = async (): Promise<Client> => Client.open(address, 5)
  const watcher = await open()
  await connect(watcher, { clientId: 'watcher' })
  await subscribe(watcher, { 'held/#': 1 })
  const asking = await Promise.all(
    Object.entries(requests).map(async ([title, { clean, send, answer }], index) => {
      const client = await open()
      await connect(client, clean ? { clientId: `asks-${index}` } : { clientId: `asks-${index}`, ...keep })
      return { title, client, send, answer }
    }),
  )
  const coming = { 'a clean session': await open(), 'a kept session': await open() }

  writeFileSync(victim.holdPath, '')
  for (const { client, send } of asking) client.send(send)
  coming['a clean session'].send(connectPacket(5, { clientId: 'comes-clean' }))
  coming['a kept session'].send(connectPacket(5, { clientId: 'comes-kept', ...keep }))
  const end = performance.now() + heldMillis
  while (performance.now() < end)
    for (const client of [watcher, ...asking.map((one) => one.client)]) await fence(client)

  const early = asking
    .filter(({ client, answer }) => client.history.includes(answer))
    .map(({ title }) => title)
  for (const [title, { history }] of Object.entries(coming))
    if (history.length > 0) early.push(`CONNACK of ${title}`)
  if (watcher.history.includes('publish')) early.push('a message')
  expect(early).toEqual([])

  rmSync(victim.holdPath)
  for (const { client, answer } of asking) await client.receive(answer)
  for (const client of Object.values(coming)) await client.receive('connack')
  for (let count = 0; count < 5; count += 1) await watcher.receive('publish')
}, 60_000)
