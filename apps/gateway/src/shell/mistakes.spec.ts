// Feared: a mistake of ours, or a record that cannot be read, that takes others down, or that nobody hears of.
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { PublishPacket } from '#libs/mqtt'
import { Driven } from './testing/driven.js'

let driven: Driven
const begin = async (...options: Parameters<typeof Driven.begin>): Promise<Driven> =>
  (driven = await Driven.begin(...options))

afterEach(async () => {
  await driven.settle(driven.life.end())
})

const publish = (payload: string, given: Partial<PublishPacket> = {}): PublishPacket => ({
  kind: 'publish',
  dup: false,
  qos: 0,
  retain: false,
  packetId: 0,
  topic: 't',
  payload: Buffer.from(payload),
  properties: {},
  ...given,
})

/** Of the first connection, as driven.connect makes it. */
const firstNumber = 2 ** 20
const first = { incarnation: 1, connection: firstNumber } as const

describe('what goes wrong in a gateway', () => {
  it('keeps a mistake in a handler from everybody but the client that met it', async () => {
    await begin({}, () => {
      throw new Error('no chance here')
    })
    const well = await driven.connect('well')
    const ill = await driven.connect('')
    expect(ill.isEnded).toBe(true)
    expect(driven.lines.of('error')).toEqual(['a mistake in the broker ended a connection'])
    expect(driven.counters.failures).toBe(1)
    well.send({ kind: 'pingreq' })
    await driven.settle()
    expect(well.take()).toMatchObject([{ kind: 'pingresp' }])
  })

  it('says when its inbox cannot be read, ends all connections, and reads on', async () => {
    await begin()
    const client = await driven.connect('a')
    expect(driven.life.reading()).toBe(true)
    driven.spoilInbox()
    await driven.settle()
    expect(driven.life.reading()).toBe(false)
    expect(driven.lines.of('error')).toContain('the inbox of the gateway cannot be read')
    expect(driven.counters.failures).toBe(1)
    expect(client.take()).toMatchObject([{ kind: 'disconnect', reasonCode: 0x83 }])
    await vi.waitUntil(() => driven.life.reading())
    const next = await driven.connect('b')
    next.send(publish('1', { qos: 1, packetId: 1 }))
    await driven.settle()
    expect(next.take()).toMatchObject([{ kind: 'puback', packetId: 1 }])
    expect(driven.counters.connections).toBe(1)
  })

  it('ends all connections at a record of its inbox that it cannot read: nobody knows whose it was', async () => {
    await begin()
    const clients = [await driven.connect('a'), await driven.connect('b')]
    driven.tellBytes(Uint8Array.of(250, 1, 1))
    await driven.settle()
    for (const client of clients)
      expect(client.take()).toMatchObject([{ kind: 'disconnect', reasonCode: 0x83 }])
    expect(driven.counters.failures).toBe(1)
    expect(driven.life.reading()).toBe(true)
    const next = await driven.connect('c')
    expect(next.isEnded).toBe(false)
  })

  it.each([
    ['a message', () => driven.tellRuns([firstNumber, firstNumber + 1], ['1', '2'])],
    [
      'an answer',
      () => driven.tell({ kind: 'RetainedPageEnd', ...first, partition: 0, filter: '#', after: 'a' }),
    ],
  ])('keeps a mistake with %s from everybody but whom it is for', async (_what, tell) => {
    await begin()
    const [ill, well] = [await driven.connect('ill'), await driven.connect('well')]
    ill.takes = false
    ill.send({ kind: 'pingreq' })
    await driven.settle()
    let isAsked = false
    Object.defineProperty(ill, 'pending', {
      get: () => {
        if (isAsked) return 0
        isAsked = true
        throw new Error('no way to know')
      },
      set: () => undefined,
    })
    tell()
    driven.tellRuns([firstNumber + 1], ['3'])
    await driven.settle()
    expect(driven.lines.of('error')).toEqual(['a mistake in the broker ended a connection'])
    expect([ill.isEnded, driven.counters.failures]).toEqual([true, 1])
    expect(well.take().at(-1)).toMatchObject({ kind: 'publish', payload: Buffer.from('3') })
    expect(well.isEnded).toBe(false)
  })
})
