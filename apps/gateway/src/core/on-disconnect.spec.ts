// Feared: an end that comes before what the client had sent, or that session never hears of.
import { describe, expect, it } from 'vitest'
import { writeKeptReceiver } from '#libs/topics'
import { GatewayRig, publishPacket } from './testing/gateway-rig.js'

const pubrel = (packetId: number) => ({ kind: 'pubrel', packetId, reasonCode: 0, properties: {} }) as const
const disconnect = { kind: 'disconnect', reasonCode: 0, properties: {} } as const

describe('the end of a connection', () => {
  it.each([
    ['DISCONNECT takes the will back', 0x00, false],
    ['DISCONNECT with will publishes it', 0x04, true],
    ['DISCONNECT with an error publishes it', 0x80, true],
  ])('%s', (_what, reasonCode, publishWill) => {
    const rig = new GatewayRig()
    const client = rig.connect(5, {}, { birth: 12 })
    client.send({ kind: 'disconnect', reasonCode, properties: {} })
    expect(client.isClosed).toBe(true)
    expect(client.take()).toEqual([])
    expect(rig.endTurn()).toMatchObject([
      { kind: 'ConnectionClosed', clientId: 'c', birth: 12, cause: 'client', reasonCode, publishWill },
    ])
    expect(rig.gateway.connections.count).toBe(0)
  })

  it('waits, when the client says it, for the answers to what came before', () => {
    const rig = new GatewayRig()
    const client = rig.connect(5)
    client.send(publishPacket('t', { qos: 1, packetId: 1 }), {
      kind: 'disconnect',
      reasonCode: 0,
      properties: {},
    })
    expect(client.isClosed).toBe(false)
    rig.store(rig.endTurn())
    expect(client.take()).toMatchObject([{ kind: 'puback' }])
    expect(client.isClosed).toBe(true)
  })

  it('waits for the answers that a kept session gets from delivery', () => {
    const rig = new GatewayRig()
    const client = rig.connect(5, {}, { kept: true })
    const { number: connection } = client
    client.send(pubrel(8), disconnect)
    rig.store(rig.endTurn())
    expect(client.isClosed).toBe(false)
    rig.inbox({ kind: 'ReleaseStored', incarnation: 7, connection, packetId: 8, reasonCode: 0 })
    expect(client.take()).toMatchObject([{ kind: 'pubcomp', packetId: 8 }])
    expect(client.isClosed).toBe(true)
  })

  it.each([
    ['a PUBLISH that is refused', [publishPacket('$SYS/x', { qos: 1, packetId: 1 })], ['puback']],
    [
      'a QoS 2 PUBLISH that comes again',
      [publishPacket('t', { qos: 2, packetId: 1 }), publishPacket('t', { qos: 2, packetId: 1, dup: true })],
      ['pubrec', 'pubrec'],
    ],
    [
      'PUBREL right behind it',
      [publishPacket('t', { qos: 2, packetId: 1 }), pubrel(1)],
      ['pubrec', 'pubcomp'],
    ],
  ])('waits for the answers to %s', (_what, packets, kinds) => {
    const rig = new GatewayRig()
    const client = rig.connect(5)
    // Each in a turn of its own, and none stored yet.
    for (const packet of packets) {
      client.send(packet)
      rig.endTurn()
    }
    client.send(disconnect)
    rig.store(rig.endTurn())
    expect(client.take().map(({ kind }) => kind)).toEqual(kinds)
    expect(client.isClosed).toBe(true)
  })

  it('waits for PUBREL, which a kept session gets when its PUBREC is stored', () => {
    const rig = new GatewayRig()
    const client = rig.connect(5, {}, { kept: true })
    rig.kept(
      (writer) => {
        writeKeptReceiver(writer, client.number, 3, 3, 2, [])
      },
      { topic: 't', qos: 2 },
    )
    client.take()
    client.send({ kind: 'pubrec', packetId: 3, reasonCode: 0, properties: {} }, disconnect)
    rig.store(rig.endTurn())
    expect(client.take()).toMatchObject([{ kind: 'pubrel', packetId: 3 }])
    expect(client.isClosed).toBe(true)
  })

  it('is told when everything that the client sent is stored, not before', () => {
    const rig = new GatewayRig()
    const client = rig.connect(5)
    client.send(publishPacket('t'))
    rig.endTurn()
    client.connection.socketClosed()
    expect(rig.endTurn()).toEqual([])
    rig.store()
    expect(rig.endTurn()).toMatchObject([{ kind: 'ConnectionClosed', cause: 'broken', publishWill: true }])
  })

  it('carries another session expiry, capped; one that was 0 cannot be raised [MQTT-3.14.2-2]', () => {
    const rig = new GatewayRig()
    const [keeps, ends] = [
      rig.connect(5, { properties: { sessionExpiryInterval: 10 } }),
      rig.connect(5, { clientId: 'd' }),
    ]
    keeps.send({ kind: 'disconnect', reasonCode: 0, properties: { sessionExpiryInterval: 0xffff_ffff } })
    ends.send({ kind: 'disconnect', reasonCode: 0, properties: { sessionExpiryInterval: 1 } })
    expect(ends.take()).toMatchObject([{ kind: 'disconnect', reasonCode: 0x82 }])
    expect(rig.endTurn()).toMatchObject([
      { clientId: 'c', expirySeconds: 604_800 },
      { clientId: 'd', cause: 'protocol', publishWill: true },
    ])
  })

  it.each([
    ['taken over', 0x8e, 'takenOver'],
    ['closed by an administrator', 0x98, 'server'],
  ] as const)('is told to a 5.0 client that is %s; 3.1.1 is just closed', (_why, reasonCode, cause) => {
    const rig = new GatewayRig()
    const [five, three] = [rig.connect(5), rig.connect(4, { clientId: 'd' })]
    for (const client of [five, three]) {
      const connection = client.number
      rig.inbox({ kind: 'CloseConnection', incarnation: 7, connection, reasonCode, sentence: 'So it is.' })
      expect(client.isClosed).toBe(true)
    }
    expect(five.take()).toMatchObject([
      { kind: 'disconnect', reasonCode, properties: { reasonString: 'So it is.' } },
    ])
    expect(three.take()).toEqual([])
    expect(rig.endTurn()).toMatchObject([{ cause }, { cause }])
  })

  it('leaves out a reason that the client could not take', () => {
    const rig = new GatewayRig()
    const client = rig.connect(5, { properties: { maximumPacketSize: 20 } })
    client.connection.end('server', 0x8b, 'A sentence that is longer than the client takes.')
    expect(client.take()).toEqual([{ kind: 'disconnect', reasonCode: 0x8b, properties: {} }])
  })

  it('comes with nothing that a server alone may send, and with what is malformed', () => {
    for (const bytes of [
      [0x20, 2, 0, 0],
      [0x90, 3, 0, 1, 0],
      [0xd0, 0],
      [0, 0],
      [0x60, 2, 0, 1],
      [0x30, 0xff, 0xff, 0xff, 0xff],
    ]) {
      const client = new GatewayRig().connect(5)
      client.raw(new Uint8Array(bytes))
      expect(client.isClosed).toBe(true)
      expect(client.take()).toMatchObject([{ kind: 'disconnect' }])
    }
  })

  it('comes with AUTH when no method was agreed on [MQTT-4.12.0-7]', () => {
    const client = new GatewayRig().connect(5)
    client.send({ kind: 'auth', reasonCode: 0x19, properties: { authenticationMethod: 'x' } })
    expect(client.take()).toMatchObject([{ kind: 'disconnect', reasonCode: 0x82 }])
  })

  it('comes with a packet above the maximum, before its body', () => {
    const client = new GatewayRig({ packetBytesMax: 1000 }).connect(5)
    client.raw(new Uint8Array([0x30, 0xe8, 0x07]))
    expect(client.take()).toMatchObject([{ kind: 'disconnect', reasonCode: 0x95 }])
  })
})
