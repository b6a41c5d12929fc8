// Feared: a client that is let in, or answered, by the gateway alone; a will that loses a part; packets before
// CONNACK that are lost.
import { describe, expect, it } from 'vitest'
import { utf8Encode } from '#libs/base'
import { connectPacket, GatewayRig, publishPacket } from './testing/gateway-rig.js'

const will = { topic: 'w', payload: utf8Encode('gone'), qos: 1, retain: true, properties: {} } as const

describe('CONNECT', () => {
  it('asks auth with everything that auth and session must know, and answers nothing yet', () => {
    const rig = new GatewayRig()
    const client = rig.open(5)
    client.send(
      connectPacket(5, {
        clientId: 'one',
        cleanStart: false,
        userName: 'u',
        password: utf8Encode('p'),
        keepAlive: 30,
        will: { ...will, properties: { willDelayInterval: 5, messageExpiryInterval: 9, contentType: 't' } },
        properties: { sessionExpiryInterval: 100, receiveMaximum: 20, maximumPacketSize: 5000 },
      }),
    )
    const [asked] = rig.endTurn()
    expect(asked).toMatchObject({
      kind: 'Authenticate',
      address: { gateway: 'gateway', incarnation: 7, connection: client.number },
      userName: 'u',
      arrivedMillis: rig.now,
      wanted: {
        clientId: 'one',
        cleanStart: false,
        expirySeconds: 100,
        keepAliveSeconds: 30,
        limits: { protocolVersion: 5, receiveMaximum: 20, maximumPacketSize: 5000 },
        will: { delaySeconds: 5, message: { topic: 'w', qos: 1, retain: true, expirySeconds: 9 } },
      },
    })
    expect(client.take()).toEqual([])
    expect(client.connection.state).toBe('waiting')
  })

  it('forwards of a will what belongs to its message, without delay and expiry', () => {
    const rig = new GatewayRig()
    const client = rig.open(5)
    const properties = { willDelayInterval: 1, messageExpiryInterval: 2, contentType: 'a' }
    client.send(connectPacket(5, { will: { ...will, properties } }))
    const [asked] = rig.endTurn()
    const message = asked?.kind === 'Authenticate' ? asked.wanted.will?.message : undefined
    expect([...(message?.properties ?? [])]).toEqual([3, 0, 1, 0x61])
  })

  it.each([
    ['3.1.1 that keeps its session', 4, false, {}, 604_800],
    ['3.1.1 that does not', 4, true, {}, 0],
    ['5.0 that says nothing', 5, true, {}, 0],
    ['5.0 that wants for ever', 5, true, { sessionExpiryInterval: 0xffff_ffff }, 604_800],
    ['5.0 that wants an hour', 5, false, { sessionExpiryInterval: 3600 }, 3600],
  ] as const)('caps the session expiry of %s', (_who, version, cleanStart, properties, expected) => {
    const rig = new GatewayRig()
    rig.open(version).send(connectPacket(version, { cleanStart, properties }))
    const [asked] = rig.endTurn()
    expect(asked?.kind === 'Authenticate' && asked.wanted.expirySeconds).toBe(expected)
  })

  it.each([
    [
      'an authentication method that is not known',
      { properties: { authenticationMethod: 'SCRAM-SHA-1' } },
      0x8c,
    ],
    ['a will above the maximum QoS', { will: { ...will, qos: 2 } }, 0x9b],
    ['a retained will where nothing is retained', { will }, 0x9a],
    ['a will that is not the UTF-8 that it says', { will: { ...will, retain: false, payload: new Uint8Array([0xff]), properties: { payloadFormat: 1 } } }, 0x99], // prettier-ignore
    ['a will below $SYS', { will: { ...will, retain: false, topic: '$SYS/broker/uptime' } }, 0x87],
  ] as const)('refuses %s', (_what, given, code) => {
    const rig = new GatewayRig({ maximumQos: 1, retainAvailable: false })
    const client = rig.open(5)
    client.send(connectPacket(5, given))
    expect(client.take()).toMatchObject([{ kind: 'connack', reasonCode: code, sessionPresent: false }])
    expect(client.isClosed).toBe(true)
    expect([...rig.counters.refusals]).toEqual([[code, 1]])
    expect(rig.endTurn()).toEqual([])
  })

  it('refuses one CONNECT more from an address than it may send in a second, and takes it in the next', () => {
    const rig = new GatewayRig({ connectsPerSecondMax: 2 })
    const connect = (version: 4 | 5) => {
      const client = rig.open(version)
      client.send(connectPacket(version))
      return client
    }
    const [, , third, old] = [connect(5), connect(5), connect(5), connect(4)]
    expect(rig.endTurn()).toHaveLength(2)
    expect(third?.take()).toMatchObject([{ kind: 'connack', reasonCode: 0x9f }])
    expect(old?.take()).toMatchObject([{ kind: 'connack', reasonCode: 0x88 }])
    expect([third?.isClosed, old?.isClosed]).toEqual([true, true])
    expect([...rig.counters.refusals]).toEqual([[0x9f, 2]])
    expect([rig.counters.quotaExceeded, rig.counters.protocolErrors]).toEqual([2, 0])
    rig.pass(1_000)
    connect(5)
    expect(rig.endTurn()).toHaveLength(1)
  })

  it.each([
    ['5.0', 5, [0, 0, 0]],
    ['3.1.1', 4, [0, 1, 0x63]],
  ] as const)(
    'refuses a version that it does not know in the form of %s that it has',
    (_name, version, rest) => {
      const client = new GatewayRig().open(version)
      client.raw(new Uint8Array([0x10, 13, 0, 4, 0x4d, 0x51, 0x54, 0x54, 9, 2, 0, 0, ...rest]))
      expect(client.take()).toMatchObject([{ kind: 'connack', reasonCode: 0x84 }])
    },
  )

  it('closes without a word what is no CONNECT, at its first byte', () => {
    const rig = new GatewayRig()
    const [http, ping, cut] = [rig.open(), rig.open(), rig.open()]
    http.raw(utf8Encode('GET / HTTP/1.1\r\n'))
    ping.raw(new Uint8Array([0xc0, 0]))
    cut.raw(new Uint8Array([0x30]))
    for (const client of [http, ping, cut]) {
      expect([client.isClosed, client.at]).toEqual([true, 0])
    }
    expect(rig.counters.connectionsRefused).toBe(0)
    expect(rig.endTurn()).toEqual([])
  })

  it('takes no packet of more than 64 KiB before login', () => {
    const client = new GatewayRig().open(5)
    client.raw(new Uint8Array([0x10, 0xff, 0xff, 0x7f]))
    expect(client.isClosed).toBe(true)
  })

  it('refuses everybody while the log takes nothing, and while it stops', () => {
    const rig = new GatewayRig()
    rig.gateway.writable = false
    const [five, three] = [rig.open(5), rig.open(4)]
    five.send(connectPacket(5))
    three.send(connectPacket(4))
    expect(five.take()).toMatchObject([{ kind: 'connack', reasonCode: 0x88 }])
    expect(three.take()).toMatchObject([{ kind: 'connack', reasonCode: 0x88 }])
    rig.gateway.writable = true
    rig.gateway.stopping = true
    const late = rig.open(5)
    late.send(connectPacket(5))
    expect(late.take()).toMatchObject([{ kind: 'connack', reasonCode: 0x88 }])
  })

  it('lets what comes before CONNACK wait, and takes it in order afterwards', () => {
    const rig = new GatewayRig()
    const client = rig.open(5)
    client.send(connectPacket(5), publishPacket('t', { qos: 1, packetId: 3 }), { kind: 'pingreq' })
    rig.store(rig.endTurn())
    expect(client.take()).toEqual([])
    client.accept()
    expect(client.take().map(({ kind }) => kind)).toEqual(['connack', 'pingresp'])
    expect(rig.endTurn()).toMatchObject([{ kind: 'message', topic: 't' }])
  })

  it('knows a second CONNECT for a protocol error', () => {
    const rig = new GatewayRig()
    const client = rig.connect(5)
    client.send(connectPacket(5))
    expect(client.take()).toMatchObject([{ kind: 'disconnect', reasonCode: 0x82 }])
  })
})
