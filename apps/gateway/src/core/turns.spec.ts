// Feared: an answer before its append is stored, or out of order.
import { describe, expect, it } from 'vitest'
import { GatewayRig } from './testing/gateway-rig.js'
import { NO_TARGET, Turns } from './turns.js'

describe('Turns', () => {
  it('release answers in order of turns, whichever append is stored first', () => {
    const client = new GatewayRig().connect(4)
    const turns = new Turns(() => {})
    const closed = [1, 2, 3].map((packetId) => {
      turns.current.add(client.connection, 4, packetId, 0, packetId)
      const turn = turns.close()
      turn.owed = 2
      return turn
    })
    const answered = () => client.take().map((one) => one.kind === 'puback' && one.packetId)
    const [first, second, third] = closed
    if (first === undefined || second === undefined || third === undefined) throw new Error('three turns')
    turns.stored(third, 3, false)
    turns.stored(third, 30, false)
    turns.stored(second, 2, false)
    turns.stored(first, 1, false)
    expect(answered()).toEqual([])
    turns.stored(first, 10, false)
    expect(answered()).toEqual([1])
    turns.stored(second, 20, false)
    expect(answered()).toEqual([2, 3])
    expect(turns.storedNumber).toBe(3)
  })

  it('tell a failed append to those alone whose answers depend on it', () => {
    const client = new GatewayRig().connect(4)
    const failed: number[] = []
    const turns = new Turns((_connection, _type, packetId) => failed.push(packetId))
    for (const [packetId, target] of [[1, 7], [2, 8], [3, NO_TARGET]] as const) turns.current.add(client.connection, 4, packetId, 0, target) // prettier-ignore
    const turn = turns.close()
    turn.owed = 2
    turns.stored(turn, 7, true)
    turns.stored(turn, 8, false)
    expect(failed).toEqual([1])
    expect(client.take().map((one) => one.kind === 'puback' && one.packetId)).toEqual([2, 3])
  })

  it('hold thousands of answers in one turn', () => {
    const client = new GatewayRig().connect(4)
    const turns = new Turns(() => {})
    for (let packetId = 1; packetId <= 5000; packetId++)
      turns.current.add(client.connection, 4, packetId, 0, NO_TARGET)
    turns.stored(turns.close(), NO_TARGET, false)
    expect(client.take().length).toBe(5000)
  })
})
