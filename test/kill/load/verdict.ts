// What has to be true after everybody is back: of every message, every subscriber, every group and every will.
import type { Crowd } from './crowd.js'
import type { Notes } from './notes.js'
import type { Entry, Publisher } from './publisher.js'
import type { Receipt } from './receipts.js'
import type { Subscriber } from './subscriber.js'

/** Notes everything about messages that is not as promised. */
export function judgeMessages(crowd: Crowd, notes: Notes): void {
  const isMember = new Set([...crowd.groups.values()].flat())
  const plain = [...crowd.subscribers.values()].filter((subscriber) => !isMember.has(subscriber))
  const seen = seenBy([...crowd.subscribers.values()])
  for (const subscriber of plain) {
    for (const publisher of crowd.senders) {
      if (subscriber.peer.options.kept) judgeMissing(subscriber, publisher, seen, notes)
      judgeOrder(subscriber, publisher, notes)
    }
  }
  for (const subscriber of crowd.subscribers.values()) judgeRepeats(subscriber, crowd.senders, notes)
  for (const [name, members] of crowd.groups) judgeGroup(name, members, crowd.publishers, notes)
}

/** Messages that somebody has received: what has left the broker is stored, so nobody may miss it. */
function seenBy(subscribers: readonly Subscriber[]): ReadonlySet<string> {
  return new Set(
    subscribers.flatMap(({ receipts }) =>
      receipts.all.map(({ publisher, number }) => `${publisher} ${String(number)}`),
    ),
  )
}

/** A subscriber must have what was sent after its SUBACK and then acknowledged, or delivered to anybody. */
function judgeMissing(
  subscriber: Subscriber,
  publisher: Publisher,
  seen: ReadonlySet<string>,
  notes: Notes,
): void {
  const since = subscriber.since.get(publisher.name) ?? 0
  for (const entry of publisher.entries) {
    if (entry.number < since || !counts(entry, subscriber.qosOf(entry.topic))) continue
    if (subscriber.receipts.times(entry.publisher, entry.number) > 0) continue
    if (entry.isAcknowledged)
      notes.broken(`${subscriber.name} misses ${nameOf(entry)}, which was acknowledged`)
    else if (seen.has(`${entry.publisher} ${String(entry.number)}`))
      notes.broken(`${subscriber.name} misses ${nameOf(entry)}, which others have`)
  }
}

/** QoS 1 or 2 all the way to this subscriber. */
const counts = (entry: Entry, granted: 0 | 1 | 2 | undefined): boolean =>
  granted !== undefined && granted > 0 && entry.qos > 0 && !entry.deletes

/** First deliveries of what one publisher sent to one topic come in the order of sending; without a kept session per connection. */
function judgeOrder(subscriber: Subscriber, publisher: Publisher, notes: Notes): void {
  const { kept } = subscriber.peer.options
  const since = subscriber.since.get(publisher.name) ?? 0
  const newest = new Map<string, Receipt>()
  const known = new Set<number>()
  for (const receipt of subscriber.receipts.all) {
    if (receipt.publisher !== publisher.name || receipt.retain || receipt.number < since) continue
    if (kept && known.has(receipt.number)) continue
    known.add(receipt.number)
    const line = kept ? receipt.topic : `${receipt.topic} ${String(receipt.connection)}`
    const before = newest.get(line)
    if (before !== undefined && before.number >= receipt.number)
      notes.broken(
        `${subscriber.name} got ${publisher.name} ${String(receipt.number)} (${receipt.topic}, QoS ${String(receipt.qos)}, ` +
          `connection ${String(receipt.connection)}) after ${String(before.number)} (connection ${String(before.connection)})`,
      )
    newest.set(line, receipt)
  }
}

/** Nothing of QoS 2 or 0 twice, from the publisher to here, and nothing that was never sent. QoS 1 on either way allows it. */
function judgeRepeats(subscriber: Subscriber, publishers: readonly Publisher[], notes: Notes): void {
  const byName = new Map(publishers.map((publisher) => [publisher.name, publisher]))
  const before = new Map<string, Receipt>()
  for (const receipt of subscriber.receipts.all) {
    const { publisher, number, topic, qos, connection } = receipt
    const entry = byName.get(publisher)?.entries[number]
    if (topic.startsWith('will/')) continue
    if (entry === undefined || entry.topic !== topic) {
      notes.broken(`${subscriber.name} got ${publisher} ${String(number)} on ${topic}: never sent`)
      continue
    }
    if (qos === 1 || entry.qos === 1 || receipt.retain) continue
    const key = `${publisher} ${String(number)}`
    const first = before.get(key)
    if (first !== undefined)
      notes.broken(
        `${subscriber.name} got ${nameOf(entry)} twice, delivered with QoS ${String(qos)} on its connections ` +
          `${String(first.connection)} and ${String(connection)}`,
      )
    before.set(key, receipt)
  }
}

/** Somebody of the group has each acknowledged message, and nobody else has it too if it came with QoS 2. */
function judgeGroup(
  name: string,
  members: readonly Subscriber[],
  publishers: readonly Publisher[],
  notes: Notes,
): void {
  const twos = new Map<string, number>()
  for (const { receipts } of members)
    for (const { publisher, number, qos } of receipts.all) {
      const key = `${publisher} ${String(number)}`
      if (qos === 2) twos.set(key, (twos.get(key) ?? 0) + 1)
    }
  for (const entry of publishers.flatMap(({ entries }) => entries)) {
    if (isMissedBy(members, entry))
      notes.broken(`group ${name} misses ${nameOf(entry)}, which was acknowledged`)
    const two = twos.get(`${entry.publisher} ${String(entry.number)}`) ?? 0
    if (two > 1) notes.broken(`group ${name} got ${nameOf(entry)} ${String(two)} times with QoS 2`)
  }
}

/** True when every acknowledged message has come to somebody of each group. */
export const areGroupsServed = (crowd: Crowd): boolean =>
  [...crowd.groups.values()].every((members) =>
    crowd.publishers.every(({ entries }) => !entries.some((entry) => isMissedBy(members, entry))),
  )

function isMissedBy(members: readonly Subscriber[], entry: Entry): boolean {
  if (!entry.isAcknowledged || !counts(entry, members[0]?.qosOf(entry.topic))) return false
  return !members.some(({ receipts }) => receipts.times(entry.publisher, entry.number) > 0)
}

/** Each will as often as it has to be. */
export function judgeWills(crowd: Crowd, notes: Notes): void {
  for (const will of crowd.wills.values()) {
    const times = timesSeen(crowd, will.name)
    if (times < will.least || times > will.most)
      notes.broken(
        `the will of ${will.name} was seen ${String(times)} times; it should be ${String(will.least)} to ${String(will.most)}`,
      )
  }
}

/** True when every will that has to be seen was. */
export const areWillsSeen = (crowd: Crowd): boolean =>
  [...crowd.wills.values()].every((will) => timesSeen(crowd, will.name) >= will.least)

const timesSeen = (crowd: Crowd, name: string): number =>
  crowd.subscribers.get('watcher')?.receipts.times(name, 0) ?? 0

const nameOf = ({ publisher, number, topic, qos, resends }: Entry): string =>
  `${publisher} ${String(number)} (${topic}, QoS ${String(qos)}, sent again ${String(resends)} times)`
