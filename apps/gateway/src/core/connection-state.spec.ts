// Feared: a packet that is taken in a state in which it must not be, and a way back from the end.
import { describe, expect, it } from 'vitest'
import { PACKET } from '#libs/mqtt'
import { legalMove, mayArrive } from './connection-state.js'
import { GatewayRig, publishPacket } from './testing/gateway-rig.js'

describe('the states of a connection', () => {
  it('allow CONNECT first and once, AUTH alone while authenticating, and no server packet at all', () => {
    const types = Object.values(PACKET)
    expect(types.filter((type) => mayArrive('connecting', type))).toEqual([PACKET.connect])
    expect(types.filter((type) => mayArrive('authenticating', type))).toEqual([
      PACKET.disconnect,
      PACKET.auth,
    ])
    expect(types.filter((type) => !mayArrive('connected', type))).toEqual([
      PACKET.connect,
      PACKET.connack,
      PACKET.suback,
      PACKET.unsuback,
      PACKET.pingresp,
    ])
    for (const state of ['closing', 'closed'] as const)
      expect(types.some((type) => mayArrive(state, type))).toBe(false)
  })

  it('know no way back', () => {
    expect(() => legalMove('connected', 'waiting')).toThrow()
    expect(() => legalMove('closed', 'connecting')).toThrow()
    expect(legalMove('waiting', 'connected')).toBe('connected')
  })

  it('take nothing more once the end is decided', () => {
    const rig = new GatewayRig()
    const client = rig.connect(5)
    client.send({ kind: 'disconnect', reasonCode: 0, properties: {} }, publishPacket('t'), {
      kind: 'pingreq',
    })
    expect(client.take()).toEqual([])
    expect(rig.endTurn().map(({ kind }) => kind)).toEqual(['ConnectionClosed'])
    client.connection.socketClosed()
    client.connection.socketClosed()
    expect(client.connection.state).toBe('closed')
    expect(rig.endTurn()).toEqual([])
  })
})
