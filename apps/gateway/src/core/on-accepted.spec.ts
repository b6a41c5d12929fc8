// Feared: a CONNACK that tells a limit wrongly, comes too early, or to somebody else.
import { describe, expect, it } from 'vitest'
import { utf8Encode } from '#libs/base'
import { connectPacket, GatewayRig } from './testing/gateway-rig.js'
import type { GatewaySettings } from './settings.js'

function connack(given: Parameters<typeof connectPacket>[1], settings: Partial<GatewaySettings> = {}) {
  const rig = new GatewayRig(settings)
  const client = rig.open(5)
  client.send(connectPacket(5, given))
  rig.store(rig.endTurn())
  client.accept({ expirySeconds: Math.min(client.connection.sessionExpirySeconds, 604_800) })
  const [packet] = client.take()
  return packet?.kind === 'connack' ? packet : undefined
}

describe('CONNACK', () => {
  it('tells what is limited, and nothing that is not', () => {
    expect(connack({})?.properties).toEqual({
      receiveMaximum: 1000,
      maximumPacketSize: 1_048_576,
      topicAliasMaximum: 16,
    })
  })

  it.each([
    [
      'a client id that was assigned',
      { clientId: '' },
      { assignedClientIdentifier: expect.stringMatching(/^tbmq-/) },
    ],
    ['a keep alive that is too long', { keepAlive: 3000 }, { serverKeepAlive: 1200 }],
    ['a keep alive that is off', { keepAlive: 0 }, { serverKeepAlive: 1200 }],
    ['a session expiry that was cut', { properties: { sessionExpiryInterval: 700_000 } }, { sessionExpiryInterval: 604_800 }], // prettier-ignore
    ['response information on request', { properties: { requestResponseInformation: true } }, { responseInformation: 'r/' }], // prettier-ignore
  ])('tells %s', (_what, given, expected) => {
    expect(connack(given, { responseInformation: 'r/' })?.properties).toMatchObject(expected)
  })

  it('tells everything that is switched off', () => {
    const off = {
      maximumQos: 1,
      retainAvailable: false,
      wildcardsAvailable: false,
      subscriptionIdsAvailable: false,
      sharedAvailable: false,
      topicAliasMax: 0,
      receiveMaximum: 65_535,
    } as const
    expect(connack({}, off)?.properties).toEqual({
      maximumQos: 1,
      retainAvailable: false,
      wildcardSubscriptionAvailable: false,
      subscriptionIdentifiersAvailable: false,
      sharedSubscriptionAvailable: false,
      maximumPacketSize: 1_048_576,
    })
  })

  it('says that a session is there, in 3.1.1 too, and that it was refused', () => {
    const rig = new GatewayRig()
    const [here, refused] = [rig.open(4), rig.open(4)]
    for (const client of [here, refused]) client.send(connectPacket(4))
    rig.store(rig.endTurn())
    here.accept({ sessionPresent: true })
    expect(here.take()).toMatchObject([{ kind: 'connack', sessionPresent: true, reasonCode: 0 }])
    const connection = refused.number
    rig.inbox({ kind: 'ConnectionRefused', incarnation: 7, connection, reasonCode: 0x86, sentence: 'No.' })
    expect(refused.take()).toMatchObject([{ kind: 'connack', reasonCode: 0x86 }])
    expect(refused.isClosed).toBe(true)
    expect([...rig.counters.refusals]).toEqual([[0x86, 1]])
    expect(rig.endTurn()).toEqual([])
  })

  it('is not sent, nor anything else, when the client left while it waited', () => {
    const rig = new GatewayRig()
    const client = rig.open(5)
    client.send(connectPacket(5))
    rig.store(rig.endTurn())
    client.connection.socketClosed()
    client.accept()
    expect(client.at).toBe(0)
    expect(rig.endTurn()).toMatchObject([
      { kind: 'ConnectionClosed', clientId: 'c', birth: 0, cause: 'broken' },
    ])
  })

  it('refuses a will that the client may not publish, and sees to it that it never fires', () => {
    const rig = new GatewayRig()
    const client = rig.open(5)
    const will = { topic: 'secret', payload: utf8Encode('x'), qos: 0, retain: false, properties: {} } as const
    client.send(connectPacket(5, { will }))
    rig.store(rig.endTurn())
    client.accept({ permissions: { publish: ['open/#'], subscribe: undefined } })
    expect(client.take()).toMatchObject([{ kind: 'connack', reasonCode: 0x87 }])
    expect([...rig.counters.refusals]).toEqual([[0x87, 1]])
    expect(rig.endTurn()).toMatchObject([{ kind: 'ConnectionClosed', publishWill: false }])
  })

  it('ignores answers to connections of another incarnation', () => {
    const rig = new GatewayRig()
    const client = rig.open(5)
    client.send(connectPacket(5))
    const refusal = {
      kind: 'ConnectionRefused',
      connection: client.number,
      reasonCode: 0x87,
      sentence: '',
    } as const
    rig.inbox({ ...refusal, incarnation: 6 })
    expect(client.isClosed).toBe(false)
  })

  it.each([
    [
      true,
      [
        { kind: 'connack', reasonCode: 0 },
        { kind: 'disconnect', reasonCode: 0x8e },
      ],
    ],
    // A CONNACK without session present would make it forget what it has under way.
    [false, [{ kind: 'connack', reasonCode: 0x88 }]],
  ])(
    'tells a 5.0 client that another took its place while it waited, clean start %s',
    (cleanStart, packets) => {
      const rig = new GatewayRig()
      const client = rig.open(5)
      client.send(connectPacket(5, { cleanStart }))
      rig.store(rig.endTurn())
      const connection = client.number
      rig.inbox({
        kind: 'ConnectionRefused',
        incarnation: 7,
        connection,
        reasonCode: 0x8e,
        sentence: 'Taken over.',
      })
      expect(client.take()).toMatchObject(packets)
    },
  )
})
