// Fear: what a kept member of a group was given is lost with its session, or comes to another member although it was acknowledged.
import { describe, expect, it } from 'vitest'
import { at, end, join, messages, offline, online, puback, record, run, toGroup } from '../testing/appends.js'
import { DeliveryRig, payloads } from '../testing/delivery-rig.js'

type Given = ConstructorParameters<typeof DeliveryRig>[0]

/** Sessions 1 and 2, kept, in a group, of which those in `there` are connected. */
function twoKept(there: readonly number[] = [1, 2], given: Given = {}): { rig: DeliveryRig; birth: number } {
  const rig = new DeliveryRig(given)
  for (const id of [1, 2]) rig.take(online(id, at(id)), join(id, at(id), { kept: true }))
  for (const id of [1, 2]) if (!there.includes(id)) rig.take(offline(id, at(id)))
  const birth = [...rig.state.groups.keys()][0] ?? 0
  rig.take(record({ kind: 'GroupStored', share: 's', filter: 't', birth, partition: 0 }))
  return { rig, birth }
}

const received = (rig: DeliveryRig, connection: number): string[] =>
  rig
    .messages()
    .filter((one) => one.connection === connection)
    .map(({ payload }) => payload)

const leave = (birth: number) =>
  record({
    kind: 'LeaveGroup',
    session: { clientId: `c${String(birth)}`, birth },
    address: at(birth),
    request: 8,
    place: 0,
    share: 's',
    filter: 't',
  })

describe('what a kept member of a group has in its queue', () => {
  it('goes to another one when its session ends: QoS 1, in order, as never sent; QoS 2 dies [MQTT-4.8.2-5]', () => {
    const { rig, birth } = twoKept([1])
    rig.take(run([...messages(1, 2, toGroup(birth)), ...messages(3, 1, toGroup(birth), 2)]))
    rig.take(run(messages(4, 1, toGroup(birth))))
    expect(received(rig, 1)).toEqual(['1', '2', '3', '4'])
    rig.take(online(2, at(3)), end(1))
    expect(rig.messages().slice(4)).toMatchObject(
      ['1', '2', '4'].map((payload, i) => ({ connection: 3, payload, packetId: i + 1, dup: false })),
    )
    expect(rig.settings.counters.droppedSessionEnded).toBe(1)
  })

  it('is with nobody else when it was acknowledged, also just before that', () => {
    const { rig, birth } = twoKept([1])
    rig.take(run(messages(1, 3, toGroup(birth))))
    rig.take(puback(1, 1))
    rig.take(puback(1, 3), online(2, at(3)), end(1))
    expect(received(rig, 3)).toEqual(['2'])
    rig.take(puback(2, 1))
    const group = rig.state.groups.get(birth)
    expect([group?.line.length, group?.owners.size, group?.lent]).toEqual([0, 0, 0])
  })

  it('stays with it while it is away, and is completed when it comes back', () => {
    const { rig, birth } = twoKept()
    rig.take(run(messages(1, 4, toGroup(birth))))
    rig.take(offline(1, at(1)))
    expect(received(rig, 2)).toEqual(['2', '4'])
    rig.take(online(1, at(3)))
    expect(received(rig, 3)).toEqual(['1', '3'])
    rig.take(puback(1, 1, 2))
    rig.take(end(1))
    expect(received(rig, 2)).toEqual(['2', '4'])
  })

  it('stays with it when it leaves the group [MQTT-3.10.4-3], and comes back when its session ends', () => {
    const { rig, birth } = twoKept()
    rig.take(run(messages(1, 4, toGroup(birth))))
    rig.take(leave(1))
    rig.take(puback(1, 1))
    expect(received(rig, 2)).toEqual(['2', '4'])
    rig.take(end(1))
    expect(received(rig, 2)).toEqual(['2', '4', '3'])
  })

  it('waits for the next one that is there', () => {
    const { rig, birth } = twoKept([1])
    rig.take(run(messages(1, 2, toGroup(birth))))
    rig.take(end(1))
    expect(received(rig, 2)).toEqual([])
    rig.take(online(2, at(3)))
    expect(received(rig, 3)).toEqual(['1', '2'])
  })

  it('is counted when nobody is left', () => {
    const { rig, birth } = twoKept([1])
    rig.take(run(messages(1, 2, toGroup(birth))))
    rig.take(leave(2), leave(1))
    rig.take(end(1))
    expect(rig.settings.counters.droppedNoMember).toBe(2)
  })

  it('goes to another one when it comes to a queue that is gone', () => {
    const rig = new DeliveryRig({ clientPartitions: 1000 })
    rig.take(join(1, at(1), { kept: true }), join(2, at(2)))
    const birth = [...rig.state.groups.keys()][0] ?? 0
    rig.take(run(messages(1, 2, toGroup(birth))))
    expect(rig.messages()).toMatchObject([
      { connection: 2, payload: '2' },
      { connection: 2, payload: '1' },
    ])
  })

  it('comes back also after a restart on facts alone, once', () => {
    const { rig, birth } = twoKept([1], { inboxBytesMax: 1_000 })
    rig.take(run(messages(1, 3, toGroup(birth))))
    rig.take(puback(1, 1))
    rig.take(offline(1, at(1)))
    rig.wait(60_000)
    rig.trim()
    rig.restart()
    rig.take(end(1))
    rig.restart()
    rig.take(online(2, at(3)))
    expect(received(rig, 3)).toEqual(['2', '3'])
    rig.restart()
    expect(payloads(rig.take(run(messages(4, 1, toGroup(birth)))))).toEqual(['4'])
  })

  it('is its own, the oldest first, when the group has no room for more; what ends with it then is counted', () => {
    const { rig, birth } = twoKept([1, 2], { limits: { queueLengthMax: 3 } })
    for (let offset = 1; offset <= 6; offset++) rig.take(run(messages(offset, 1, toGroup(birth))))
    expect(rig.state.groups.get(birth)?.line.length).toBe(3)
    expect([received(rig, 1), received(rig, 2)]).toEqual([
      ['1', '3', '5'],
      ['2', '4', '6'],
    ])
    rig.take(puback(2, 1))
    rig.take(end(1))
    expect(received(rig, 2)).toEqual(['2', '4', '6', '5'])
    expect(rig.settings.counters.droppedSessionEnded).toBe(2)
    expect(rig.settings.counters.droppedQueueFull).toBe(0)
  })
})
