// A simulated client that believes too much of its session blames the broker for what it has forgotten itself.
import { expect, it } from 'vitest'
import { Ledger } from '../ledger/ledger.js'
import { Standalone } from '../standalone.js'
import { takeTimers } from '../world/timers.js'
import { World } from '../world/world.js'
import { Peer } from './peer.js'

const millisMax = 10_000

/** A kept client that is connected to a broker. */
async function withPeer(act: (peer: Peer, goOn: (done: () => boolean) => Promise<void>) => Promise<void>) {
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
    const goOn = async (done: () => boolean): Promise<void> => {
      expect(await world.goOn(done, millisMax)).toBe(true)
    }
    broker.start()
    await goOn(() => broker.whole)
    peer.connect()
    await goOn(() => peer.connected)
    await act(peer, goOn)
    expect(ledger.violations).toEqual([])
  } finally {
    giveBack()
  }
}

it('takes what the broker kept for another session when its clean start never arrived', async () => {
  await withPeer(async (peer, goOn) => {
    const { session } = peer
    peer.connect(true)
    peer.cut()
    await goOn(() => peer.connected)
    expect(peer.session).not.toBe(session)
    expect(peer.session).toMatchObject({ inherits: true, ended: undefined })
  })
})

it('knows that what it asks for over an older connection may be for its newest session', async () => {
  await withPeer(async (peer, goOn) => {
    peer.takeOver(['late/before', 'late/behind'])
    await goOn(() => peer.late.length === 1)
    peer.connect(true)
    await goOn(() => peer.connected && peer.late.length === 2)
    expect(peer.session?.subscriptions).toEqual(peer.late)
  })
})
