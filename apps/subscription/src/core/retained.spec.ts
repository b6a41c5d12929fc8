// Fears: a retained message that comes back, that does not go, or that holds up everybody else.
import { describe, expect, it } from 'vitest'
import type { SubscriptionRecord } from '#libs/topics'
import { addressOf, received, subscribe, TestPartition, type Sent } from './testing/partition.js'

const keep = (topic: string, payload: string, more: object = {}) => ({
  topic,
  payload,
  retain: true,
  ...more,
})
const RAP = 4

/** Asks for page after page as the gateway does, and gives the topics of each. */
function pages(partition: TestPartition, first: readonly Sent[], filter: string): string[][] {
  const all: string[][] = []
  let sent = first
  for (;;) {
    all.push(sent.flatMap((one) => one.received.map(({ topic }) => topic)))
    const end = sent.at(-1)?.record
    if (end?.kind !== 'RetainedPageEnd') return all
    sent = partition.ask(next(filter, end.after ?? ''))
  }
}

const next = (filter: string, after: string): SubscriptionRecord => ({
  kind: 'NextRetained',
  address: addressOf(1),
  session: { clientId: 'c', birth: 1 },
  kept: false,
  filter,
  qos: 1,
  subscriptionId: 0,
  after,
})

describe('retained messages', () => {
  it('follow the SUBACK, with the retain flag, the QoS as published and the subscription identifier', () => {
    const partition = new TestPartition()
    partition.route(keep('a', '1', { qos: 2 }), keep('a', '2', { qos: 1, expirySeconds: 60 }), keep('b', '3'))
    const sent = partition.ask(subscribe({ filters: [{ filter: 'a', qos: 0 }], subscriptionId: 7 }))
    expect(sent[0]?.record?.kind).toBe('Subscribed')
    expect(sent[1]?.received).toMatchObject([
      {
        id: 1,
        options: 8 | RAP,
        ids: [7],
        qos: 1,
        retain: true,
        topic: 'a',
        payload: '2',
        deadline: 1_060_000,
      },
    ])
    expect(sent).toHaveLength(2)
  })

  it('[MQTT-3.3.1-6] are cleared by an empty payload, which is still sent to subscribers', () => {
    const partition = new TestPartition()
    partition.ask(subscribe({ filters: ['a'] }))
    partition.route(keep('a', '1'))
    expect(received(partition.route(keep('a', '')))).toEqual(['1:a:'])
    expect(partition.facts).toEqual([{ kind: 'RetainedCleared', topic: 'a' }])
    partition.route(keep('a', ''))
    expect(partition.facts).toEqual([])
    expect(partition.ask(subscribe({ filters: ['a'] }))).toHaveLength(1)
  })

  it.each([
    ['0: always', 0, 1, 1],
    ['[MQTT-3.3.1-10] 1: new subscriptions only', 1, 1, 0],
    ['[MQTT-3.3.1-11] 2: never', 2, 0, 0],
  ])('retain handling %s', (_, retainHandling, first, second) => {
    const partition = new TestPartition()
    partition.route(keep('a', '1'))
    const ask = () => partition.ask(subscribe({ filters: [{ filter: 'a', retainHandling }] })).slice(1)
    expect(received(ask())).toHaveLength(first)
    expect(received(ask())).toHaveLength(second)
  })

  it('are not replaced by older ones when messages are routed again', () => {
    const partition = new TestPartition()
    partition.route(keep('a', '1'), keep('a', '2'), keep('b', '1'), keep('b', ''))
    partition.restore()
    partition.messageOffset = 0
    partition.route(keep('a', '1'))
    expect(partition.facts).toEqual([])
    partition.route(keep('a', '2'), keep('b', '1'), keep('b', ''))
    const sent = partition.ask(subscribe({ filters: ['#'] }))
    expect(received(sent)).toEqual(['1:a:2'])
  })

  it('expire: not sent any more, and cleared in time', () => {
    const partition = new TestPartition()
    partition.route(
      keep('a', '1', { expirySeconds: 5 }),
      keep('$b', '2', { expirySeconds: 5 }),
      keep('c', '3'),
    )
    partition.restore()
    partition.now += 5_000
    expect(received(partition.ask(subscribe({ filters: ['#'] })))).toEqual(['1:c:3'])
    expect(partition.tick()).toBeUndefined()
    expect(partition.facts).toEqual([
      { kind: 'RetainedCleared', topic: 'a' },
      { kind: 'RetainedCleared', topic: '$b' },
    ])
  })

  it('are looked at for expiry a part at a time, as long as some can expire', () => {
    const partition = new TestPartition({ pageScanMax: 2, sweepMillis: 100 })
    for (const topic of ['a', 'b', 'c', 'd', 'e']) partition.route(keep(topic, '1', { expirySeconds: 1 }))
    expect(partition.service.nextWake(partition.state)).toBe(1_000_100)
    partition.now += 1_000
    const counts = []
    for (let at: number | undefined = partition.now; at !== undefined; partition.now = at ?? 0) {
      at = partition.tick()
      counts.push(partition.facts.length)
    }
    // And then only until the names without messages are forgotten.
    expect(counts).toEqual([2, 2, 1, 0, 0])
  })

  it('[MQTT-3.8.3-3] are not sent to who published them, where the subscription says no local', () => {
    const partition = new TestPartition()
    partition.route(keep('a', '1', { clientId: 'c' }), keep('b', '2', { clientId: 'd' }))
    const sent = partition.ask(subscribe({ filters: [{ filter: '#', noLocal: true }] }))
    expect(received(sent)).toEqual(['1:b:2'])
  })

  it('are refused above their bounds, counted, and delivered all the same', () => {
    const partition = new TestPartition({ retainedCountMax: 2, retainedBytesMax: 100 })
    partition.ask(subscribe({ filters: ['#'] }))
    const sent = partition.route(keep('a', '1'), keep('b', '2'), keep('c', '3'), keep('b', 'x'.repeat(200)))
    expect(received(sent)).toHaveLength(4)
    expect(partition.counters).toMatchObject({ refusedRetainedCount: 1, refusedRetainedBytes: 1 })
    expect(partition.state.retained.count).toBe(1)
  })
})

describe('pages of retained messages', () => {
  const names = Array.from({ length: 1000 }, (_, i) => `t/${String(i).padStart(4, '0')}/x`)

  function filled(settings = {}): TestPartition {
    const partition = new TestPartition(settings)
    partition.route(
      ...names.map((name) => keep(name, 'x'.repeat(100))),
      keep('t', 'parent'),
      keep('$x', 'hidden'),
    )
    return partition
  }

  it.each([
    ['#', 1001],
    ['t/#', 1001],
    ['t/+/x', 1000],
    ['+/0007/#', 1],
    ['+/+/y', 0],
  ])('%s: all of them, each once, at most 256 at a time', (filter, count) => {
    const partition = filled()
    const all = pages(partition, partition.ask(subscribe({ filters: [filter] })), filter)
    expect(all.flat()).toHaveLength(count)
    expect(new Set(all.flat()).size).toBe(count)
    expect(Math.max(...all.map((page) => page.length))).toBeLessThanOrEqual(256)
  })

  it('end at their bound of bytes', () => {
    const partition = filled({ pageBytesMax: 1_000 })
    const all = pages(partition, partition.ask(subscribe({ filters: ['#'] })), '#')
    expect(all.flat()).toHaveLength(1001)
    expect(all.length).toBeGreaterThan(90)
  })

  it('look at a bounded number of names, also when few match', () => {
    const partition = filled({ pageScanMax: 100 })
    const all = pages(partition, partition.ask(subscribe({ filters: ['+/0990/#'] })), '+/0990/#')
    expect(all.flat()).toEqual(['t/0990/x'])
    expect(all.length).toBeGreaterThanOrEqual(10)
  })

  it('stop when the subscription or the session is gone', () => {
    const partition = filled()
    partition.ask(subscribe({ filters: ['#'] }))
    expect(partition.ask(next('t/#', 't/0500/x'))).toEqual([])
    partition.ask(subscribe({ birth: 2, filters: ['#'] }))
    expect(partition.ask(next('#', 't/0500/x'))).toEqual([])
  })

  it('show what is retained when they are sent, not what was at the first page', () => {
    const partition = filled()
    partition.ask(subscribe({ filters: ['#'] }))
    partition.route(keep('t/0999/x', 'new'), keep('t/0998/x', ''), keep('u', 'late'))
    expect(received(partition.ask(next('#', 't/0990/x'))).slice(-2)).toEqual(['1:t/0999/x:new', '1:u:late'])
  })

  it('go to the queue of a kept session, asked for by ourselves', () => {
    const partition = filled()
    let sent = partition.ask(subscribe({ kept: true, birth: 40, filters: ['#'] }))
    const got: string[] = []
    for (;;) {
      for (const one of sent) got.push(...one.received.map(({ to, id }) => `${to} ${String(id)}`))
      const own = partition.toSelf.shift()
      if (own === undefined) break
      sent = partition.ask(own)
    }
    expect(got).toHaveLength(1001)
    expect(new Set(got)).toEqual(new Set(['tbmq.delivery.inbox/0 40']))
  })
})
