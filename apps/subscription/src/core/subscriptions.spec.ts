// Fears: receivers that differ from what the subscriptions say, after any history; a restored partition that differs from the live one.
import { describe, expect, it } from 'vitest'
import { SeededRandom } from '#libs/base'
import { filterMatches } from '#libs/mqtt'
import type { SubscriptionRecord } from '#libs/topics'
import { dump } from './testing/dump.js'
import {
  endSessions,
  subscribe,
  TestPartition,
  unsubscribe,
  type Publish,
  type Received,
} from './testing/partition.js'

const levels = ['a', 'b', '$x', '', 'ü']
const clients = ['c0', 'c1', 'c2', 'c3', 'kept4', 'kept5', '__proto__', 'ü']

interface Row {
  readonly clientId: string
  readonly id: number
  readonly filter: string
  readonly qos: number
  readonly noLocal: boolean
  readonly retainAsPublished: boolean
  readonly subscriptionId: number
  readonly fromOffset: number
}

/** The same told in the plainest way: a list of rows, and a loop over all of them. */
class Naive {
  rows: Row[] = []
  groups: { share: string; filter: string; birth: number; fromOffset: number }[] = []

  receivers(message: Publish, offset: number): string[] {
    const hits = this.rows.filter(
      (row) =>
        row.fromOffset <= offset &&
        filterMatches(row.filter, message.topic) &&
        !(row.noLocal && row.clientId === message.clientId),
    )
    const ids = [...new Set(hits.map(({ clientId }) => clientId))]
    const plain = ids.map((clientId) => {
      const own = hits.filter((row) => row.clientId === clientId)
      const qos = Math.max(...own.map((row) => row.qos))
      const rap = own.some((row) => row.retainAsPublished)
      const numbers = own.flatMap((row) => (row.subscriptionId === 0 ? [] : [row.subscriptionId]))
      return `${String(own[0]?.id)} qos ${String(qos)} rap ${String(rap)} ids ${numbers.sort((a, b) => a - b).join()}`
    })
    const groups = this.groups
      .filter(({ filter, fromOffset }) => fromOffset <= offset && filterMatches(filter, message.topic))
      .map(({ birth }) => `group ${String(birth)}`)
    return [...plain, ...groups].sort()
  }
}

const told = ({ id, options, ids }: Received): string =>
  (options & 0x10) !== 0
    ? `group ${String(id)}`
    : `${String(id)} qos ${String(options & 3)} rap ${String((options & 4) !== 0)} ids ${[...ids].sort((a, b) => a - b).join()}`

/** One history: random requests and messages, on a partition and in the naive way. */
class History {
  readonly partition = new TestPartition({ pageMessagesMax: 5 })
  readonly naive = new Naive()
  readonly messages: { readonly message: Publish; readonly offset: number; readonly at: number }[] = []
  readonly births = new Map<string, number>()
  readonly random: SeededRandom
  birth = 100

  constructor(seed: number) {
    this.random = new SeededRandom(seed)
  }

  pick<T>(items: readonly T[]): T {
    const item = this.random.pick(items)
    if (item === undefined) throw new Error('nothing to pick from')
    return item
  }

  name(): string {
    return Array.from({ length: 1 + this.random.below(3) }, () => this.pick(levels)).join('/')
  }

  filter(): string {
    const parts = this.name().split('/')
    const wild = parts.map((part) => (this.random.chance(0.3) ? '+' : part))
    return this.random.chance(0.2) ? [...wild.slice(1), '#'].join('/') : wild.join('/')
  }

  session(): { clientId: string; birth: number; connection: number; kept: boolean } {
    const clientId = this.pick(clients)
    let birth = this.births.get(clientId)
    if (birth === undefined || this.random.chance(0.05)) {
      birth = ++this.birth
      this.births.set(clientId, birth)
      this.naive.rows = this.naive.rows.filter((row) => row.clientId !== clientId)
      this.partition.ask(endSessions({ clientId, birth: birth - 1 }))
    }
    return { clientId, birth, connection: birth + 1000, kept: clientId.startsWith('kept') }
  }

  subscribe(): SubscriptionRecord {
    const { random, naive } = this
    const session = this.session()
    const subscriptionId = random.below(4)
    const filters = Array.from({ length: 1 + random.below(3) }, () => ({
      filter: this.filter(),
      qos: random.below(3),
      noLocal: random.chance(0.3),
      retainAsPublished: random.chance(0.5),
      retainHandling: random.below(3),
    }))
    for (const wanted of filters) {
      const at = naive.rows.findIndex(
        (row) => row.clientId === session.clientId && row.filter === wanted.filter,
      )
      const fromOffset = naive.rows[at]?.fromOffset ?? this.partition.messageOffset
      const { clientId } = session
      const row = {
        ...wanted,
        clientId,
        subscriptionId,
        fromOffset,
        id: session.kept ? session.birth : session.connection,
      }
      if (at < 0) naive.rows.push(row)
      else naive.rows[at] = row
    }
    return subscribe({ ...session, subscriptionId, filters })
  }

  unsubscribe(): SubscriptionRecord {
    const session = this.session()
    const own = this.naive.rows.filter(({ clientId }) => clientId === session.clientId)
    const filter = this.random.pick(own)?.filter ?? 'none'
    this.naive.rows = this.naive.rows.filter(
      (row) => row.clientId !== session.clientId || row.filter !== filter,
    )
    return unsubscribe({ ...session, filters: [filter] })
  }

  group(): SubscriptionRecord {
    const share = this.pick(['s', 't'])
    const filter = this.filter()
    const birth = ++this.birth
    const { naive } = this
    const known = naive.groups.find((group) => group.share === share && group.filter === filter)
    naive.groups = naive.groups.filter((group) => group !== known)
    if (known !== undefined && this.random.chance(0.7)) return { kind: 'RemoveGroup', share, filter, birth }
    naive.groups.push({ share, filter, birth, fromOffset: this.partition.messageOffset })
    return { kind: 'AddGroup', share, filter, birth, owner: 0, replyTo: 0 }
  }

  publish(): void {
    const batch = Array.from({ length: 1 + this.random.below(4) }, (): Publish => {
      const topic = this.name()
      const retain = this.random.chance(0.3)
      const payload = this.random.chance(0.2) ? '' : String(this.random.uint32())
      const mortal = this.random.chance(0.2) ? { expirySeconds: 1 + this.random.below(5) } : {}
      return { topic, retain, payload, clientId: this.pick(clients), qos: this.random.below(3), ...mortal }
    })
    const first = this.partition.messageOffset
    for (const [i, message] of batch.entries())
      this.messages.push({ message, offset: first + i, at: this.partition.now })
    this.#check(
      this.partition.route(...batch).flatMap(({ received }) => received),
      batch,
      first,
    )
  }

  #check(received: readonly Received[], batch: readonly Publish[], first: number): void {
    for (const [i, message] of batch.entries()) {
      const offset = first + i
      const got = received.filter((one) => one.offset === offset)
      expect(got.map(told).sort(), `${message.topic} at ${String(offset)}`).toEqual(
        this.naive.receivers(message, offset),
      )
      for (const one of got) expect([one.topic, one.payload]).toEqual([message.topic, message.payload])
    }
  }

  /** Routes the last messages once more, as after a restart from an older position. */
  again(): void {
    const { partition } = this
    const again = this.messages.slice(-20)
    const before = dump(partition.state)
    const { now } = partition
    const sent = again.flatMap(({ message, offset, at }) => {
      partition.now = at
      const batch = partition.messages(offset, [message])
      partition.now = now
      return partition.decide(batch)
    })
    const messages = again.map(({ message }) => message)
    this.#check(
      sent.flatMap(({ received }) => received),
      messages,
      again[0]?.offset ?? 0,
    )
    expect(dump(partition.state)).toEqual(before)
  }

  step(): void {
    const dice = this.random.below(100)
    const { partition } = this
    if (dice < 25) partition.ask(this.subscribe())
    else if (dice < 38) partition.ask(this.unsubscribe())
    else if (dice < 46) partition.ask(this.group())
    else if (dice < 90) this.publish()
    else if (dice < 94) partition.now += 500
    else if (dice < 96) partition.tick()
    else if (dice < 98) this.again()
    else {
      const before = dump(partition.state)
      partition.restore()
      expect(dump(partition.state)).toEqual(before)
      this.again()
    }
    partition.toSelf.length = 0
  }
}

describe('any history', () => {
  it.each(Array.from({ length: 12 }, (_, seed) => [seed]))(
    'gives the receivers of a naive matcher, also restored (seed %i)',
    (seed) => {
      const history = new History(seed)
      for (let step = 0; step < 250; step++) history.step()
    },
  )
})
