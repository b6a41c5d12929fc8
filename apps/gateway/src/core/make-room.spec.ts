// Feared: memory without a bound because each of many connections stays within its own; or that those who hold little pay for it.
import { describe, expect, it } from 'vitest'
import { makeRoom } from './make-room.js'
import { WaitingPacket } from './waiting.js'
import { GatewayRig, type RigClient } from './testing/gateway-rig.js'

const connected = (rig: GatewayRig, held: readonly number[]): RigClient[] =>
  held.map((bytes) => {
    const client = rig.connect(5)
    client.held = bytes
    client.connection.weigh()
    return client
  })

const packet = new WaitingPacket()

const isEnded = ({ connection }: RigClient): boolean => !connection.isReading

describe('the memory of all connections', () => {
  it("is nobody's concern up to the limit", () => {
    const rig = new GatewayRig({ connectionMemoryMax: 800 })
    const clients = connected(rig, [700, 50, 50])
    makeRoom(rig.gateway)
    expect(clients.map(isEnded)).toEqual([false, false, false])
  })

  it('is taken from those who hold most of it, until an eighth of it is free', () => {
    const rig = new GatewayRig({ connectionMemoryMax: 800 })
    const clients = connected(rig, [10, 300, 20, 250, 240, 0])
    makeRoom(rig.gateway)
    expect(clients.map(isEnded)).toEqual([false, true, false, false, false, false])
    expect(clients[1]?.take()).toMatchObject([{ kind: 'disconnect', reasonCode: 0x97 }])
    const { counters } = rig.gateway
    expect(counters.connectionMemory).toBe(520)
    expect(counters.connectionMemoryEnded).toBe(1)
    const [, , , second] = clients
    if (second !== undefined) second.held = 600
    second?.connection.weigh()
    makeRoom(rig.gateway)
    expect(clients.map(isEnded)).toEqual([false, true, false, true, false, false])
  })

  it('is looked at anew before anybody pays: sockets may have taken what they were given', () => {
    const rig = new GatewayRig({ connectionMemoryMax: 800 })
    const clients = connected(rig, [500, 500])
    for (const client of clients) client.held = 100
    makeRoom(rig.gateway)
    expect(clients.map(isEnded)).toEqual([false, false])
    expect(rig.gateway.counters.connectionMemory).toBe(200)
  })

  it('holds messages that wait for a window, and no longer than their connection lives', () => {
    const rig = new GatewayRig({ connectionMemoryMax: 100_000 })
    const client = rig.connect(5)
    client.connection.useWaiting().push(new Uint8Array(50_000), 0, 50_000, packet)
    client.connection.weigh()
    expect(rig.gateway.counters.connectionMemory).toBeGreaterThanOrEqual(50_000)
    client.connection.socketClosed()
    client.connection.weigh()
    expect(rig.gateway.counters.connectionMemory).toBe(0)
  })
})
