// Fear: the inbox grows without end, or a message comes back from a fact that should have been forgotten.
import { describe, expect, it } from 'vitest'
import { at, end, messages, offline, online, puback, run, to } from '../testing/appends.js'
import { DeliveryRig, payloads } from '../testing/delivery-rig.js'
import { dump } from '../testing/dump.js'

const numbers = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => from + i)

const bytesOf = (rig: DeliveryRig): number => rig.inbox.reduce((sum, { bytes }) => sum + bytes.length, 0)

describe('the inbox', () => {
  it('is forgotten behind the base, however long messages wait', () => {
    const rig = new DeliveryRig({ inboxBytesMax: 20_000, limits: { queueLengthMax: 0 } })
    rig.take(online(1, at(1)), offline(1, at(1)), online(2, at(2)))
    for (let i = 0; i < 500; i++) {
      rig.take(run([...messages(i * 5, 2, to(1)), ...messages(i * 5 + 2, 3, to(2))]))
      rig.take(puback(2, ...numbers(i * 3 + 1, 3)))
      rig.trim()
      expect(bytesOf(rig)).toBeLessThan(40_000)
    }
    expect(dump(rig.rebuild())).toEqual(dump(rig.state))
    expect(rig.state.queues.get(1)?.line.length).toBe(1_000)
  })

  it('writes no message as a fact that is acknowledged in time', () => {
    const rig = new DeliveryRig({ inboxBytesMax: 20_000 })
    rig.take(online(1, at(1)))
    for (let i = 0; i < 500; i++) {
      rig.take(run(messages(i * 5, 5, to(1))))
      rig.take(puback(1, ...numbers(i * 5 + 1, 5)))
      rig.trim()
    }
    expect(bytesOf(rig)).toBeLessThan(40_000)
    // But for those that happened to be under way when a row was written.
    expect(rig.settings.counters.keptAsFacts).toBeLessThan(50)
  })

  it('leaves no fact of a message behind, also when a restart comes between the facts and their row', () => {
    const rig = new DeliveryRig({ inboxBytesMax: 2_000, limits: { queueLengthMax: 0 } })
    const births = numbers(1, 12)
    const everybody = births.map((id) => ({ id }))
    rig.take(...births.flatMap((birth) => [online(birth, at(birth)), offline(birth, at(birth))]))
    // More messages than one batch may write as facts: somebody has some of his, and no row.
    rig.take(run(messages(1, 200, everybody)))
    const birthsOf = (kind: string) =>
      new Set(
        [...rig.facts.keys()]
          .filter((key) => key.startsWith(kind))
          .map((key) => parseInt(key.slice(2, 4), 16)),
      )
    const rows = birthsOf('02')
    const between = [...birthsOf('03')].find((birth) => !rows.has(birth)) ?? 0
    expect(between).toBeGreaterThan(1)
    rig.restart()
    rig.take(online(between, at(20)))
    rig.take(puback(between, ...numbers(1, 150)))
    for (let i = 0; i < 300; i++) rig.take(online(1, at(30 + i)))
    expect(birthsOf('02').size).toBe(12)
    rig.trim()
    rig.restart()
    expect(rig.state.queues.get(between)?.line.length).toBe(50)
    rig.take(end(...births))
    expect([...rig.facts.keys()].filter((key) => key.startsWith('02') || key.startsWith('03'))).toEqual([])
  })

  it('is forgotten in time, also when nothing more comes and a message still waits', () => {
    const rig = new DeliveryRig()
    rig.take(online(1, at(1)), offline(1, at(1)), online(2, at(2)))
    rig.take(run(messages(1, 3, [{ id: 1 }, { id: 2 }])))
    rig.take(puback(2, 1, 2, 3))
    rig.wait(3 * rig.settings.moveMillis)
    rig.trim()
    expect(rig.inbox).toEqual([])
    expect(dump(rig.rebuild())).toEqual(dump(rig.state))
    expect(payloads(rig.take(online(1, at(3))))).toEqual(['1', '2', '3'])
    rig.take(puback(1, 1, 2, 3))
    rig.wait(3 * rig.settings.moveMillis)
    rig.trim()
    expect(rig.inbox).toEqual([])
    expect([...rig.facts.keys()].filter((key) => key.startsWith('03'))).toEqual([])
    // And then it is at rest.
    expect(rig.service.nextWake(rig.state)).toBeUndefined()
  })

  it('is replayed under the limits that held when it was written, not under those of today', () => {
    const before = new DeliveryRig({ limits: { queueLengthMax: 5 } })
    before.take(online(1, at(1)), offline(1, at(1)), run(messages(1, 10, to(1))))
    const after = new DeliveryRig({ limits: { queueLengthMax: 100 } })
    after.facts.clear()
    for (const [key, value] of before.facts) after.facts.set(key, value)
    after.inbox.push(...before.inbox)
    after.offset = after.position = before.offset
    after.restart()
    expect(after.state.queues.get(1)?.line.length).toBe(5)
    after.take(run(messages(11, 10, to(1))))
    expect(after.state.queues.get(1)?.line.length).toBe(15)
    expect(dump(after.rebuild())).toEqual(dump(after.state))
    expect(payloads(after.take(online(1, at(2))))[0]).toBe('6')
  })
})
