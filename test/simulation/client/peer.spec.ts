// A simulated client that believes too much of its session blames the broker for what it has forgotten itself.
import { expect, it } from 'vitest'
import { Ledger } from '../ledger/ledger.js'
import { Standalone } from '../standalone.js'
import { takeTimers } from '../world/timers.js'
import { World } from '../world/world.js'
import { Peer } from './peer.js'

const millisMax = 10_000

it('takes what the broker kept for another session when its clean start never arrived', async () => {
  const world = new World({ seed: 1, shape: 'oneProcess' })
  const giveBack = takeTimers(world)
  try {
    const ledger = new Ledger()
    const broker = new Standalone(world, ledger, 1)
    const peer = new Peer({
      world,
      ledger,
      clientId: 'kept',
      version: 5,
      expirySeconds: 3600,
      receiveMaximum: 0,
      broker: () => broker.running,
      will: () => undefined,
    })
    broker.start()
    expect(await world.goOn(() => broker.whole, millisMax)).toBe(true)
    peer.connect()
    expect(await world.goOn(() => peer.connected, millisMax)).toBe(true)
    const { session } = peer
    peer.connect(true)
    peer.cut()
    expect(await world.goOn(() => peer.connected, millisMax)).toBe(true)
    expect(peer.session).not.toBe(session)
    expect(peer.session).toMatchObject({ inherits: true, ended: undefined })
    expect(ledger.violations).toEqual([])
  } finally {
    giveBack()
  }
})
