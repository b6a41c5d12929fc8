// Feared: a window that stays shut, or that a stray PUBACK opens.
import { describe, expect, it } from 'vitest'
import { groupOption, writeGroupReceiver, writeKeptReceiver } from '#libs/topics'
import { GatewayRig } from './testing/gateway-rig.js'
import type { RigClient } from './testing/gateway-rig.js'

const idsOf = (client: RigClient) => client.take().map((one) => one.kind === 'publish' && one.packetId)

describe('PUBACK', () => {
  it('opens the window for what waits, in order', () => {
    const rig = new GatewayRig()
    const client = rig.connect(5, { properties: { receiveMaximum: 2 } })
    rig.run(
      [{ client, options: 1 }],
      [1, 2, 3, 4].map((n) => ({ topic: 't', payload: String(n), qos: 1 })),
    )
    expect(idsOf(client)).toEqual([1, 2])
    client.send({ kind: 'puback', packetId: 2, reasonCode: 0, properties: {} })
    expect(idsOf(client)).toEqual([3])
    client.send({ kind: 'puback', packetId: 1, reasonCode: 0, properties: {} })
    expect(idsOf(client)).toEqual([4])
    expect(rig.endTurn()).toEqual([])
  })

  it('that is stray leaves the window as it is', () => {
    const rig = new GatewayRig()
    const client = rig.connect(5, { properties: { receiveMaximum: 1 } })
    client.send({ kind: 'puback', packetId: 1, reasonCode: 0, properties: {} })
    rig.run(
      [{ client, options: 2 }],
      [
        { topic: 't', qos: 2 },
        { topic: 't', qos: 1 },
      ],
    )
    expect(idsOf(client)).toEqual([1])
    for (const packetId of [2, 65_535])
      client.send({ kind: 'puback', packetId, reasonCode: 0, properties: {} })
    expect(client.take()).toEqual([])
    expect(client.connection.inflightCount).toBe(1)
  })

  it('of a kept message goes to the session, by number, packed per turn', () => {
    const rig = new GatewayRig()
    const client = rig.connect(5, {}, { kept: true, birth: 77 })
    for (const number of [10, 11]) {
      rig.kept((writer) => writeKeptReceiver(writer, client.number, number, number + 1, 1, []), {
        topic: 't',
        qos: 1,
      })
    }
    expect(idsOf(client)).toEqual([11, 12])
    client.send({ kind: 'puback', packetId: 12, reasonCode: 0x97, properties: {} })
    client.send({ kind: 'puback', packetId: 11, reasonCode: 0, properties: {} })
    expect(rig.endTurn()).toMatchObject([
      { kind: 'acknowledgement', step: 0, group: false, id: 77, number: 11, reasonCode: 0x97 },
      { kind: 'acknowledgement', step: 0, group: false, id: 77, number: 10, reasonCode: 0 },
    ])
  })

  it('of a message of a group goes to the partition of its owner', () => {
    const rig = new GatewayRig({ clientPartitions: 4 })
    const client = rig.connect(5)
    rig.kept((writer) => writeGroupReceiver(writer, client.number, 5, 1 | groupOption, [], 900, 3), {
      topic: 't',
      qos: 1,
    })
    const [id] = idsOf(client)
    client.send({ kind: 'puback', packetId: Number(id), reasonCode: 0, properties: {} })
    expect(rig.endTurn()).toMatchObject([
      { kind: 'acknowledgement', partition: 3, group: true, id: 900, number: 5, step: 0 },
    ])
  })
})
