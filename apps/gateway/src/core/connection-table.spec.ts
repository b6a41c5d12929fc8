// Feared: a record for a connection that is gone, and comes to another one that has its number.
import { describe, expect, it } from 'vitest'
import { GatewayRig } from './testing/gateway-rig.js'

describe('ConnectionTable', () => {
  it('never gives a number twice, and never finds a connection by the number of one that is gone', () => {
    const rig = new GatewayRig()
    const table = rig.gateway.connections
    const used = new Set<number>()
    for (let round = 0; round < 50; round++) {
      const clients = Array.from({ length: 60 }, () => rig.open())
      for (const { number, connection } of clients) {
        expect(used.has(number)).toBe(false)
        expect(number).toBeGreaterThan(0)
        used.add(number)
        expect(table.find(number)).toBe(connection)
      }
      expect(table.count).toBe(60)
      for (const { connection } of clients) table.remove(connection)
    }
    for (const number of used) expect(table.find(number)).toBeUndefined()
    expect(table.count).toBe(0)
    for (const number of [0, 1, 2 ** 40, -1]) expect(table.find(number)).toBeUndefined()
  })
})
