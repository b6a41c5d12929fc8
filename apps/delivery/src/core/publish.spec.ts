// Fear: a QoS 2 message of a kept session is published twice, or out of its order.
import { describe, expect, it } from 'vitest'
import { at, online, record, type Append } from '../testing/appends.js'
import { DeliveryRig } from '../testing/delivery-rig.js'

describe('what a kept session publishes with QoS 2', () => {
  const message = {
    topic: 'q',
    payload: new Uint8Array([65]),
    qos: 2,
    retain: true,
    expirySeconds: 9,
    properties: new Uint8Array([1, 1]),
  }
  const session = { clientId: 'c1', birth: 1 }
  const publish = (packetId: number, address = at(1), qos = 2) =>
    record({ kind: 'Publish', session, address, packetId, message: { ...message, qos } })

  it('is published once for an id until it is released', () => {
    const rig = new DeliveryRig()
    rig.take(online(1, at(1)))
    const kinds = (...appends: readonly Append[]) => rig.take(...appends).map(({ kind }) => kind)
    expect(kinds(publish(5))).toEqual(['publish', 'PublishStored'])
    expect(kinds(publish(5))).toEqual(['PublishStored'])
    const release = record({ kind: 'ReleaseReceived', session, address: at(1), packetId: 5 })
    expect(rig.take(release)).toMatchObject([{ kind: 'ReleaseStored', packetId: 5, reasonCode: 0 }])
    expect(rig.take(release)).toMatchObject([{ kind: 'ReleaseStored', packetId: 5, reasonCode: 0x92 }])
    expect(kinds(publish(5))).toEqual(['publish', 'PublishStored'])
  })

  it('keeps QoS 1 and QoS 0 in their order with it', () => {
    const rig = new DeliveryRig()
    rig.take(online(1, at(1)))
    expect(
      rig.take(publish(1, at(1), 2), publish(2, at(1), 1), publish(0, at(1), 0)).map(({ kind }) => kind),
    ).toEqual(['publish', 'PublishStored', 'publish', 'PublishStored', 'publish'])
  })

  it('is dropped when it comes from a connection that is no longer the living one', () => {
    const rig = new DeliveryRig()
    rig.take(online(1, at(1)), online(1, at(2)))
    expect(rig.take(publish(5, at(1)))).toEqual([])
  })

  it('comes before the will of the session', () => {
    const rig = new DeliveryRig()
    rig.take(online(1, at(1)))
    const will = record({ kind: 'PublishWill', session, message: { ...message, topic: 'will' } })
    expect(rig.take(publish(5), will).map((one) => one['topic'])).toEqual(['q', undefined, 'will'])
  })
})
