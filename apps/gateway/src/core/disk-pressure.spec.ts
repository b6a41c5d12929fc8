// Feared: a disk that fills up and takes more than it was told: what was acknowledged, or connections.
import { describe, expect, it } from 'vitest'
import { releaseHeld } from './disk-pressure.js'
import { GatewayRig, publishPacket } from './testing/gateway-rig.js'

describe('while the disk fills up', () => {
  it('drops QoS 0 and counts it, and still takes QoS 1', () => {
    const rig = new GatewayRig()
    const client = rig.connect(5)
    rig.gateway.pressure = 'dropQos0'
    client.send(publishPacket('a'), publishPacket('b', { qos: 1, packetId: 1 }))
    expect(rig.endTurn()).toMatchObject([{ kind: 'message', topic: 'b' }])
    expect(rig.counters.droppedDiskFull).toBe(1)
  })

  it('holds a publisher, losing and answering nothing, until there is room', () => {
    const rig = new GatewayRig()
    const client = rig.connect(5)
    rig.gateway.pressure = 'hold'
    client.send(publishPacket('a', { qos: 1, packetId: 1 }), publishPacket('b', { qos: 1, packetId: 2 }))
    expect(rig.endTurn()).toEqual([])
    expect(client.take()).toEqual([])
    rig.gateway.pressure = 'none'
    releaseHeld(rig.gateway.held)
    rig.store(rig.endTurn())
    expect(client.take()).toMatchObject([
      { kind: 'puback', packetId: 1 },
      { kind: 'puback', packetId: 2 },
    ])
  })
})
