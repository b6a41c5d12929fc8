// Feared: an alias that the client was never told, and a packet whose lengths no longer fit.
import { describe, expect, it } from 'vitest'
import { GatewayRig } from './testing/gateway-rig.js'
import type { RigClient } from './testing/gateway-rig.js'

const seen = (client: RigClient) =>
  client.take().map((one) => {
    if (one.kind !== 'publish') return one.kind
    const { topic, packetId, properties, payload } = one
    return [topic, properties.topicAlias, packetId, payload.length]
  })
const topics = (...names: string[]) => names.map((topic) => ({ topic, payload: 'x', qos: 1 }))

describe('topic aliases towards a client', () => {
  it('stand for the first topics that go out, as many as the client takes', () => {
    const rig = new GatewayRig()
    const client = rig.connect(5, { properties: { topicAliasMaximum: 2 } })
    const plain = rig.connect(5, { clientId: 'd' })
    rig.run(
      [{ client, options: 1 }, { client: plain }],
      topics('room/1', 'room/2', 'room/3', 'room/1', 'room/2'),
    )
    expect(seen(client)).toEqual([
      ['room/1', 1, 1, 1],
      ['room/2', 2, 2, 1],
      ['room/3', undefined, 3, 1],
      ['', 1, 4, 1],
      ['', 2, 5, 1],
    ])
    expect(seen(plain).map((one) => one[0])).toEqual(['room/1', 'room/2', 'room/3', 'room/1', 'room/2'])
  })

  it('come beside the name with QoS 2: some clients keep the packet as it is until PUBREL', () => {
    const rig = new GatewayRig()
    const client = rig.connect(5, { properties: { topicAliasMaximum: 2 } })
    const message = { topic: 'room/1', payload: 'x', qos: 2 }
    rig.run([{ client, options: 2 }], [message, message])
    expect(seen(client)).toEqual([
      ['room/1', 1, 1, 1],
      ['room/1', 1, 2, 1],
    ])
  })

  it('never exceed what the broker allows itself', () => {
    const rig = new GatewayRig({ topicAliasMax: 1 })
    const client = rig.connect(5, { properties: { topicAliasMaximum: 65_535 } })
    rig.run([{ client, options: 1 }], topics('room/1', 'room/2', 'room/1'))
    expect(seen(client).map((one) => one[1])).toEqual([1, undefined, 1])
  })

  it('keep all other properties, and packets whose lengths need another byte are whole', () => {
    const rig = new GatewayRig()
    const client = rig.connect(5, { properties: { topicAliasMaximum: 2 } })
    const contentType = new Uint8Array([3, 0, 122, ...new Uint8Array(122).fill(0x74)])
    for (const length of [0, 110, 125, 16_240, 16_380]) {
      const message = { topic: 'room/1', payload: 'x'.repeat(length), qos: 2, properties: contentType }
      rig.run([{ client, options: 2, ids: [7] }], [message, message])
      const taken = client.take()
      expect(taken).toHaveLength(2)
      for (const one of taken) {
        const properties = { contentType: 't'.repeat(122), subscriptionIdentifiers: [7], topicAlias: 1 }
        expect(one).toMatchObject({ kind: 'publish', properties })
        expect(one.kind === 'publish' && one.payload.length).toBe(length)
        const packetId = one.kind === 'publish' ? (one.packetId ?? 0) : 0
        client.send({ kind: 'pubrec', packetId, reasonCode: 0x80, properties: {} })
      }
    }
  })

  it('are left out where the packet would be too large for the client with one', () => {
    const rig = new GatewayRig()
    const client = rig.connect(5, { properties: { topicAliasMaximum: 2, maximumPacketSize: 50 } })
    // Fixed header 2, topic 2 + 6, packet id 2, properties 1.
    const message = (length: number) => ({ topic: 'room/1', payload: 'x'.repeat(length), qos: 1 })
    rig.run([{ client, options: 1 }], [message(37), message(34), message(37), message(38)])
    expect(seen(client)).toEqual([
      ['room/1', undefined, 1, 37],
      ['room/1', 1, 2, 34],
      ['', 1, 3, 37],
    ])
  })

  it('are given when a message leaves, not when it begins to wait', () => {
    const rig = new GatewayRig()
    const client = rig.connect(5, { properties: { topicAliasMaximum: 2, receiveMaximum: 1 } })
    rig.run([{ client, options: 1 }], topics('room/1', 'room/1'))
    rig.run([{ client, options: 0 }], [{ topic: 'room/2', payload: 'y' }])
    expect(seen(client)).toEqual([
      ['room/1', 1, 1, 1],
      ['room/2', 2, 0, 1],
    ])
    client.send({ kind: 'puback', packetId: 1, reasonCode: 0, properties: {} })
    expect(seen(client)).toEqual([['', 1, 2, 1]])
  })
})
