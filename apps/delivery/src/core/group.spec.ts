// Fear: a message of a group goes to nobody, to two members, or to the wrong one.
import { droppedStep, goneStep, groupStep, pubackStep } from '#libs/topics'
import { describe, expect, it } from 'vitest'
import {
  answers,
  at,
  end,
  join,
  messages,
  offline,
  online,
  record,
  run,
  toGroup,
} from '../testing/appends.js'
import { DeliveryRig, payloads } from '../testing/delivery-rig.js'
import { dump } from '../testing/dump.js'

describe('a group', () => {
  const rigWithGroup = (
    members: readonly Parameters<typeof join>[],
    limits: ConstructorParameters<typeof DeliveryRig>[0] = {},
  ) => {
    const rig = new DeliveryRig(limits)
    for (const member of members) rig.take(join(...member))
    const birth = [...rig.state.groups.keys()][0] ?? 0
    rig.take(record({ kind: 'GroupStored', share: 's', filter: 't', birth, partition: 0 }))
    return { rig, birth }
  }

  it('answers SUBSCRIBE when every matcher concerned knows it', () => {
    const rig = new DeliveryRig({ topicPartitions: 3 })
    const sent = rig.take(join(1, at(1), { filter: 'a/+' }))
    expect(sent).toMatchObject(
      [0, 1, 2].map((partition) => ({ kind: 'AddGroup', partition, filter: 'a/+', owner: 0 })),
    )
    const birth = [...rig.state.groups.keys()][0] ?? 0
    const stored = (partition: number) =>
      rig.take(record({ kind: 'GroupStored', share: 's', filter: 'a/+', birth, partition }))
    expect([...stored(0), ...stored(2)]).toEqual([])
    expect(stored(1)).toMatchObject([
      { kind: 'Subscribed', connection: 1, request: 7, codes: [{ place: 0, code: 2 }] },
    ])
    expect(rig.take(join(2, at(2), { filter: 'a/+', qos: 1 }))).toMatchObject([
      { kind: 'Subscribed', connection: 2, codes: [{ code: 1 }] },
    ])
  })

  it('gives its messages to transient members in turn, tagged, at the lower QoS', () => {
    const { rig, birth } = rigWithGroup([
      [1, at(1)],
      [2, at(2), { qos: 0 }],
    ])
    expect(rig.take(run(messages(1, 4, toGroup(birth), 2)))).toMatchObject([
      { connection: 1, number: 1, qos: 2, group: birth, packetId: 0 },
      { connection: 2, number: 2, qos: 0, group: birth },
      { connection: 1, number: 3, qos: 2 },
      { connection: 2, number: 4, qos: 0 },
    ])
  })

  it('hands messages to the queues of kept members, and prefers members that are there', () => {
    const { rig, birth } = rigWithGroup([
      [1, at(1), { kept: true }],
      [2, at(2), { kept: true }],
    ])
    rig.take(online(1, at(1)), online(2, at(2)))
    rig.take(run(messages(1, 2, toGroup(birth))))
    expect(rig.messages()).toMatchObject([
      { connection: 1, payload: '1', group: 0, packetId: 1 },
      { connection: 2, payload: '2', group: 0, packetId: 1 },
    ])
    rig.take(offline(1, at(1)))
    rig.take(run(messages(3, 2, toGroup(birth))))
    expect(rig.messages().slice(2)).toMatchObject([
      { connection: 2, payload: '3' },
      { connection: 2, payload: '4' },
    ])
  })

  it('gives what comes while nobody is there to the first member that is, but for QoS 0', () => {
    const { rig, birth } = rigWithGroup([
      [1, at(1), { kept: true }],
      [2, at(2), { kept: true }],
    ])
    rig.take(online(1, at(1)), online(2, at(2)))
    rig.take(offline(1, at(1)), offline(2, at(2)))
    rig.take(run([...messages(1, 1, toGroup(birth), 0), ...messages(2, 3, toGroup(birth), 1)]))
    expect([rig.state.queues.get(1)?.line.length, rig.state.queues.get(2)?.line.length]).toEqual([0, 0])
    expect(rig.settings.counters.droppedOffline).toBe(1)
    rig.take(online(2, at(3)))
    expect(rig.messages()).toMatchObject(['2', '3', '4'].map((payload) => ({ connection: 3, payload })))
  })

  it('tells a gateway in which groups a session is a member', () => {
    const { rig } = rigWithGroup([
      [1, at(1), { kept: true }],
      [1, at(1), { kept: true, share: 'other', filter: '#' }],
    ])
    const list = (birth: number) =>
      rig.take(record({ kind: 'ListSubscriptions', session: { clientId: 'c1', birth }, address: at(5) }))
    const told = { kind: 'SubscriptionsListed', to: 'g', incarnation: 1, connection: 5, isLast: true }
    expect(list(1)).toMatchObject([{ ...told, filters: ['$share/s/t', '$share/other/#'] }])
    expect(list(2)).toMatchObject([{ ...told, filters: [] }])
  })

  it('hears of the coming and going of members whose queues are elsewhere', () => {
    const { rig, birth } = rigWithGroup(
      [
        [1, at(1), { kept: true }],
        [2, at(2)],
      ],
      { clientPartitions: 1000 },
    )
    rig.take(online(1, at(1)))
    expect(rig.state.queues.size).toBe(0)
    rig.take(offline(1, at(1)))
    rig.take(run(messages(1, 2, toGroup(birth))))
    expect(rig.messages()).toMatchObject([{ connection: 2 }, { connection: 2 }])
  })

  it('passes over members without room, and lets messages wait when nobody has any', () => {
    const { rig, birth } = rigWithGroup([
      [1, at(1), { receiveMaximum: 1 }],
      [2, at(2), { receiveMaximum: 2 }],
    ])
    expect(rig.take(run(messages(1, 5, toGroup(birth)))).map((one) => one['connection'])).toEqual([1, 2, 2])
    expect(rig.take(answers([{ step: pubackStep + groupStep, id: birth, number: 2 }]))).toMatchObject([
      { connection: 2, payload: '4' },
    ])
  })

  it('gives QoS 1 of a member that goes to another one, first and in order; QoS 2 dies with its session', () => {
    const { rig, birth } = rigWithGroup([
      [1, at(1)],
      [2, at(2), { receiveMaximum: 1 }],
    ])
    rig.take(run([...messages(1, 1, toGroup(birth), 1), ...messages(2, 1, toGroup(birth), 1)]))
    rig.take(run([...messages(3, 1, toGroup(birth), 2), ...messages(4, 1, toGroup(birth), 1)]))
    expect(rig.messages().map(({ connection }) => connection)).toEqual([1, 2, 1, 1])
    expect(rig.take(end(1))).toEqual([])
    rig.take(run(messages(5, 1, toGroup(birth), 1)))
    const acknowledge = (number: number) =>
      payloads(rig.take(answers([{ step: pubackStep + groupStep, id: birth, number }])))
    expect(acknowledge(2)).toEqual(['1'])
    expect(acknowledge(1)).toEqual(['4'])
    expect(acknowledge(4)).toEqual(['5'])
  })

  it('takes back what was never written to a socket, whatever its QoS', () => {
    const { rig, birth } = rigWithGroup([
      [1, at(1)],
      [2, at(2)],
    ])
    rig.take(run(messages(1, 1, toGroup(birth), 2)))
    expect(rig.take(answers([{ step: goneStep + groupStep, id: birth, number: 1 }]))).toMatchObject([
      { connection: 2, payload: '1', qos: 2, dup: false },
    ])
  })

  it('does not count what the gateway dropped as acknowledged', () => {
    const { rig, birth } = rigWithGroup([[1, at(1)]])
    rig.take(run(messages(1, 3, toGroup(birth), 1)))
    rig.take(
      answers([
        { step: droppedStep + groupStep, id: birth, number: 1, reasonCode: 0x95 },
        { step: droppedStep + groupStep, id: birth, number: 2 },
        { step: pubackStep + groupStep, id: birth, number: 3 },
      ]),
    )
    expect(rig.settings.counters).toMatchObject({ droppedTooLarge: 1, droppedExpired: 1, acknowledged: 1 })
  })

  it('sends nothing again after a restore: a member would take it for another message', () => {
    const { rig, birth } = rigWithGroup([
      [1, at(1)],
      [2, at(2)],
    ])
    rig.take(run(messages(1, 3, toGroup(birth))))
    rig.take(answers([{ step: pubackStep + groupStep, id: birth, number: 2 }]))
    rig.position = rig.offset
    const from = rig.sent.length
    rig.restart()
    expect(rig.sent.slice(from)).toEqual([])
  })

  it('ends with its last member; a younger one of the name is another', () => {
    const { rig, birth } = rigWithGroup([[1, at(1)]])
    const leave = record({
      kind: 'LeaveGroup',
      session: { clientId: 'c1', birth: 1 },
      address: at(1),
      request: 8,
      place: 2,
      share: 's',
      filter: 't',
    })
    expect(rig.take(leave)).toMatchObject([
      { kind: 'Subscribed', request: 8, codes: [{ place: 2, code: 0 }] },
      { kind: 'RemoveGroup', birth },
    ])
    expect(rig.take(leave)).toMatchObject([{ kind: 'Subscribed', codes: [{ code: 0x11 }] }])
    expect(rig.take(join(1, at(1)))).toMatchObject([{ kind: 'AddGroup' }])
    expect([...rig.state.groups.keys()]).not.toContain(birth)
    expect(rig.state.memberships.size).toBe(1)
  })

  it('keeps its member when an older session of the same client joins late, and ends', () => {
    const { rig, birth } = rigWithGroup([[2, at(2), { clientId: 'c1' }]])
    expect(rig.take(join(1, at(1)), end(1))).toEqual([])
    expect(rig.take(run(messages(1, 1, toGroup(birth))))).toMatchObject([{ connection: 2 }])
  })

  it('changes a member that subscribes again, in its place', () => {
    const { rig, birth } = rigWithGroup([
      [1, at(1)],
      [2, at(2)],
      [1, at(1), { qos: 0 }],
    ])
    expect(rig.take(run(messages(1, 2, toGroup(birth))))).toMatchObject([
      { connection: 1, qos: 0 },
      { connection: 2, qos: 1 },
    ])
  })

  it.each([
    ['sticky', [1, 1, 1, 1]],
    ['leastInFlight', [1, 2, 1, 2]],
    ['roundRobin', [1, 2, 1, 2]],
  ] as const)('chooses by %s', (groupStrategy, expected) => {
    const { rig, birth } = rigWithGroup(
      [
        [1, at(1)],
        [2, at(2)],
      ],
      { limits: { groupStrategy } },
    )
    const sent = rig.take(run(messages(1, 4, toGroup(birth))))
    expect(sent.map((one) => one['connection'])).toEqual(expected)
  })

  it.each([
    ['hashTopic', 'topic'],
    ['hashClient', 'publisher'],
  ] as const)('by %s keeps what one %s brings with one member', (groupStrategy, key) => {
    const { rig, birth } = rigWithGroup(
      [
        [1, at(1)],
        [2, at(2)],
        [3, at(3)],
      ],
      { limits: { groupStrategy } },
    )
    const all = Array.from({ length: 60 }, (_, i) => ({
      offset: i,
      topic: `t/${String(i % 20)}`,
      publisher: i % 7,
      to: toGroup(birth),
    }))
    rig.take(run(all.slice(0, 30)))
    rig.restart()
    rig.take(run(all.slice(30)))
    const members = new Map<unknown, Set<number>>()
    for (const { payload, connection } of rig.messages()) {
      const by = all[Number(payload)]?.[key]
      members.set(by, (members.get(by) ?? new Set()).add(connection))
    }
    expect([...members.values()].every((set) => set.size === 1)).toBe(true)
    expect(new Set(rig.messages().map(({ connection }) => connection)).size).toBe(3)
  })

  it('knows who published what waits, also when that has become facts', () => {
    const { rig, birth } = rigWithGroup([[1, at(1), { kept: true }]], {
      inboxBytesMax: 1_000,
      limits: { groupStrategy: 'hashClient' },
    })
    rig.take(join(2, at(2), { receiveMaximum: 1 }))
    const all = Array.from({ length: 9 }, (_, i) => ({ offset: i, publisher: 1, to: toGroup(birth) }))
    rig.take(run(all))
    expect(rig.messages()).toMatchObject([{ connection: 2, payload: '0' }])
    rig.wait(60_000)
    rig.trim()
    rig.restart()
    rig.take(answers([{ step: pubackStep + groupStep, id: birth, number: 1 }]))
    expect(rig.messages().slice(1)).toMatchObject([{ connection: 2, payload: '1' }])
  })

  describe('a connection whose kept session has another one', () => {
    const leave = (birth: number, connection: number) =>
      record({
        kind: 'LeaveGroup',
        session: { clientId: `c${String(birth)}`, birth },
        address: at(connection),
        request: 1,
        place: 0,
        share: 's',
        filter: 't',
      })
    const tell = (isOver: boolean) => record({ kind: 'TellDisplaced', addresses: [at(1)], isOver })
    const stays = join(9, at(9), { kept: true })

    it('neither joins nor leaves for it, and nobody answers', () => {
      const { rig } = rigWithGroup([[1, at(1), { kept: true }]])
      rig.take(tell(false))
      expect(rig.take(leave(1, 1))).toEqual([])
      const members = () => [...rig.state.groups.values()].map((group) => group.members.length)
      expect(members()).toEqual([1])
      rig.take(stays, leave(1, 2))
      expect(rig.take(join(1, at(1), { kept: true }))).toEqual([])
      expect(members()).toEqual([1])
    })

    it('is told to all matchers and group owners before what is passed on behind it', () => {
      const rig = new DeliveryRig({ topicPartitions: 2 })
      const passed = record({ kind: 'PassOn', gateway: 'g', record: new Uint8Array([2, 1, 1, 0x8e, 0]) })
      const sent = rig.take(
        tell(false),
        record({ kind: 'TellDisplaced', addresses: [at(2)], isOver: false }),
        passed,
      )
      const told = { kind: 'ConnectionsDisplaced', addresses: [at(1), at(2)], isOver: false }
      // What goes to gateways goes out when the rest of its commit has arrived.
      expect(sent.filter(({ kind }) => kind === 'ConnectionsDisplaced')).toMatchObject([
        { ...told, to: 'subscription', partition: 0 },
        { ...told, to: 'subscription', partition: 1 },
        { ...told, to: 'delivery', partition: 0 },
      ])
    })

    it('had done what it did before, in a replay, too; and is forgotten when that is no longer needed', () => {
      const { rig } = rigWithGroup([[9, at(9), { kept: true }]])
      rig.take(join(1, at(1), { kept: true }))
      rig.take(tell(false))
      rig.take(leave(1, 1))
      expect(dump(rig.rebuild())).toEqual(dump(rig.state))
      rig.take(tell(true))
      expect(dump(rig.rebuild())).toEqual(dump(rig.state))
      expect(rig.state.displaced.size).toBe(1)
      rig.wait(200_000)
      expect(rig.state.displaced.size).toBe(0)
      rig.trim()
      expect(dump(rig.rebuild())).toEqual(dump(rig.state))
    })
  })

  it('chooses at random, but alike in a replay', () => {
    const { rig, birth } = rigWithGroup(
      [
        [1, at(1)],
        [2, at(2)],
      ],
      { limits: { groupStrategy: 'random' } },
    )
    rig.take(run(messages(1, 100, toGroup(birth))))
    const first = rig.messages().filter(({ connection }) => connection === 1).length
    expect(first).toBeGreaterThan(20)
    expect(first).toBeLessThan(80)
  })
})
