// Fear: a few waiting messages keep whole batches of the inbox in memory.
import { describe, expect, it } from 'vitest'
import { at, messages, offline, online, puback, run, to } from '../testing/appends.js'
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
})

function never(): never {
  throw new Error('a tick sends nothing')
}
