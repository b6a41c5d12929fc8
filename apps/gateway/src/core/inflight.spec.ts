// Feared: one packet id for two messages.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AWAITS, Inflight, NO_NUMBER } from './inflight.js'

describe('Inflight', () => {
  it('never gives out a packet id that is under way, and remembers what belongs to each', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -1, max: 40 }), { maxLength: 600 }), (steps) => {
        const inflight = new Inflight()
        const model = new Map<number, number>()
        for (const [index, step] of steps.entries()) {
          if (step < 10) {
            const id = inflight.take(AWAITS.puback, index, index * 2)
            expect(id).toBeGreaterThan(0)
            expect(model.has(id)).toBe(false)
            model.set(id, index)
          } else {
            const id = [...model.keys()][step % Math.max(1, model.size)]
            if (id === undefined) continue
            inflight.release(id)
            model.delete(id)
          }
          expect(inflight.count).toBe(model.size)
        }
        for (const [id, number] of model) {
          expect([inflight.awaits(id), inflight.numberOf(id), inflight.groupOf(id)]).toEqual([
            AWAITS.puback,
            number,
            number * 2,
          ])
        }
      }),
    )
  })

  it('goes from 65,535 to 1, past what is still under way', () => {
    const inflight = new Inflight()
    for (let id = 1; id <= 65_535; id++) {
      expect(inflight.take(AWAITS.puback, NO_NUMBER, NO_NUMBER)).toBe(id)
      if (id > 2) inflight.release(id)
    }
    expect(inflight.take(AWAITS.pubrec, NO_NUMBER, NO_NUMBER)).toBe(3)
    expect(inflight.count).toBe(3)
  })

  it('knows nothing of ids that were never taken', () => {
    const inflight = new Inflight()
    inflight.put(17, AWAITS.pubrec, 5, NO_NUMBER)
    for (const id of [1, 33, 16, 65_535]) expect(inflight.awaits(id)).toBe(AWAITS.nothing)
    inflight.received(17)
    expect(inflight.awaits(17)).toBe(AWAITS.pubcomp)
  })

  it('takes a message that is sent again as the one that it is', () => {
    const inflight = new Inflight()
    inflight.put(9, AWAITS.puback, 8, NO_NUMBER)
    inflight.put(9, AWAITS.puback, 8, NO_NUMBER)
    expect(inflight.count).toBe(1)
  })
})
