// Which retained messages must stand in the end: of each topic the last acknowledged one or one that was sent later.
import type { Crowd } from './crowd.js'
import type { Notes } from './notes.js'
import { readPayload, type Entry } from './publisher.js'
import { until } from './until.js'

const deadlineMillis = 20_000

/** What may stand: numbers, and `undefined` for none. */
type Allowed = readonly (number | undefined)[]

/** Asks for all retained messages with a new client, and notes those that should not be, or should. */
export async function judgeRetained(crowd: Crowd, notes: Notes): Promise<void> {
  const found = new Map<string, number>()
  let fences = 0
  const visitor = crowd.visitor('asks-retained', (packet) => {
    if (packet.topic === 'fence/retained') fences += 1
    const from = readPayload(packet.payload)
    if (packet.retain && from !== undefined) found.set(packet.topic, from.number)
  })
  await visitor.stay()
  await visitor.subscribe({ 'keep/#': 1, 'fence/retained': 1 })
  const allowed = allowedOf(crowd)
  const isThere = (): boolean =>
    [...allowed].every(([topic, list]) => list.includes(undefined) || found.has(topic))
  await until(isThere, deadlineMillis)
  const nothing = (): void => {}
  visitor.publish({
    topic: 'fence/retained',
    payload: Buffer.from('fence'),
    qos: 1,
    retain: false,
    resent: nothing,
    acknowledged: nothing,
    refused: nothing,
  })
  await until(() => fences > 0, deadlineMillis)
  for (const [topic, list] of allowed) {
    const number = found.get(topic)
    if (!list.includes(number))
      notes.broken(
        `${topic} retains ${number ?? 'nothing'} instead of ${list.map((one) => one ?? 'nothing').join(' or ')}`,
      )
  }
  for (const topic of found.keys())
    if (!allowed.has(topic)) notes.broken(`${topic} is retained and was never sent`)
  await visitor.drop()
}

function allowedOf(crowd: Crowd): ReadonlyMap<string, Allowed> {
  const allowed = new Map<string, Allowed>()
  for (const { options, entries } of crowd.retainers)
    for (const topic of options.topics)
      allowed.set(topic, allowedOn(entries.filter((entry) => entry.topic === topic)))
  return allowed
}

function allowedOn(entries: readonly Entry[]): Allowed {
  const last = entries.findLastIndex((entry) => entry.isAcknowledged)
  const values = entries.slice(Math.max(last, 0)).map((entry) => (entry.deletes ? undefined : entry.number))
  return last < 0 ? [undefined, ...values] : values
}
