// Feared: a PUBREL without an answer, or with one too early.
import { describe, expect, it } from 'vitest'
import { GatewayRig, publishPacket } from './testing/gateway-rig.js'

const pubrel = (packetId: number) => ({ kind: 'pubrel', packetId, reasonCode: 0, properties: {} }) as const

describe('PUBREL', () => {
  it('is answered with PUBCOMP; for an id that is not known with 0x92', () => {
    const rig = new GatewayRig()
    const client = rig.connect(5)
    client.send(publishPacket('t', { qos: 2, packetId: 1 }))
    rig.store(rig.endTurn())
    client.take()
    client.send(pubrel(1), pubrel(1))
    expect(client.take()).toMatchObject([
      { kind: 'pubcomp', packetId: 1, reasonCode: 0 },
      {
        kind: 'pubcomp',
        packetId: 1,
        reasonCode: 0x92,
        properties: { reasonString: 'Packet Identifier not found' },
      },
    ])
  })

  it('that does not wait for its PUBREC is answered behind it', () => {
    const rig = new GatewayRig()
    const client = rig.connect(4)
    client.send(publishPacket('t', { qos: 2, packetId: 1 }), pubrel(1))
    rig.store(rig.endTurn())
    expect(client.take()).toMatchObject([{ kind: 'pubrec' }, { kind: 'pubcomp', packetId: 1 }])
  })

  it('tells no reason to a client that does not want any', () => {
    const client = new GatewayRig().connect(5, { properties: { requestProblemInformation: false } })
    client.send(pubrel(1))
    expect(client.take()).toEqual([{ kind: 'pubcomp', packetId: 1, reasonCode: 0x92, properties: {} }])
  })

  it('of a kept session goes to its delivery owner, and PUBCOMP comes with the answer', () => {
    const rig = new GatewayRig()
    const client = rig.connect(5, {}, { kept: true, birth: 77 })
    client.send(pubrel(8))
    expect(rig.endTurn()).toMatchObject([
      { kind: 'ReleaseReceived', packetId: 8, session: { clientId: 'c', birth: 77 } },
    ])
    rig.store()
    expect(client.take()).toEqual([])
    rig.inbox({
      kind: 'ReleaseStored',
      incarnation: 7,
      connection: client.number,
      packetId: 8,
      reasonCode: 0,
    })
    expect(client.take()).toMatchObject([{ kind: 'pubcomp', packetId: 8 }])
  })
})
