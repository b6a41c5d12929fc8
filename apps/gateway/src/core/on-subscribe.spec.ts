// Feared: a SUBACK before all partitions have stored it, and a subscription that misses what came right behind it.
import { describe, expect, it } from 'vitest'
import { parseFilter } from '#libs/mqtt'
import type { Subscription } from '#libs/mqtt'
import { partitionOfGroup, partitionOfTopic } from '#libs/topics'
import { GatewayRig, publishPacket } from './testing/gateway-rig.js'

function subscribe(
  packetId: number,
  filters: readonly string[],
  given: Partial<Subscription> = {},
  id?: number,
) {
  const subscriptions = filters.map((text) => ({
    qos: 1 as const,
    noLocal: false,
    retainAsPublished: false,
    retainHandling: 0 as const,
    ...given,
    filter: parseFilter(text),
  }))
  const properties = id === undefined ? {} : { subscriptionIdentifiers: [id] }
  return { kind: 'subscribe', packetId, subscriptions, properties } as const
}

const subscribed = (connection: number, request: number, ...codes: readonly [number, number][]) =>
  ({
    kind: 'Subscribed',
    incarnation: 7,
    connection,
    request,
    codes: codes.map(([place, code]) => ({ place, code })),
  }) as const

describe('SUBSCRIBE', () => {
  it('goes to the partition of an exact filter, to all for wildcards, to the owner of a group', () => {
    const rig = new GatewayRig({ topicPartitions: 3, clientPartitions: 5 })
    const client = rig.connect(5)
    client.send(
      subscribe(1, ['a/b', '+/#', '$share/g/a/#'], { retainAsPublished: true, retainHandling: 1 }, 12),
    )
    const records = rig.endTurn()
    const plain = records.filter((one) => one.kind === 'Subscribe')
    expect(plain.map(({ partition }) => partition).sort()).toEqual([0, 1, 2])
    const wanted = { qos: 1, noLocal: false, retainAsPublished: true, retainHandling: 1 }
    for (const { partition, filters, subscriptionId } of plain) {
      const all = [{ place: 1, wanted: { ...wanted, filter: '+/#' } }]
      const exact = { place: 0, wanted: { ...wanted, filter: 'a/b' } }
      expect(filters).toEqual(partition === partitionOfTopic('a/b', 3) ? [exact, ...all] : all)
      expect(subscriptionId).toBe(12)
    }
    expect(records.find((one) => one.kind === 'JoinGroup')).toMatchObject({
      partition: partitionOfGroup('g', 'a/#', 5),
      share: 'g',
      place: 2,
      wanted: { filter: 'a/#' },
      limits: { protocolVersion: 5, receiveMaximum: 1000 },
    })
  })

  it('is answered when all partitions have stored it; the worst code of each filter counts', () => {
    const rig = new GatewayRig({ topicPartitions: 2 })
    const client = rig.connect(5)
    client.send(subscribe(9, ['#', 'x/+']))
    rig.endTurn()
    const request = rig.gateway.requests
    rig.inbox(subscribed(client.number, request, [0, 1], [1, 0x97]))
    rig.inbox(subscribed(client.number, request + 1, [0, 1]))
    expect(client.take()).toEqual([])
    rig.inbox(subscribed(client.number, request, [0, 1], [1, 1]))
    expect(client.take()).toEqual([{ kind: 'suback', packetId: 9, reasonCodes: [1, 0x97], properties: {} }])
  })

  it.each([
    ['not allowed', 'shut/a', {}, 0x87],
    ['not allowed behind a share', '$share/g/shut/a', {}, 0x87],
    ['wider than what is allowed', '#', {}, 0x87],
    ['wildcards where there are none', 'open/+', { wildcardsAvailable: false }, 0xa2],
    ['shared where nothing is', '$share/g/open/a', { sharedAvailable: false }, 0x9e],
    ['too deep', `open${'/a'.repeat(200)}`, {}, 0x8f],
    ['one too many', 'open/two', { subscriptionsMax: 1 }, 0x97],
  ] as const)('refuses a filter that is %s, and takes the others', (_why, filter, settings, code) => {
    const rig = new GatewayRig(settings)
    const client = rig.connect(5, {}, { permissions: { publish: undefined, subscribe: ['open/#'] } })
    client.send(subscribe(1, ['open/one', filter]))
    const [asked] = rig.endTurn()
    expect(asked?.kind === 'Subscribe' && asked.filters.length).toBe(1)
    rig.inbox(subscribed(client.number, rig.gateway.requests, [0, 1]))
    expect(client.take()).toMatchObject([{ kind: 'suback', reasonCodes: [1, code] }])
  })

  it('answers at once when every filter is refused, with 0x80 in 3.1.1', () => {
    const client = new GatewayRig().connect(4, {}, { permissions: { publish: undefined, subscribe: [] } })
    client.send(subscribe(1, ['a']))
    expect(client.take()).toMatchObject([{ kind: 'suback', reasonCodes: [0x80] }])
  })

  it('counts a filter once, however often it is subscribed, and forgets it with UNSUBSCRIBE', () => {
    const rig = new GatewayRig({ subscriptionsMax: 2 })
    const client = rig.connect(5)
    for (const filter of ['a', 'a', 'b']) client.send(subscribe(1, [filter]))
    rig.store(rig.endTurn())
    client.send({ kind: 'unsubscribe', packetId: 2, filters: [parseFilter('a')], properties: {} })
    client.send(subscribe(3, ['c']), subscribe(4, ['d']))
    rig.store(rig.endTurn())
    expect(client.take()).toEqual([])
    for (const request of [5, 4, 3, 2, 1]) rig.inbox(subscribed(client.number, request, [0, 0]))
    // In the order of the requests, whoever answered first.
    expect(client.take()).toMatchObject([
      { kind: 'suback', packetId: 1, reasonCodes: [0] },
      { kind: 'suback', packetId: 1, reasonCodes: [0] },
      { kind: 'suback', packetId: 1, reasonCodes: [0] },
      { kind: 'unsuback', packetId: 2, reasonCodes: [0] },
      { kind: 'suback', packetId: 3, reasonCodes: [0] },
      { kind: 'suback', packetId: 4, reasonCodes: [0x97] },
    ])
  })

  it('counts what a session that goes on was subscribed to before, when all who keep it have told', () => {
    const rig = new GatewayRig({ subscriptionsMax: 3, topicPartitions: 2, clientPartitions: 2 })
    const client = rig.connect(5, {}, { sessionPresent: true, kept: true })
    client.send(subscribe(1, ['a', 'new', '+/w']))
    const asked = rig.endTurn()
    expect(asked.map(({ kind, partition }) => [kind, partition])).toEqual([
      ['ListSubscriptions', 0],
      ['ListSubscriptions', 1],
      ['ListSubscriptions', 0],
      ['ListSubscriptions', 1],
    ])
    rig.store()
    const listed = (isLast: boolean, ...filters: readonly string[]): void => {
      const to = { incarnation: 7, connection: client.number }
      rig.inbox({ kind: 'SubscriptionsListed', ...to, filters, isLast })
    }
    listed(false, 'a')
    listed(true, '+/w')
    listed(true, '+/w')
    listed(true)
    expect(rig.endTurn()).toEqual([])
    listed(true, '$share/g/t')
    const filters = rig.endTurn().flatMap((record) => (record.kind === 'Subscribe' ? record.filters : []))
    expect(new Set(filters.map(({ wanted }) => wanted.filter))).toEqual(new Set(['a', '+/w']))
    rig.store()
    client.send(subscribe(2, ['$share/g/t']))
    expect(rig.endTurn().map(({ kind }) => kind)).toEqual(['JoinGroup'])
  })

  it('waits until what its connection published before is stored, and what comes behind it waits for SUBACK', () => {
    const rig = new GatewayRig()
    const client = rig.connect(5)
    client.send(publishPacket('t'), subscribe(1, ['t']), publishPacket('u'))
    expect(rig.endTurn()).toMatchObject([{ kind: 'message', topic: 't' }])
    rig.store()
    expect(rig.endTurn()).toMatchObject([{ kind: 'Subscribe' }])
    rig.inbox(subscribed(client.number, rig.gateway.requests, [0, 0]))
    expect(rig.endTurn()).toMatchObject([{ kind: 'message', topic: 'u' }])
  })

  it('takes a maximum QoS below what is asked', () => {
    const rig = new GatewayRig({ maximumQos: 0 })
    rig.connect(5).send(subscribe(1, ['t'], { qos: 2 }))
    expect(rig.endTurn()).toMatchObject([{ filters: [{ wanted: { qos: 0 } }] }])
  })

  it('asks for the next page of retained messages when the last one has left, with the options of its filter', () => {
    const rig = new GatewayRig()
    const client = rig.connect(5, { properties: { receiveMaximum: 1 } })
    client.send(subscribe(1, ['#'], { qos: 2 }, 33))
    rig.store(rig.endTurn())
    rig.run(
      [{ client, options: 1 }],
      [
        { topic: 'a', qos: 1 },
        { topic: 'b', qos: 1 },
      ],
    )
    const page = {
      kind: 'RetainedPageEnd',
      incarnation: 7,
      connection: client.number,
      partition: 0,
      filter: '#',
    } as const
    rig.inbox({ ...page, after: 'b' })
    expect(rig.endTurn()).toEqual([])
    client.send({ kind: 'puback', packetId: 1, reasonCode: 0, properties: {} })
    expect(rig.endTurn()).toMatchObject([
      { kind: 'NextRetained', filter: '#', after: 'b', qos: 2, subscriptionId: 33 },
    ])
    rig.inbox({ ...page, after: undefined })
    rig.inbox({ ...page, filter: 'gone', after: 'x' })
    expect(rig.endTurn()).toEqual([])
  })
})

describe('UNSUBSCRIBE', () => {
  const unsubscribe = (...filters: readonly string[]) =>
    ({ kind: 'unsubscribe', packetId: 5, filters: filters.map(parseFilter), properties: {} }) as const

  it('goes where the SUBSCRIBE went, and existed if it existed anywhere', () => {
    const rig = new GatewayRig({ topicPartitions: 2 })
    const client = rig.connect(5)
    client.send(unsubscribe('#', 'a', '$share/g/b'))
    const records = rig.endTurn()
    expect(records.filter(({ kind }) => kind === 'Unsubscribe').length).toBe(2)
    expect(records.filter(({ kind }) => kind === 'LeaveGroup')).toMatchObject([
      { share: 'g', filter: 'b', place: 2 },
    ])
    const request = rig.gateway.requests
    rig.inbox(subscribed(client.number, request, [2, 0]))
    rig.inbox(subscribed(client.number, request, [0, 0x11]))
    rig.inbox(subscribed(client.number, request, [0, 0], [1, 0x11]))
    expect(client.take()).toEqual([
      { kind: 'unsuback', packetId: 5, reasonCodes: [0, 0x11, 0], properties: {} },
    ])
  })
})
