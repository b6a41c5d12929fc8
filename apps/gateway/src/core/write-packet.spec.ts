// Fear: an answer that is larger than the client takes is lost without a word, or sent all the same.
import { describe, expect, it } from 'vitest'
import { parseFilter } from '#libs/mqtt'
import type { RigClient } from './testing/gateway-rig.js'
import { connectPacket, GatewayRig, publishPacket } from './testing/gateway-rig.js'

const filters = Array.from({ length: 30 }, (_, i) => parseFilter(`f/${String(i)}`))
const options = { qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const

/** A client that takes 20 bytes a packet. */
function connect() {
  const rig = new GatewayRig()
  return { rig, client: rig.connect(5, { properties: { maximumPacketSize: 20 } }) }
}

function expectTooLarge(client: RigClient): void {
  expect(client.take()).toEqual([{ kind: 'disconnect', reasonCode: 0x95, properties: {} }])
  expect(client.isClosed).toBe(true)
}

describe('an answer above the maximum packet size of the client [MQTT-3.1.2-24]', () => {
  it.each([
    ['PUBACK', 1, 'puback'],
    ['PUBREC', 2, 'pubrec'],
  ] as const)('%s loses its reason string [MQTT-3.4.2-2]', (_name, qos, kind) => {
    const { rig, client } = connect()
    rig.gateway.writable = false
    client.send(publishPacket('t', { qos, packetId: 3 }))
    rig.store(rig.endTurn())
    expect(client.take()).toEqual([{ kind, packetId: 3, reasonCode: 0x97, properties: {} }])
  })

  it('PUBCOMP loses its reason string [MQTT-3.7.2-2]', () => {
    const { client } = connect()
    client.send({ kind: 'pubrel', packetId: 3, reasonCode: 0, properties: {} })
    expect(client.take()).toEqual([{ kind: 'pubcomp', packetId: 3, reasonCode: 0x92, properties: {} }])
  })

  it.each([
    [
      'says so with another one',
      8,
      [{ kind: 'connack', sessionPresent: false, reasonCode: 0x95, properties: {} }],
    ],
    ['is followed by nothing if even that is too large', 4, []],
  ])('CONNACK ends the connection and %s', (_what, maximumPacketSize, expected) => {
    const rig = new GatewayRig()
    const client = rig.open(5)
    client.send(connectPacket(5, { properties: { maximumPacketSize } }))
    rig.store(rig.endTurn())
    client.accept()
    expect(client.take()).toEqual(expected)
    expect(client.isClosed).toBe(true)
    expect(rig.endTurn()).toMatchObject([{ kind: 'ConnectionClosed', reasonCode: 0x95 }])
  })

  it('SUBACK ends the connection', () => {
    const { rig, client } = connect()
    const subscriptions = filters.map((filter) => ({ ...options, filter }))
    client.send({ kind: 'subscribe', packetId: 1, subscriptions, properties: {} })
    rig.store(rig.endTurn())
    const codes = filters.map((_, place) => ({ place, code: 0 }))
    rig.inbox({ kind: 'Subscribed', incarnation: 7, connection: client.number, request: 1, codes })
    expectTooLarge(client)
    expect(rig.endTurn()).toMatchObject([{ kind: 'ConnectionClosed', cause: 'server', reasonCode: 0x95 }])
  })

  it('UNSUBACK ends the connection', () => {
    const { rig, client } = connect()
    client.send({ kind: 'unsubscribe', packetId: 1, filters, properties: {} })
    rig.store(rig.endTurn())
    const codes = filters.map((_, place) => ({ place, code: 0x11 }))
    rig.inbox({ kind: 'Subscribed', incarnation: 7, connection: client.number, request: 1, codes })
    expectTooLarge(client)
  })
})
