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
