// Fear: a few waiting messages keep whole batches of the inbox in memory; a batch that the log has lent is kept for longer than it is
// needed, or not for as long.
import { describe, expect, it } from 'vitest'
import { at, end, messages, offline, online, puback, run, to, type Append } from '../testing/appends.js'
import { DeliveryRig, payloads } from '../testing/delivery-rig.js'

describe('a message in memory', () => {
  it('does not hold on to a batch that is mostly done with', () => {
    const rig = new DeliveryRig()
    rig.take(online(1, at(1)), offline(1, at(1)), online(2, at(2)))
    rig.take(run([...messages(1, 100, to(2)), ...messages(101, 2, to(1))]))
    rig.take(puback(2, ...Array.from({ length: 100 }, (_, i) => i + 1)))
    const bytes = () => rig.state.queues.get(1)?.line.messageAt(0)?.bytes?.length ?? 0
    const before = bytes()
    rig.now += 2_000
    const outcome = { fact: () => undefined, value: () => never(), send: never, publish: never }
    rig.service.tick(rig.state, rig.now, outcome)
    expect(bytes()).toBeLessThan(before / 10)
    expect(payloads(rig.take(online(1, at(3))))).toEqual(['101', '102'])
  })

  /** Decides about a batch that is lent; answers how often it is kept. */
  function lend(rig: DeliveryRig, ...appends: readonly Append[]): () => number {
    let held = 0
    const lease = { keep: () => void held++, letGo: () => void held-- }
    rig.decide({ ...rig.append(...appends), lease })
    return () => held
  }

  it('keeps the batch that brought it until no session needs it', () => {
    const rig = new DeliveryRig()
    rig.take(online(1, at(1)), online(2, at(2)), offline(2, at(2)))
    const held = lend(rig, run([...messages(1, 2, to(1)), ...messages(3, 1, [...to(1), ...to(2)])]))
    rig.take(puback(1, 1, 2, 3))
    expect(held()).toBe(1)
    rig.take(online(2, at(3)))
    rig.take(puback(2, 1))
    expect(held()).toBe(0)
  })

  it('lets the batch go at once when nobody waits for anything in it', () => {
    const rig = new DeliveryRig()
    rig.take(online(1, at(1)))
    expect(lend(rig, run(messages(1, 3, to(1, 0))))()).toBe(0)
  })

  it('lets the batch go when the session ends, and when it was copied out of it', () => {
    const rig = new DeliveryRig()
    rig.take(online(1, at(1)), online(2, at(2)))
    const ended = lend(rig, run(messages(1, 3, to(1))))
    const copied = lend(rig, run([...messages(4, 1, to(2)), ...messages(5, 50, to(3))]))
    rig.take(end(1))
    expect(ended()).toBe(0)
    expect(copied()).toBe(1)
    rig.wait(60_000)
    expect(copied()).toBe(0)
  })
})

function never(): never {
  throw new Error('a tick sends nothing')
}
