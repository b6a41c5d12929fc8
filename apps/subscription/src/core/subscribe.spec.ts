// Fears: an answer without its fact, options that do not change, a subscription that outlives its session.
import { describe, expect, it } from 'vitest'
import type { SubscriptionRecord } from '#libs/topics'
import {
  addressOf,
  endSessions,
  received,
  subscribe,
  TestPartition,
  unsubscribe,
} from './testing/partition.js'

const GATEWAY = 'tbmq.gateway.g.inbox'

describe('SUBSCRIBE', () => {
  it('stores each filter and answers with the granted QoS by place', () => {
    const partition = new TestPartition()
    const sent = partition.ask(
      subscribe({
        request: 12,
        connection: 3,
        filters: [
          { filter: 'a', qos: 2 },
          { filter: '+', qos: 0, noLocal: true },
        ],
        subscriptionId: 9,
      }),
    )
    expect(partition.facts).toMatchObject([
      {
        kind: 'SubscriptionStored',
        row: {
          clientId: 'c',
          birth: 1,
          filter: 'a',
          qos: 2,
          subscriptionId: 9,
          address: addressOf(3),
          fromOffset: 0,
        },
      },
      { kind: 'SubscriptionStored', row: { filter: '+', qos: 0, noLocal: true } },
    ])
    const codes = [
      { place: 0, code: 2 },
      { place: 1, code: 0 },
    ]
    const record = { kind: 'Subscribed', incarnation: 7, connection: 3, request: 12, codes }
    expect(sent).toEqual([{ to: GATEWAY, record, received: [] }])
  })

  it('[MQTT-3.8.4-3] replaces the options of a filter and keeps the offset from which it applies', () => {
    const partition = new TestPartition()
    partition.route({ topic: 'x' }, { topic: 'x' })
    partition.ask(subscribe({ filters: [{ filter: 'a', qos: 0 }] }))
    partition.route({ topic: 'x' })
    partition.ask(subscribe({ filters: [{ filter: 'a', qos: 2 }], subscriptionId: 4 }))
    expect(partition.facts).toMatchObject([{ row: { qos: 2, subscriptionId: 4, fromOffset: 2 } }])
    expect(partition.route({ topic: 'a' })[0]?.received).toMatchObject([{ id: 1, options: 2 | 8, ids: [4] }])
  })

  it('needs no fact for a subscription that is there as it is', () => {
    const partition = new TestPartition()
    partition.ask(subscribe({ kept: true, filters: ['a'] }))
    const sent = partition.ask(subscribe({ kept: true, connection: 2, filters: ['a'] }))
    expect(partition.facts).toEqual([])
    expect(sent[0]?.record).toMatchObject({ kind: 'Subscribed', connection: 2 })
  })

  it('sweeps an older session of the client, and ignores requests of one', () => {
    const partition = new TestPartition()
    partition.ask(subscribe({ birth: 5, connection: 1, filters: ['a', 'b/#'] }))
    partition.ask(subscribe({ birth: 6, connection: 2, filters: ['a'] }))
    expect(partition.facts.map(({ kind }) => kind)).toEqual([
      'SubscriptionRemoved',
      'SubscriptionRemoved',
      'SubscriptionStored',
    ])
    const late: SubscriptionRecord[] = [
      subscribe({ birth: 5, filters: ['c'] }),
      unsubscribe({ birth: 5, filters: ['a'] }),
      endSessions({ clientId: 'c', birth: 5 }),
    ]
    expect(partition.ask(...late)).toEqual([])
    expect(partition.facts).toEqual([])
    expect(received(partition.route({ topic: 'a' }, { topic: 'b' }, { topic: 'c' }))).toEqual(['2:a:x'])
  })

  it('routes to the new life of a gateway when a client comes back there', () => {
    const partition = new TestPartition()
    const again = subscribe({ birth: 2, filters: ['a'] })
    partition.ask(subscribe({ filters: ['a'] }))
    partition.route({ topic: 'a' })
    const address = { gateway: 'g', incarnation: 8, connection: 1 }
    partition.ask(again.kind === 'Subscribe' ? { ...again, address } : again)
    expect(partition.state.targets.ofGateway(address).clients).toBe(1)
    expect(partition.state.targets.ofGateway({ ...address, incarnation: 7 }).clients).toBe(0)
    expect(received(partition.route({ topic: 'a' }))).toEqual(['1:a:x'])
  })
})

describe('UNSUBSCRIBE', () => {
  it('removes what is there and says 0x11 where nothing was', () => {
    const partition = new TestPartition()
    partition.ask(subscribe({ filters: ['a'] }))
    const [sent] = partition.ask(unsubscribe({ request: 2, filters: ['a', 'b', 'a'] }))
    expect(partition.facts).toEqual([{ kind: 'SubscriptionRemoved', clientId: 'c', filter: 'a' }])
    const codes = [
      { place: 0, code: 0 },
      { place: 1, code: 0x11 },
      { place: 2, code: 0x11 },
    ]
    expect(sent?.record).toMatchObject({ kind: 'Subscribed', request: 2, codes })
    expect(partition.state.clients.size + partition.state.exact.size).toBe(0)
  })
})

describe('a connection whose kept session has another one', () => {
  const ask = (connection: number, filter: string): SubscriptionRecord =>
    subscribe({ connection, kept: true, birth: 5, filters: [filter] })
  const displaced = (isOver: boolean): SubscriptionRecord => ({
    kind: 'ConnectionsDisplaced',
    addresses: [addressOf(1)],
    isOver,
  })

  it('neither undoes nor brings back anything, also after a restore', () => {
    const partition = new TestPartition()
    partition.ask(ask(1, 'a'), displaced(false), ask(2, 'b'))
    partition.ask(unsubscribe({ connection: 2, birth: 5, filters: ['a'] }))
    partition.restore()
    const late = [ask(1, 'a'), unsubscribe({ birth: 5, filters: ['b'] })]
    expect(partition.ask(...late)).toEqual([])
    expect(partition.facts).toEqual([])
    expect(received(partition.route({ topic: 'a' }, { topic: 'b' }))).toEqual(['5:b:x'])
  })

  it('is forgotten when nothing of it comes any more', () => {
    const partition = new TestPartition()
    partition.ask(displaced(false), displaced(false))
    expect(partition.facts).toHaveLength(1)
    partition.ask(displaced(true), displaced(true))
    expect(partition.facts).toEqual([{ kind: 'DisplacedForgotten', address: addressOf(1) }])
    partition.restore()
    expect(partition.state.displaced.size).toBe(0)
  })
})

describe('a list of subscriptions', () => {
  const list = (birth: number): SubscriptionRecord => ({
    kind: 'ListSubscriptions',
    address: addressOf(3),
    session: { clientId: 'c', birth },
  })
  const told = (filters: readonly string[], isLast = true): unknown => ({
    to: GATEWAY,
    record: { kind: 'SubscriptionsListed', incarnation: 7, connection: 3, filters, isLast },
    received: [],
  })

  it('has the filters of this session, not of an older or a younger one', () => {
    const partition = new TestPartition()
    partition.ask(subscribe({ birth: 5, kept: true, filters: ['a', '+/b'] }))
    partition.restore()
    expect(partition.ask(list(5))).toEqual([told(['a', '+/b'])])
    expect(partition.ask(list(4))).toEqual([told([])])
    expect(partition.ask(list(6))).toEqual([told([])])
    expect(partition.facts).toEqual([])
  })

  it('of long filters is told in several records', () => {
    const partition = new TestPartition()
    const filters = ['a', 'b', 'c'].map((letter) => letter.repeat(40_000))
    partition.ask(subscribe({ kept: true, filters }))
    expect(partition.ask(list(1))).toEqual([told(filters.slice(0, 2), false), told(filters.slice(2))])
  })
})

describe('groups', () => {
  const add = (birth: number, share = 's'): SubscriptionRecord => ({
    kind: 'AddGroup',
    share,
    filter: 'a/+',
    birth,
    owner: 0,
    replyTo: 0,
  })
  const remove = (birth: number): SubscriptionRecord => ({
    kind: 'RemoveGroup',
    share: 's',
    filter: 'a/+',
    birth,
  })

  it('answers the owner after the fact, and routes to it beside plain subscriptions', () => {
    const partition = new TestPartition()
    partition.ask(subscribe({ kept: true, birth: 30, filters: ['a/b'] }))
    const sent = partition.ask(add(4), add(5, 't'))
    expect(partition.facts.map(({ kind }) => kind)).toEqual(['GroupStored', 'GroupStored'])
    expect(sent[0]).toMatchObject({
      to: 'tbmq.delivery.inbox/0',
      record: { kind: 'GroupStored', birth: 4, partition: 0 },
    })
    const [run] = partition.route({ topic: 'a/b' })
    const got = run?.received.map(({ id, options }) => [id, (options & 0x10) !== 0])
    expect(got).toEqual([
      [30, false],
      [4, true],
      [5, true],
    ])
  })

  it('answers a repeated request, and ignores older births', () => {
    const partition = new TestPartition()
    partition.ask(add(4))
    expect(partition.ask(add(4))).toHaveLength(1)
    expect(partition.facts).toEqual([])
    expect(partition.ask(add(3), remove(3))).toEqual([])
    partition.ask(add(9))
    partition.ask(remove(4))
    expect(received(partition.route({ topic: 'a/b' }))).toEqual(['9:a/b:x'])
    partition.ask(remove(9))
    expect(received(partition.route({ topic: 'a/b' }))).toEqual([])
  })
})
