// Feared: an alias that stands for the name of somebody else, or gets around the permissions.
import { describe, expect, it } from 'vitest'
import { GatewayRig, publishPacket } from './testing/gateway-rig.js'

describe('topic aliases of a client', () => {
  it('stand for the last name that they were given, on their connection alone', () => {
    const rig = new GatewayRig()
    const [one, other] = [rig.connect(5), rig.connect(5, { clientId: 'd' })]
    one.send(publishPacket('a', { properties: { topicAlias: 1 } }))
    one.send(publishPacket('b', { properties: { topicAlias: 16 } }))
    one.send(publishPacket('', { properties: { topicAlias: 1 } }))
    one.send(publishPacket('c', { properties: { topicAlias: 1 } }))
    one.send(publishPacket('', { properties: { topicAlias: 1 } }))
    one.send(publishPacket('', { properties: { topicAlias: 16 } }))
    const topics = rig.endTurn().map((one) => one.kind === 'message' && one.topic)
    expect(topics).toEqual(['a', 'b', 'a', 'c', 'c', 'b'])
    other.send(publishPacket('', { properties: { topicAlias: 1 } }))
    expect(other.take()).toMatchObject([{ kind: 'disconnect', reasonCode: 0x82 }])
  })

  it.each([
    ['above the maximum', 17],
    ['0', 0],
  ])('are refused with 0x94 when they are %s', (_what, topicAlias) => {
    const client = new GatewayRig().connect(5)
    client.send(publishPacket('a', { properties: { topicAlias } }))
    expect(client.take()).toMatchObject([{ kind: 'disconnect', reasonCode: 0x94 }])
  })

  it('do not get around the permissions', () => {
    const rig = new GatewayRig()
    const client = rig.connect(5, {}, { permissions: { publish: ['open'], subscribe: undefined } })
    client.send(publishPacket('shut', { qos: 1, packetId: 1, properties: { topicAlias: 1 } }))
    client.send(publishPacket('', { qos: 1, packetId: 2, properties: { topicAlias: 1 } }))
    expect(rig.endTurn()).toEqual([])
    rig.store()
    expect(client.take()).toMatchObject([{ reasonCode: 0x87 }, { reasonCode: 0x87 }])
  })
})
