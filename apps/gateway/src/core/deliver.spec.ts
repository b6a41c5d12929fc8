// Feared: messages that are lost, doubled or out of order on their last step, or in a form that their receiver did
// not ask for.
import { describe, expect, it } from 'vitest'
import { dupOption, retainAsPublishedOption, writeGroupReceiver, writeKeptReceiver } from '#libs/topics'
import { GatewayRig } from './testing/gateway-rig.js'
import type { RigClient } from './testing/gateway-rig.js'

const payloads = (client: RigClient) =>
  client.take().map((one) => (one.kind === 'publish' ? Buffer.from(one.payload).toString() : one.kind))
const numbered = (count: number, qos: number, topic = 't') =>
  Array.from({ length: count }, (_, n) => ({ topic, payload: String(n), qos }))

describe('a run of messages', () => {
  it('reaches each receiver in its own form: version, granted QoS, retain, subscription ids', () => {
    const rig = new GatewayRig()
    const [a, b, c, d] = [rig.connect(4), rig.connect(5), rig.connect(5), rig.connect(3)]
    const contentType = new Uint8Array([3, 0, 1, 0x74])
    rig.run(
      [
        { client: a, options: 2 | retainAsPublishedOption },
        { client: b, options: 0 },
        { client: c, options: 1 | retainAsPublishedOption, ids: [5, 300] },
        { client: 99_999_999 },
        { client: d, options: 0 },
      ],
      [
        { topic: 'one', qos: 2, retain: true, properties: contentType },
        { topic: 'two', qos: 0 },
      ],
    )
    expect(a.take()).toMatchObject([
      { topic: 'one', qos: 2, retain: true, packetId: 1 },
      { topic: 'two', qos: 0 },
    ])
    expect(b.take()).toMatchObject([
      { topic: 'one', qos: 0, retain: false, properties: { contentType: 't' } },
      { topic: 'two', qos: 0, properties: {} },
    ])
    expect(c.take()).toMatchObject([
      { topic: 'one', qos: 1, retain: true, properties: { subscriptionIdentifiers: [5, 300] } },
      { topic: 'two', qos: 0, properties: { subscriptionIdentifiers: [5, 300] } },
    ])
    expect(d.take()).toMatchObject([{ topic: 'one', qos: 0 }, { topic: 'two' }])
    expect(rig.counters.dropped.gone.total).toBe(2)
    expect(rig.counters.delivered.total).toBe(8)
  })

  it('of thousands of messages arrives whole and in order', () => {
    const rig = new GatewayRig()
    const client = rig.connect(5)
    rig.run([{ client }], numbered(3000, 0))
    expect(payloads(client)).toEqual(numbered(3000, 0).map(({ payload }) => payload))
  })

  it('keeps the order of each topic while the window is full; QoS 0 of other topics passes', () => {
    const rig = new GatewayRig()
    const client = rig.connect(5, { properties: { receiveMaximum: 1 } })
    rig.run([{ client, options: 1 }], [...numbered(2, 1), { topic: 't', payload: 'behind' }])
    rig.run([{ client, options: 1 }], [{ topic: 'another', payload: 'passes' }])
    expect(payloads(client)).toEqual(['0', 'passes'])
    client.send({ kind: 'puback', packetId: 1, reasonCode: 0, properties: {} })
    expect(payloads(client)).toEqual(['1', 'behind'])
  })

  it('gives each QoS 1 message a packet id of its own, past the last one and around', () => {
    const rig = new GatewayRig({ windowMax: 65_535 })
    const client = rig.connect(5)
    const seen = new Set<number>()
    for (let round = 0; round < 70; round++) {
      rig.run([{ client, options: 1 }], numbered(1000, 1))
      const ids = client.take().map((one) => (one.kind === 'publish' ? one.packetId : 0))
      for (const packetId of ids) {
        if (round > 0 || packetId !== 7)
          client.send({ kind: 'puback', packetId, reasonCode: 0, properties: {} })
        if (packetId === 7) seen.add(round)
      }
    }
    expect([...seen]).toEqual([0])
  })

  it('drops what a client cannot take [MQTT-3.1.2-24], as if it had been sent', () => {
    const rig = new GatewayRig()
    const client = rig.connect(5, { properties: { maximumPacketSize: 40 } })
    rig.run(
      [{ client }],
      [
        { topic: 't', payload: 'x'.repeat(50) },
        { topic: 't', payload: 'small' },
      ],
    )
    expect(payloads(client)).toEqual(['small'])
    expect(rig.counters.dropped.tooLarge.total).toBe(1)
  })

  it('[MQTT-3.3.2-6] tells what remains of an expiry, and drops what has expired, while waiting too', () => {
    const rig = new GatewayRig()
    const client = rig.connect(5, { properties: { receiveMaximum: 1 } })
    const deadline = rig.now + 10_000
    const left = () =>
      client.take().map((one) => one.kind === 'publish' && one.properties.messageExpiryInterval)
    rig.run(
      [{ client, options: 1 }],
      [
        { topic: 'late', qos: 1, deadline: rig.now },
        { topic: 'a', qos: 1, deadline },
        { topic: 'b', qos: 1, deadline: rig.now + 2000 },
        { topic: 'c', qos: 1, deadline },
      ],
    )
    expect(left()).toEqual([10])
    rig.pass(3500)
    client.send({ kind: 'puback', packetId: 1, reasonCode: 0, properties: {} })
    expect(left()).toEqual([7])
    expect(rig.counters.dropped.expired.total).toBe(2)
  })

  it('waits for CONNACK', () => {
    const rig = new GatewayRig()
    const client = rig.open(5)
    client.send({ kind: 'connect', version: 5, cleanStart: true, keepAlive: 0, clientId: 'x', will: undefined, userName: undefined, password: undefined, properties: {} }) // prettier-ignore
    rig.store(rig.endTurn())
    rig.run([{ client, options: 1 }], numbered(2, 1))
    expect(client.at).toBe(0)
    client.accept()
    expect(payloads(client)).toEqual(['connack', '0', '1'])
  })

  it('brings only what of it has not come before', () => {
    const rig = new GatewayRig()
    const client = rig.connect(5)
    rig.gateway.newFrom = 7
    rig.run(
      [{ client }],
      [5, 6, 7, 8].map((offset) => ({ topic: 't', payload: String(offset), offset })),
    )
    expect(payloads(client)).toEqual(['7', '8'])
  })

  it('for another incarnation does nothing', () => {
    const rig = new GatewayRig()
    const client = rig.connect(5)
    Object.assign(rig.gateway, { incarnation: 8 })
    rig.run([{ client }], numbered(1, 0))
    Object.assign(rig.gateway, { incarnation: 7 })
    expect(rig.counters.delivered.total).toBe(1)
  })
})

describe('a socket that takes nothing', () => {
  it('costs QoS 0, lets QoS 1 wait, and ends the connection at the bound in bytes', () => {
    const rig = new GatewayRig({ socketBytesMax: 1000, waitingBytesMax: 500 })
    const client = rig.connect(5)
    client.pending = 995
    rig.run([{ client, options: 0 }], numbered(3, 0))
    expect(rig.counters.dropped.socketFull.total).toBe(3)
    rig.run([{ client, options: 1 }], numbered(2, 1))
    expect(payloads(client)).toEqual([])
    client.pending = 0
    client.connection.flow()
    expect(payloads(client)).toEqual(['0', '1'])
    client.pending = 995
    rig.run([{ client, options: 1 }], numbered(100, 1))
    expect(client.isClosed).toBe(true)
    expect(client.take()).toMatchObject([{ kind: 'disconnect', reasonCode: 0x97 }])
    expect(rig.counters.dropped.waitingFull.total).toBe(1)
  })
})

describe('messages of the kept lane', () => {
  const session = { kept: true, birth: 77 }

  it('have the packet id and the DUP that delivery gave them, and are taken once per connection', () => {
    const rig = new GatewayRig()
    const client = rig.connect(5, {}, session)
    const send = (number: number, options: number) =>
      rig.kept((writer) => writeKeptReceiver(writer, client.number, number, number + 1, options, [3]), {
        topic: 't',
        qos: 1,
      })
    send(8, 1 | dupOption)
    send(9, 1)
    send(8, 1 | dupOption)
    expect(client.take()).toMatchObject([
      { packetId: 9, dup: true, properties: { subscriptionIdentifiers: [3] } },
      { packetId: 10, dup: false },
    ])
  })

  it('wait however many bytes they are: delivery bounds them; QoS 0 is dropped at the bound', () => {
    const rig = new GatewayRig({ socketBytesMax: 1000, waitingBytesMax: 500 })
    const client = rig.connect(5, {}, session)
    client.pending = 995
    const send = (number: number, qos: number) =>
      rig.kept(
        (writer) => writeKeptReceiver(writer, client.number, number, qos === 0 ? 0 : number, qos, []),
        {
          topic: 't',
          payload: 'x'.repeat(100),
          qos,
        },
      )
    for (let number = 1; number <= 10; number++) send(number, 1)
    send(11, 0)
    expect(client.isClosed).toBe(false)
    expect(rig.counters.dropped.waitingFull.total).toBe(1)
    client.pending = 0
    client.connection.flow()
    expect(client.take()).toHaveLength(10)
  })

  it('are reported when they are dropped, so that their window is free', () => {
    const rig = new GatewayRig()
    const client = rig.connect(5, { properties: { maximumPacketSize: 40 } }, session)
    const send = (number: number, message: { payload?: string; deadline?: number; qos: number }) =>
      rig.kept((writer) => writeKeptReceiver(writer, client.number, number, number + 1, 1, []), {
        topic: 't',
        ...message,
      })
    send(1, { qos: 1, payload: 'x'.repeat(50) })
    send(2, { qos: 1, deadline: rig.now - 1 })
    send(3, { qos: 0, payload: 'x'.repeat(50) })
    expect(rig.endTurn()).toMatchObject([
      { kind: 'acknowledgement', step: 3, number: 1, reasonCode: 0x95 },
      { kind: 'acknowledgement', step: 3, number: 2 },
    ])
  })
})

describe('messages of a group', () => {
  it('go back when their member is gone or was closed before they were written, whatever their QoS', () => {
    const rig = new GatewayRig()
    const client = rig.connect(5, { properties: { receiveMaximum: 1 } })
    const send = (number: number, qos: number, to = client.number) =>
      rig.kept((writer) => writeGroupReceiver(writer, to, number, 2, [], 900, 0), { topic: 't', qos })
    send(1, 2)
    send(2, 2)
    send(3, 0, 12_345)
    client.connection.socketClosed()
    // The first was written to the socket: it is QoS 2, so it dies with its member [MQTT-4.8.2-5].
    expect(rig.endTurn().filter(({ kind }) => kind === 'acknowledgement')).toMatchObject([
      { step: 4, group: true, id: 900, number: 3 },
      { step: 4, group: true, id: 900, number: 2 },
    ])
  })
})
