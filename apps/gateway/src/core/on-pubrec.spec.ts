// Feared: a message of QoS 2 that stands still in one of its four steps, or is let go before its owner knows.
import { describe, expect, it } from 'vitest'
import type { ByteWriter } from '#libs/base'
import { writeGroupReceiver, writeKeptReceiver } from '#libs/topics'
import { connectPacket, GatewayRig } from './testing/gateway-rig.js'

const ack = { reasonCode: 0, properties: {} } as const

describe('PUBREC and PUBCOMP', () => {
  it('carry a QoS 2 message of the transient lane through its four steps', () => {
    const rig = new GatewayRig()
    const client = rig.connect(5)
    rig.run([{ client, options: 2 }], [{ topic: 't', qos: 2 }])
    expect(client.take()).toMatchObject([{ kind: 'publish', qos: 2, packetId: 1 }])
    client.send({ kind: 'pubrec', packetId: 1, ...ack })
    client.send({ kind: 'pubrec', packetId: 1, ...ack })
    expect(client.take()).toMatchObject([{ kind: 'pubrel', packetId: 1, reasonCode: 0 }, { kind: 'pubrel' }])
    expect(client.connection.inflightCount).toBe(1)
    client.send({ kind: 'pubcomp', packetId: 1, ...ack })
    client.send({ kind: 'pubcomp', packetId: 1, ...ack })
    expect(client.connection.inflightCount).toBe(0)
    expect(rig.endTurn()).toEqual([])
  })

  it('with a refusal ends the message', () => {
    const rig = new GatewayRig()
    const client = rig.connect(5, { properties: { receiveMaximum: 1 } })
    rig.run(
      [{ client, options: 2 }],
      [
        { topic: 't', qos: 2 },
        { topic: 'u', qos: 2 },
      ],
    )
    client.take()
    client.send({ kind: 'pubrec', packetId: 1, reasonCode: 0x83, properties: {} })
    expect(client.take()).toMatchObject([{ kind: 'publish', topic: 'u', packetId: 2 }])
  })

  it('for a packet id that is not known gets PUBREL with 0x92', () => {
    const [five, three] = [new GatewayRig().connect(5), new GatewayRig().connect(4)]
    for (const client of [five, three]) client.send({ kind: 'pubrec', packetId: 9, ...ack })
    expect(five.take()).toMatchObject([{ kind: 'pubrel', packetId: 9, reasonCode: 0x92 }])
    expect(three.take()).toMatchObject([{ kind: 'pubrel', packetId: 9, reasonCode: 0 }])
  })

  it.each([
    ['pubrec', 1],
    ['pubcomp', 1],
    ['puback', 2],
    ['pubcomp', 2],
  ] as const)('%s out of order ends the connection and releases nothing: QoS %i', (kind, qos) => {
    const rig = new GatewayRig()
    const client = rig.connect(5)
    rig.run([{ client, options: qos }], [{ topic: 't', qos }])
    client.take()
    client.send({ kind, packetId: 1, ...ack })
    expect(client.take()).toMatchObject([{ kind: 'disconnect', reasonCode: 0x82 }])
    expect(client.connection.inflightCount).toBe(1)
  })

  it('of a kept message: PUBREL waits until its owner can know that the client has it', () => {
    const rig = new GatewayRig()
    const client = rig.connect(5, {}, { kept: true, birth: 77 })
    rig.kept((writer) => writeKeptReceiver(writer, client.number, 4, 5, 2, []), { topic: 't', qos: 2 })
    client.take()
    client.send({ kind: 'pubrec', packetId: 5, ...ack })
    expect(rig.endTurn()).toMatchObject([{ kind: 'acknowledgement', step: 1, id: 77, number: 4 }])
    expect(client.take()).toEqual([])
    rig.store()
    expect(client.take()).toMatchObject([{ kind: 'pubrel', packetId: 5 }])
    client.send({ kind: 'pubcomp', packetId: 5, ...ack })
    expect(rig.endTurn()).toMatchObject([{ kind: 'acknowledgement', step: 2, number: 4 }])
  })

  it('of a kept message that an earlier connection received: PUBREL comes from its owner', () => {
    const rig = new GatewayRig()
    const client = rig.connect(5, {}, { kept: true, birth: 77 })
    rig.inbox({ kind: 'Release', incarnation: 7, connection: client.number, packetId: 5, number: 4 })
    expect(client.take()).toMatchObject([{ kind: 'pubrel', packetId: 5 }])
    client.send({ kind: 'pubcomp', packetId: 5, ...ack })
    expect(rig.endTurn()).toMatchObject([{ kind: 'acknowledgement', step: 2, number: 4 }])
  })

  it('of a kept message that an earlier connection received waits for CONNACK when delivery is faster than session', () => {
    const rig = new GatewayRig()
    const client = rig.open(5)
    client.send(connectPacket(5, { cleanStart: false }))
    rig.store(rig.endTurn())
    rig.inbox({ kind: 'Release', incarnation: 7, connection: client.number, packetId: 5, number: 4 })
    expect(client.take()).toEqual([])
    client.accept({ kept: true, birth: 77, sessionPresent: true })
    expect(client.take()).toMatchObject([{ kind: 'connack' }, { kind: 'pubrel', packetId: 5 }])
  })

  it('of a kept message does not hold back an older one that was not acknowledged', () => {
    const rig = new GatewayRig()
    const client = rig.connect(5, {}, { kept: true, birth: 77 })
    rig.inbox({ kind: 'Release', incarnation: 7, connection: client.number, packetId: 5, number: 4 })
    const message = (number: number, packetId: number) => {
      const receiver = (writer: ByteWriter) =>
        writeKeptReceiver(writer, client.number, number, packetId, 2, [])
      rig.kept(receiver, { topic: 't', qos: 2 })
    }
    message(3, 4)
    message(4, 5)
    message(5, 6)
    const ids = client.take().map((one) => 'packetId' in one && `${one.kind} ${one.packetId}`)
    expect(ids).toEqual(['pubrel 5', 'publish 4', 'publish 6'])
  })

  it('of a message of a group: PUBREC ends it for the group, nothing waits', () => {
    const rig = new GatewayRig()
    const client = rig.connect(5)
    rig.kept((writer) => writeGroupReceiver(writer, client.number, 5, 2, [], 900, 0), { topic: 't', qos: 2 })
    client.take()
    client.send({ kind: 'pubrec', packetId: 1, ...ack })
    expect(client.take()).toMatchObject([{ kind: 'pubrel' }])
    client.send({ kind: 'pubcomp', packetId: 1, ...ack })
    expect(rig.endTurn()).toMatchObject([
      { kind: 'acknowledgement', group: true, step: 1, id: 900, number: 5 },
    ])
  })
})
