// The bounded queue against an array, and when it is full.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BoundedQueue } from './bounded-queue.js'

describe('BoundedQueue', () => {
  it('behaves as an array with a maximum', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.array(fc.boolean(), { maxLength: 300 }),
        (maximum, steps) => {
          const queue = new BoundedQueue<number>({ name: 'test', maximum, whenFull: 'drop' })
          const model: number[] = []
          let refused = 0
          for (const [i, isOffer] of steps.entries()) {
            if (isOffer) {
              const isTaken = model.length < maximum
              expect(queue.offer(i)).toBe(isTaken ? 'taken' : 'drop')
              if (isTaken) model.push(i)
              else refused++
            } else expect(queue.take()).toBe(model.shift())
            expect(queue.length).toBe(model.length)
            expect(queue.peek()).toBe(model[0])
            expect(queue.at(model.length - 1)).toBe(model.at(-1))
          }
          expect(queue.refused).toBe(refused)
          expect(queue.isFull).toBe(model.length === maximum)
        },
      ),
    )
  })

  it('keeps the order when its ring grows around its seam', () => {
    const queue = new BoundedQueue<number>({ name: 'test', maximum: 100, whenFull: 'wait' })
    for (let i = 0; i < 5; i++) queue.offer(-1)
    for (let i = 0; i < 5; i++) queue.take()
    for (let i = 0; i < 100; i++) expect(queue.offer(i)).toBe('taken')
    expect(queue.offer(100)).toBe('wait')
    expect(Array.from({ length: 100 }, () => queue.take())).toEqual(Array.from({ length: 100 }, (_, i) => i))
  })

  it('says its policy when it is full, and forgets all when cleared', () => {
    const queue = new BoundedQueue<string>({ name: 'test', maximum: 1, whenFull: 'close' })
    expect([queue.offer('a'), queue.offer('b')]).toEqual(['taken', 'close'])
    queue.clear()
    expect(queue.length).toBe(0)
    expect(queue.take()).toBeUndefined()
    expect(queue.offer('c')).toBe('taken')
  })

  it('takes a million items through a ring of two without growing', () => {
    const queue = new BoundedQueue<number>({ name: 'test', maximum: 2, whenFull: 'wait' })
    let sum = 0
    for (let i = 0; i < 1_000_000; i++) {
      queue.offer(i)
      sum += queue.take() ?? 0
    }
    expect(sum).toBe(499999500000)
  })
})
