// Fears: a message that goes to the wrong receivers, twice to one, or with the wrong options; one that was promised and may pass the disk.
import { describe, expect, it } from 'vitest'
import {
  endSessions,
  received,
  subscribe,
  TestPartition,
  unsubscribe,
  type Publish,
} from './testing/partition.js'

const GATEWAY = 'tbmq.gateway.g.inbox'
const DELIVERY = 'tbmq.delivery.inbox/0'

describe('matching', () => {
  it('sends one run per target for the whole batch', () => {
    const partition = new TestPartition()
    partition.ask(
      subscribe({ filters: ['a/#'] }),
      subscribe({ clientId: 'd', connection: 2, filters: ['a/b'] }),
      subscribe({ clientId: 'k', birth: 3, kept: true, filters: ['+/b'] }),
    )
    const sent = partition.route(
      { topic: 'a/b', payload: '1' },
      { topic: 'a/c', payload: '2' },
      { topic: 'z', payload: '3' },
      { topic: 'a/b', payload: '4' },
    )
    expect(sent.map(({ to }) => to)).toEqual([GATEWAY, DELIVERY])
    expect(received(sent)).toEqual([
      '2:a/b:1',
      '1:a/b:1',
      '1:a/c:2',
      '2:a/b:4',
      '1:a/b:4',
      '3:a/b:1',
      '3:a/b:4',
    ])
    expect(partition.counters).toMatchObject({ messagesRouted: 4, messagesWithoutReceiver: 1, receivers: 7 })
  })

  it.each([
    ['#', 'a/b', true],
    ['#', '$SYS/x', false],
    ['+/x', '$SYS/x', false],
    ['$SYS/#', '$SYS/x', true],
    ['a/#', 'a', true],
    ['a/+', 'a', false],
    ['a/+', 'a/', true],
    ['a/+/c', 'a/b/c', true],
    ['+', '/', false],
    ['+/+', '/', true],
    ['a', 'A', false],
  ])('[MQTT-4.7] %s and %s: %s', (filter, topic, isExpected) => {
    const partition = new TestPartition()
    partition.ask(subscribe({ filters: [filter] }))
    expect(received(partition.route({ topic }))).toEqual(isExpected ? [`1:${topic}:x`] : [])
  })

  it('[MQTT-3.3.4-2] sends a message once for overlapping filters, with the highest QoS and every identifier', () => {
    const partition = new TestPartition()
    partition.ask(
      subscribe({ filters: [{ filter: 'a/b', qos: 0 }], subscriptionId: 5 }),
      subscribe({ filters: [{ filter: 'a/#', qos: 2, retainAsPublished: true }], subscriptionId: 200 }),
      subscribe({ filters: [{ filter: '#', qos: 1 }] }),
      subscribe({ filters: [{ filter: '+/b', qos: 1 }], subscriptionId: 5 }),
    )
    const [sent] = partition.route({ topic: 'a/b', qos: 1 })
    expect(sent?.received).toHaveLength(1)
    const [message] = sent?.received ?? []
    expect(message).toMatchObject({ id: 1, qos: 1 })
    expect((message?.options ?? 0) & 7).toBe(2 | 4)
    expect([...(message?.ids ?? [])].sort((a, b) => a - b)).toEqual([5, 5, 200])
  })

  it('[MQTT-3.8.3-3] does not send a message to its publisher where a subscription says no local', () => {
    const partition = new TestPartition()
    partition.ask(
      subscribe({ filters: [{ filter: 'a', noLocal: true }] }),
      subscribe({ clientId: 'd', connection: 2, filters: ['a'] }),
    )
    expect(received(partition.route({ topic: 'a', clientId: 'c' }))).toEqual(['2:a:x'])
    expect(received(partition.route({ topic: 'a', clientId: 'd' }))).toEqual(['1:a:x', '2:a:x'])
    partition.ask(subscribe({ filters: ['#'] }))
    expect(received(partition.route({ topic: 'a', clientId: 'c' })).sort()).toEqual(['1:a:x', '2:a:x'])
  })

  it('tells groups, and nobody else, by a hash who published', () => {
    const partition = new TestPartition()
    partition.ask(
      subscribe({ filters: ['a'] }),
      { kind: 'AddGroup', share: 's', filter: 'a', birth: 9, owner: 0, replyTo: 0 },
      subscribe({ clientId: 'k', birth: 3, kept: true, filters: ['b'] }),
    )
    const clients = ['x', 'y', 'y', 'x', 'x']
    const sent = partition.route(...clients.map((clientId) => ({ topic: 'a', clientId })), {
      topic: 'b',
      clientId: 'x',
    })
    const publishersFor = (id: number): unknown[] =>
      sent
        .flatMap(({ received }) => received.filter((one) => one.id === id))
        .map(({ publisher }) => publisher)
    const [x, y] = publishersFor(9)
    expect(publishersFor(9)).toEqual([x, y, y, x, x])
    expect(x).not.toBe(y)
    expect(publishersFor(1)).toEqual([0, 0, 0, 0, 0])
    const [next] = partition.route({ topic: 'a', clientId: 'y' }).slice(1)
    expect(next?.received).toMatchObject([{ id: 9, publisher: y }])
  })

  it('leaves out what lies before the subscription, when messages are routed again after a restart', () => {
    const partition = new TestPartition()
    partition.route({ topic: 'a' }, { topic: 'a' })
    partition.ask(subscribe({ filters: ['a'] }))
    partition.route({ topic: 'a' })
    partition.ask(subscribe({ clientId: 'd', connection: 2, filters: ['#'] }))
    partition.restore()
    partition.messageOffset = 0
    const messages = [1, 2, 3, 4, 5].map((n) => ({ topic: 'a', payload: String(n) }))
    expect(received(partition.route(...messages))).toEqual(['1:a:3', '1:a:4', '2:a:4', '1:a:5', '2:a:5'])
  })

  it('forgets receivers that unsubscribe or whose session ends, and no others', () => {
    const partition = new TestPartition()
    partition.ask(
      subscribe({ filters: ['a', '#'] }),
      subscribe({ clientId: 'd', birth: 9, connection: 2, filters: ['a'] }),
    )
    expect(received(partition.route({ topic: 'a' }))).toHaveLength(2)
    partition.ask(endSessions({ clientId: 'd', birth: 8 }))
    expect(received(partition.route({ topic: 'a' }))).toHaveLength(2)
    partition.ask(endSessions({ clientId: 'd', birth: 9 }))
    expect(received(partition.route({ topic: 'a' }))).toEqual(['1:a:x'])
    partition.ask(unsubscribe({ filters: ['#'] }))
    expect(received(partition.route({ topic: 'a' }, { topic: 'b' }))).toEqual(['1:a:x'])
    partition.ask(unsubscribe({ filters: ['a'] }))
    expect(received(partition.route({ topic: 'a' }))).toEqual([])
  })

  it('carries QoS, retain flag, deadline and offset of each message', () => {
    const partition = new TestPartition()
    partition.ask(subscribe({ filters: ['#'] }))
    partition.messageOffset = 40
    const [sent] = partition.route(
      { topic: 'a', qos: 2, retain: true, expirySeconds: 3, properties: new Uint8Array([1, 1]) },
      { topic: 'b' },
    )
    expect(sent?.received).toMatchObject([
      { offset: 40, qos: 2, retain: true, deadline: partition.now + 3000, topic: 'a' },
      { offset: 41, qos: 0, retain: false, deadline: 0, topic: 'b' },
    ])
  })

  it('passes over records that nobody of ours wrote', () => {
    const partition = new TestPartition()
    partition.ask(subscribe({ filters: ['#'] }))
    const batch = partition.messages(0, [{ topic: 'a' }])
    const at = batch.bytes.lastIndexOf(0x6d)
    batch.bytes[at] = 0x6e
    expect(partition.decide(batch)).toEqual([])
    expect(partition.counters.messagesUnreadable).toBe(1)
  })

  it('does not pass over a message of a newer version: its publisher has been told that it is stored', () => {
    const partition = new TestPartition()
    partition.ask(subscribe({ filters: ['#'] }))
    const batch = partition.messages(0, [{ topic: 'a' }])
    // Behind the header's name and length stands the version.
    const at = batch.bytes.lastIndexOf(0x6d) + 2
    expect(batch.bytes[at]).toBe(1)
    batch.bytes[at] = 2
    expect(() => partition.decide(batch)).toThrow('publish metadata of a newer version')
  })
})

describe('what may leave before it is stored', () => {
  const passing = (...messages: readonly Publish[]) => {
    const partition = new TestPartition()
    partition.ask(
      subscribe({ filters: ['#'] }),
      subscribe({ clientId: 'k', birth: 3, kept: true, filters: ['#'] }),
    )
    return partition.route(...messages).map(({ to, passing }) => [to, passing])
  }

  it('is a run of QoS 0 to a gateway, and nothing to delivery', () => {
    expect(passing({ topic: 'a', qos: 0 }, { topic: 'b', qos: 0 })).toEqual([
      [GATEWAY, true],
      [DELIVERY, false],
    ])
  })

  it.each([
    ['was published with QoS 1', { topic: 'b', qos: 1 }],
    ['was published with QoS 2', { topic: 'b', qos: 2 }],
    ['is to be retained', { topic: 'b', retain: true }],
    ['is a will, which fires once', { topic: 'b', storedFirst: true }],
  ])('is no run with a message that %s', (_, promised) => {
    for (const messages of [[promised], [{ topic: 'a' }, promised], [promised, { topic: 'a' }]]) {
      expect(passing(...messages)[0]).toEqual([GATEWAY, false])
    }
  })

  it('is told anew for each batch', () => {
    const partition = new TestPartition()
    partition.ask(subscribe({ filters: ['#'] }))
    expect(partition.route({ topic: 'a', qos: 1 })[0]?.passing).toBe(false)
    expect(partition.route({ topic: 'a' })[0]?.passing).toBe(true)
  })
})
