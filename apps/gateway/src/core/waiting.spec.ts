// Feared: packets that wait and come out in another order, or never.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { WaitingPacket, WaitingQueue } from './waiting.js'

const packetOf = (number: number) =>
  Object.assign(new WaitingPacket(), { number, qos: number % 3, topic: number % 64 })

describe('WaitingQueue', () => {
  it('gives back what was put in, in order, however it grows and wraps', () => {
    const step = fc.oneof(fc.integer({ min: 0, max: 700 }), fc.constant('shift' as const))
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const queue = new WaitingQueue()
        const model: { number: number; bytes: number[] }[] = []
        const read = new WaitingPacket()
        for (const [number, one] of steps.entries()) {
          if (one === 'shift') {
            const first = model.shift()
            if (first === undefined) continue
            queue.peek(read)
            expect([read.number, read.qos, queue.qos]).toEqual([
              first.number,
              first.number % 3,
              first.number % 3,
            ])
            expect([...queue.bytes.subarray(queue.from, queue.from + queue.size)]).toEqual(first.bytes)
            queue.shift()
          } else {
            const bytes = Uint8Array.from({ length: one }, (_, at) => at ^ number)
            queue.push(bytes, 0, one, packetOf(number))
            model.push({ number, bytes: [...bytes] })
          }
          expect(queue.length).toBe(model.length)
          expect(queue.byteLength).toBe(model.reduce((sum, { bytes }) => sum + bytes.length, 0))
          expect(queue.hasTopic(5)).toBe(model.some(({ number: n }) => n % 64 === 5))
        }
      }),
    )
  })

  it('does not keep growing when packets come and go', () => {
    const queue = new WaitingQueue()
    const bytes = new Uint8Array(100)
    for (let i = 0; i < 50; i++) queue.push(bytes, 0, 100, packetOf(i))
    for (let i = 0; i < 10_000; i++) {
      queue.push(bytes, 0, 100, packetOf(i))
      queue.shift()
    }
    expect(queue.bytes.length).toBeLessThanOrEqual(32_768)
  })
})
