// Feared: an answer before the log has the message, a payload or property that was touched, a message of QoS 2 that
// is published twice.
import { describe, expect, it } from 'vitest'
import { utf8Encode } from '#libs/base'
import { GatewayRig, publishPacket } from './testing/gateway-rig.js'

const nobody = { publish: ['open/#'], subscribe: undefined }

describe('PUBLISH', () => {
  it('becomes a record with the payload untouched; QoS 0 is not answered', () => {
    const rig = new GatewayRig()
    const client = rig.connect(4, { clientId: 'me' })
    client.send(publishPacket('a/b', { retain: true, payload: utf8Encode('hello') }))
    expect(rig.endTurn()).toMatchObject([
      {
        kind: 'message',
        topic: 'a/b',
        payload: 'hello',
        qos: 0,
        retain: true,
        expirySeconds: -1,
        clientId: 'me',
      },
    ])
    rig.store()
    expect(client.take()).toEqual([])
  })

  it('is answered when the log has stored it, not before', () => {
    const rig = new GatewayRig()
    const client = rig.connect(5)
    client.send(publishPacket('a', { qos: 1, packetId: 5 }), publishPacket('a', { qos: 2, packetId: 6 }))
    rig.endTurn()
    expect(client.take()).toEqual([])
    rig.store()
    expect(client.take()).toMatchObject([
      { kind: 'puback', packetId: 5, reasonCode: 0 },
      { kind: 'pubrec', packetId: 6, reasonCode: 0 },
    ])
  })

  it.each([
    [5, [{ kind: 'disconnect', reasonCode: 0x96 }]],
    [4, []],
  ] as const)('ends a client of version %i that publishes more in a second than it may', (version, said) => {
    const rig = new GatewayRig({ publishesPerSecondMax: 3 })
    const [client, other] = [rig.connect(version), rig.connect(version)]
    const three = Array.from({ length: 3 }, () => publishPacket('a'))
    client.send(...three)
    rig.pass(1_000)
    client.send(...three)
    other.send(...three)
    expect(rig.endTurn()).toHaveLength(9)
    client.send(publishPacket('a'), publishPacket('a'))
    expect(client.take()).toMatchObject(said)
    expect([client.isClosed, other.isClosed, rig.counters.quotaExceeded]).toEqual([true, false, 1])
    expect(rig.endTurn().filter(({ kind }) => kind === 'message')).toEqual([])
  })

  it('is counted: the packets of both ways, and the bytes of those that carry messages', () => {
    const rig = new GatewayRig()
    const client = rig.connect(5)
    const { packetsReceived, packetsSent } = rig.counters
    const packet = publishPacket('a', { qos: 1, packetId: 5, payload: utf8Encode('hello') })
    client.send(packet, publishPacket('a', { payload: utf8Encode('hello') }))
    rig.endTurn()
    rig.store()
    expect(client.take()).toHaveLength(1)
    expect(rig.counters.packetsReceived - packetsReceived).toBe(2)
    expect(rig.counters.packetsSent - packetsSent).toBe(1)
    // Header 2, topic 3, packet id 2 (QoS 1 only), properties 1, payload 5.
    expect(rig.counters.publishedBytes).toBe(13 + 11)
  })

  it('forwards properties unaltered and in order, without alias and expiry', () => {
    const rig = new GatewayRig()
    const client = rig.connect(5)
    const userProperties = [['a', '1'], ['a', '2']] as const // prettier-ignore
    client.send(publishPacket('t', { properties: { contentType: 'x', userProperties } }))
    client.send(publishPacket('t', { properties: { contentType: 'x', userProperties, topicAlias: 1, messageExpiryInterval: 60 } })) // prettier-ignore
    const [plain, mixed] = rig.endTurn()
    expect(plain).toMatchObject({ expirySeconds: -1 })
    expect(mixed).toMatchObject({ expirySeconds: 60 })
    const bytes = [3, 0, 1, 0x78, 0x26, 0, 1, 0x61, 0, 1, 0x31, 0x26, 0, 1, 0x61, 0, 1, 0x32]
    for (const one of [plain, mixed]) expect(one?.kind === 'message' && [...one.properties]).toEqual(bytes)
  })

  it('[MQTT-4.6.0-2] answers in order of arrival, refusals too', () => {
    const rig = new GatewayRig({ topicPartitions: 4 })
    const client = rig.connect(5, {}, { permissions: nobody })
    const topics = ['open/1', 'open/2', 'shut', 'open/3', 'open/4', 'open/5']
    for (const [index, topic] of topics.entries())
      client.send(publishPacket(topic, { qos: 1, packetId: index + 1 }))
    rig.endTurn()
    client.send(publishPacket('shut', { qos: 1, packetId: 7 }))
    rig.endTurn()
    expect(client.take()).toEqual([])
    rig.store()
    const answers = client.take()
    expect(answers.map((one) => one.kind === 'puback' && one.packetId)).toEqual([1, 2, 3, 4, 5, 6, 7])
    expect(answers.map((one) => one.kind === 'puback' && one.reasonCode)).toEqual([0, 0, 0x87, 0, 0, 0, 0x87])
  })

  it('[MQTT-4.3.3-10] is published once when a QoS 2 packet id comes again before its PUBREL', () => {
    const rig = new GatewayRig()
    const client = rig.connect(5)
    const packet = publishPacket('t', { qos: 2, packetId: 9 })
    client.send(packet)
    client.send({ ...packet, dup: true })
    expect(rig.endTurn().length).toBe(1)
    rig.store()
    client.send({ ...packet, dup: true })
    expect(rig.endTurn()).toEqual([])
    rig.store()
    expect(client.take().map(({ kind }) => kind)).toEqual(['pubrec', 'pubrec', 'pubrec'])
    client.send({ kind: 'pubrel', packetId: 9, reasonCode: 0, properties: {} }, packet)
    expect(rig.endTurn().length).toBe(1)
  })

  it('[MQTT-3.3.4-9] ends a 5.0 client that has more under way than the receive maximum', () => {
    const rig = new GatewayRig({ receiveMaximum: 2 })
    const client = rig.connect(5)
    for (const packetId of [1, 2]) client.send(publishPacket('t', { qos: 1, packetId }))
    rig.store(rig.endTurn())
    client.take()
    for (const packetId of [3, 4]) client.send(publishPacket('t', { qos: 2, packetId }))
    rig.store(rig.endTurn())
    expect(client.isClosed).toBe(false)
    client.take()
    // PUBREC does not end a QoS 2 message: its place is free after PUBCOMP.
    client.send(publishPacket('t', { qos: 1, packetId: 5 }))
    expect(client.take()).toMatchObject([{ kind: 'disconnect', reasonCode: 0x93 }])
  })

  it.each([
    ['not allowed, 5.0, QoS 1', 5, 'shut', 1, {}, [{ kind: 'puback', reasonCode: 0x87 }], false],
    ['not allowed, 5.0, QoS 2', 5, 'shut', 2, {}, [{ kind: 'pubrec', reasonCode: 0x87 }], false],
    ['not allowed, 5.0, QoS 0', 5, 'shut', 0, {}, [], false],
    ['not allowed, 3.1.1, QoS 1', 4, 'shut', 1, {}, [], true],
    ['not allowed, 3.1.1, QoS 0', 4, 'shut', 0, {}, [], false],
    ['reserved for the broker', 5, '$SYS/broker/x', 1, {}, [{ kind: 'puback', reasonCode: 0x87 }], false],
    [
      'not the UTF-8 that it says',
      5,
      'open/a',
      1,
      { payloadFormat: 1 },
      [{ kind: 'puback', reasonCode: 0x99 }],
      false,
    ],
    [
      'the same with QoS 0',
      5,
      'open/a',
      0,
      { payloadFormat: 1 },
      [{ kind: 'disconnect', reasonCode: 0x99 }],
      true,
    ],
  ] as const)('is refused when it is %s', (_why, version, topic, qos, properties, answers, closes) => {
    const rig = new GatewayRig()
    const client = rig.connect(version, {}, { permissions: nobody })
    const payload = new Uint8Array([0xff])
    client.send(publishPacket(topic, { qos, packetId: qos === 0 ? 0 : 1, payload, properties }))
    const appended = rig.endTurn()
    expect(appended.filter(({ kind }) => kind === 'message')).toEqual([])
    rig.store()
    expect(client.take()).toMatchObject(answers)
    expect(client.isClosed).toBe(closes)
  })

  it.each([
    ['a QoS above the maximum', { qos: 2, packetId: 1 }, 0x9b],
    ['retain where nothing is retained', { retain: true }, 0x9a],
  ] as const)('ends the connection for %s', (_what, given, code) => {
    const client = new GatewayRig({ maximumQos: 1, retainAvailable: false }).connect(5)
    client.send(publishPacket('t', given))
    expect(client.take()).toMatchObject([{ kind: 'disconnect', reasonCode: code }])
  })

  it('is refused at once while the log takes nothing, and when an append fails', () => {
    const rig = new GatewayRig()
    const [five, three] = [rig.connect(5), rig.connect(4, { clientId: 'd' })]
    for (const client of [five, three]) client.send(publishPacket('t', { qos: 1, packetId: 1 }))
    five.send(publishPacket('t', { qos: 2, packetId: 2 }))
    rig.endTurn()
    rig.fail()
    expect(five.take()).toMatchObject([
      { kind: 'puback', packetId: 1, reasonCode: 0x97 },
      { kind: 'pubrec', packetId: 2, reasonCode: 0x97 },
    ])
    expect(three.isClosed).toBe(true)
    rig.gateway.writable = false
    five.send(publishPacket('t', { qos: 1, packetId: 3 }))
    rig.endTurn()
    rig.store()
    expect(five.take()).toMatchObject([{ kind: 'puback', packetId: 3, reasonCode: 0x97 }])
    // The QoS 2 id was not taken: the client may use it for another message.
    rig.gateway.writable = true
    five.send(publishPacket('t', { qos: 2, packetId: 2 }))
    expect(rig.endTurn().filter(({ kind }) => kind === 'message').length).toBe(1)
  })
})

describe('PUBLISH of a kept session', () => {
  const kept = { kept: true, birth: 77 }

  it('goes through delivery from its first QoS 2 on, after what was under way is stored', () => {
    const rig = new GatewayRig()
    const client = rig.connect(5, { cleanStart: false, properties: { sessionExpiryInterval: 60 } }, kept)
    client.send(publishPacket('t', { qos: 1, packetId: 1 }), publishPacket('t', { qos: 2, packetId: 2 }))
    expect(rig.endTurn()).toMatchObject([{ kind: 'message', qos: 1 }])
    rig.store()
    expect(client.take()).toMatchObject([{ kind: 'puback', packetId: 1 }])
    client.send(publishPacket('t', { qos: 1, packetId: 3 }), publishPacket('t'))
    const session = { clientId: 'c', birth: 77 }
    expect(rig.endTurn()).toMatchObject([
      { kind: 'Publish', packetId: 2, session, message: { topic: 't', qos: 2 } },
      { kind: 'Publish', packetId: 3, message: { qos: 1 } },
      { kind: 'Publish', packetId: 0, message: { qos: 0 } },
    ])
    rig.store()
    expect(client.take()).toEqual([])
    const stored = {
      kind: 'PublishStored',
      incarnation: 7,
      connection: client.number,
      reasonCode: 0,
    } as const
    rig.inbox({ ...stored, packetId: 2, qos: 2 })
    rig.inbox({ ...stored, packetId: 3, qos: 1 })
    expect(client.take()).toMatchObject([
      { kind: 'pubrec', packetId: 2 },
      { kind: 'puback', packetId: 3 },
    ])
  })

  it('lets a refusal wait for the answers that delivery owes', () => {
    const rig = new GatewayRig()
    const client = rig.connect(5, {}, { ...kept, permissions: nobody })
    client.send(
      publishPacket('open/a', { qos: 2, packetId: 1 }),
      publishPacket('shut', { qos: 1, packetId: 2 }),
    )
    rig.store(rig.endTurn())
    expect(client.take()).toEqual([])
    rig.inbox({
      kind: 'PublishStored',
      incarnation: 7,
      connection: client.number,
      packetId: 1,
      qos: 2,
      reasonCode: 0,
    })
    rig.store(rig.endTurn())
    expect(client.take()).toMatchObject([
      { kind: 'pubrec', packetId: 1 },
      { kind: 'puback', packetId: 2, reasonCode: 0x87 },
    ])
  })
})
