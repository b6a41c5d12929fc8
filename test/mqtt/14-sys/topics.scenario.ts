// The statistics topics, with Mosquitto's names.
import { expect } from 'vitest'
import { codesOf, fence, message, publishPacket, subscribe, textOf } from '../client/dialogue.js'
import { scenario } from '../scene/scenario.js'

const names = [
  'clients/connected',
  'clients/total',
  'messages/received',
  'messages/sent',
  'subscriptions/count',
  'retained messages/count',
  'uptime',
  'version',
] as const

for (const name of names) {
  scenario(`$SYS/broker/${name} tells something`, async (t) => {
    const client = await t.connect()
    expect(codesOf(await subscribe(client, { [`$SYS/broker/${name}`]: 0 }))).toEqual([0])
    const packet = await message(client, 12_000)
    expect(textOf(packet)).toMatch(name === 'version' ? /./ : /^\d+/)
  })
}

/** All that Mosquitto 2.0 publishes. */
const everyName = [
  ...['bytes/received', 'bytes/sent', 'heap/current', 'heap/maximum', 'uptime', 'version'],
  ...['active', 'connected', 'disconnected', 'expired', 'inactive', 'maximum', 'total'].map(
    (name) => `clients/${name}`,
  ),
  ...['bytes/received', 'bytes/sent', 'connections', 'messages/received', 'messages/sent'].flatMap(averages),
  ...['publish/dropped', 'publish/received', 'publish/sent', 'sockets'].flatMap(averages),
  ...['messages/received', 'messages/sent', 'messages/stored', 'retained messages/count'],
  ...['publish/bytes/received', 'publish/bytes/sent'],
  ...['publish/messages/dropped', 'publish/messages/received', 'publish/messages/sent'],
  ...['shared_subscriptions/count', 'subscriptions/count', 'store/messages/bytes', 'store/messages/count'],
]

function averages(name: string): readonly string[] {
  return ['1min', '5min', '15min'].map((time) => `load/${name}/${time}`)
}

scenario('$SYS/broker has every name of Mosquitto', async (t) => {
  const client = await t.connect()
  await subscribe(client, { '$SYS/broker/#': 0 })
  const missing = new Set(everyName.map((name) => `$SYS/broker/${name}`))
  while (missing.size > 0) {
    const packet = await message(client, 5_000).catch((error: unknown) => {
      throw new Error(`missing: ${[...missing].join(', ')}`, { cause: error })
    })
    if (packet.topic.includes('/load/')) expect(textOf(packet)).toMatch(/^\d+\.\d\d$/)
    missing.delete(packet.topic)
  }
})

scenario('$SYS topics come with a wildcard of their own, not with # alone', async (t) => {
  const [all, own] = [await t.connect(), await t.connect()]
  await subscribe(all, { '#': 0 })
  await subscribe(own, { '$SYS/#': 0 })
  for (let count = 0; count < 5; count += 1) expect((await message(own, 12_000)).topic).toMatch(/^\$SYS\//)
  await fence(all)
  for (const packet of all.inbox)
    if (packet.cmd === 'publish') expect(packet.topic.startsWith('$')).toBe(false)
})

scenario('clients cannot publish to $SYS', async (t) => {
  const watcher = await t.connect()
  await subscribe(watcher, { [`$SYS/${t.topic('#')}`]: 1, [t.topic('marker')]: 1 })
  const client = await t.connect()
  client.send(publishPacket(`$SYS/${t.topic('x')}`, 'forged', { qos: 1, messageId: 1 }))
  const answer = await client.waitFor(
    'an answer',
    () => client.inbox[0] ?? (client.isClosed ? 'closed' : undefined),
  )
  if (answer !== 'closed' && answer.cmd === 'puback') expect(answer.reasonCode).toBeGreaterThanOrEqual(0x80)
  await t.nothingBefore(watcher, await t.connect(), t.topic('marker'), 1)
})
