// Feared: looking at files that goes on when the listeners are closed.
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Lines } from '../testing/echo-reception.js'
import { Certificates } from './certificates.js'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

it('plans no other look when it is closed in the midst of one', async () => {
  const files = { certificate: 'none', key: 'none', clientCa: undefined, areRequired: false, lookMillis: 10 }
  const certificates = new Certificates({ files, logger: new Lines() })
  await certificates.open()
  certificates.watch(() => undefined)
  expect(vi.getTimerCount()).toBe(1)
  vi.advanceTimersByTime(10)
  certificates.close()
  // Each looks at the same files: the look that was under way is through long before.
  for (let look = 0; look < 10; look++) await certificates.open()
  expect(vi.getTimerCount()).toBe(0)
})
