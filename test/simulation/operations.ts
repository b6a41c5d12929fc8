// What clients do in a run, one operation at a time, drawn by the seed.
import { anyQos, briefSeconds, type Cast } from './cast.js'
import type { Peer } from './client/peer.js'
import type { World } from './world/world.js'

interface Operation {
  readonly weight: number
  readonly act: (stage: Stage) => void
}

export interface Stage {
  readonly world: World
  readonly cast: Cast
}

/** Topics of each client, per kind: `t` ordinary, `r` retained, `g` of groups, `w` what becomes of clients. */
const topicsPerClient = 3

const operations: readonly Operation[] = [
  { weight: 40, act: publishOne },
  { weight: 12, act: publishSome },
  { weight: 10, act: publishRetained },
  { weight: 12, act: publishToGroups },
  { weight: 5, act: publishStatus },
  { weight: 9, act: subscribe },
  { weight: 3, act: unsubscribe },
  { weight: 3, act: joinOrLeave },
  {
    weight: 7,
    act: (stage) => {
      somebody(stage)?.cut()
    },
  },
  { weight: 4, act: leaveForAWhile },
  { weight: 4, act: takeOver },
  { weight: 2, act: startClean },
  { weight: 4, act: beSlow },
]

const total = operations.reduce((sum, { weight }) => sum + weight, 0)

/** One operation of somebody. */
export function operate(stage: Stage): void {
  let drawn = stage.world.random.below(total)
  for (const { weight, act } of operations) {
    drawn -= weight
    if (drawn < 0) return act(stage)
  }
}

/** The first subscriptions: every client has some before the first fault. */
export function begin({ world, cast }: Stage): void {
  cast.watcher.subscribe(['w/#'], 2)
  for (const peer of cast.peers)
    if (!isMember(cast, peer))
      peer.subscribe(
        [anyFilter({ world, cast })],
        anyQos(() => world.random.fraction()),
      )
  for (const { peer, filter } of cast.members) peer.subscribe([filter], 2)
}

const isMember = (cast: Cast, peer: Peer): boolean => cast.members.some((member) => member.peer === peer)

function somebody({ world, cast }: Stage): Peer | undefined {
  return world.random.pick(cast.peers.filter(({ connected }) => connected))
}

function publishOne(stage: Stage): void {
  const { random } = stage.world
  const peer = somebody(stage)
  peer?.publish(
    `t/${peer.clientId}/${String(random.below(topicsPerClient))}`,
    anyQos(() => random.fraction()),
  )
}

function publishSome(stage: Stage): void {
  const { random } = stage.world
  const peer = somebody(stage)
  const topic = random.below(topicsPerClient)
  for (let count = 2 + random.below(8); count > 0; count--) {
    peer?.publish(
      `t/${peer.clientId}/${String(random.chance(0.7) ? topic : random.below(topicsPerClient))}`,
      anyQos(() => random.fraction()),
    )
  }
}

function publishRetained(stage: Stage): void {
  const { random } = stage.world
  const peer = somebody(stage)
  const clears = random.chance(0.2)
  peer?.publish(
    `r/${peer.clientId}/${String(random.below(2))}`,
    anyQos(() => random.fraction()),
    { retain: true, clears },
  )
}

function publishToGroups(stage: Stage): void {
  const { random } = stage.world
  const peer = somebody(stage)
  for (let count = 1 + random.below(4); count > 0; count--) {
    peer?.publish(
      `g/${String(random.below(topicsPerClient))}`,
      anyQos(() => random.fraction()),
    )
  }
}

/** Where its wills go: how it stands. */
function publishStatus(stage: Stage): void {
  const peer = somebody(stage)
  peer?.publish(`w/${peer.clientId}`, stage.world.random.chance(0.5) ? 1 : 2)
}

function anyFilter({ world: { random }, cast }: Stage): string {
  const other = random.pick(cast.peers)?.clientId ?? ''
  const topic = String(random.below(topicsPerClient))
  const filters = [
    `t/${other}/${topic}`,
    `t/${other}/${topic}`,
    `t/${other}/+`,
    `t/+/${topic}`,
    `+/${other}/#`,
    't/#',
    'r/#',
    `r/${other}/0`,
  ]
  return random.pick(filters) ?? 't/#'
}

function subscribe(stage: Stage): void {
  const { world, cast } = stage
  const peer = somebody(stage)
  if (peer === undefined || isMember(cast, peer)) return
  const known = peer.session?.subscriptions ?? []
  const filters = Array.from({ length: world.random.chance(0.3) ? 3 : 1 }, () => {
    // Often it has that one already, and wants another QoS.
    const again = world.random.chance(0.4) ? world.random.pick(known)?.filter : undefined
    return again ?? anyFilter(stage)
  })
  peer.subscribe(
    [...new Set(filters)],
    anyQos(() => world.random.fraction()),
    world.random.chance(0.15),
  )
}

function unsubscribe(stage: Stage): void {
  const { world, cast } = stage
  const peer = somebody(stage)
  if (peer === undefined || isMember(cast, peer)) return
  const views = peer.session?.subscriptions.filter(({ closed }) => closed === undefined) ?? []
  const view = world.random.pick(views)
  if (view !== undefined) peer.unsubscribe(view.filter)
}

function joinOrLeave({ world, cast }: Stage): void {
  const member = world.random.pick(cast.members.filter(({ peer }) => peer.connected))
  if (member === undefined) return
  const { peer, filter } = member
  const isIn = peer.session?.subscriptions.some(({ closed }) => closed === undefined) ?? false
  if (!isIn) peer.subscribe([filter], 2)
  else if (world.random.chance(0.4)) peer.unsubscribe(filter)
}

function leaveForAWhile(stage: Stage): void {
  const { world, cast } = stage
  const peer = somebody(stage)
  if (peer === undefined) return
  // Some leave without waiting for an answer.
  if (!isMember(cast, peer) && world.random.chance(0.4)) peer.subscribe([anyFilter(stage)], 1)
  peer.wanted = false
  peer.disconnect(world.random.chance(0.3))
  world.after(world.random.below(3_000_000), () => {
    if (peer.wanted) return
    peer.wanted = true
    peer.comeBack()
  })
}

/** A second connection of a client that is still connected, as the broker sees it. */
function takeOver(stage: Stage): void {
  const peer = somebody(stage)
  const { world, cast } = stage
  if (peer === undefined) return
  const shared = cast.members.find((member) => member.peer === peer)?.filter
  const filter = shared ?? anyFilter(stage)
  if (world.random.chance(shared === undefined ? 0.5 : 1))
    peer.askInVain(filter, 2, world.random.chance(0.5) ? 'subscribed' : 'unsubscribed')
  const lateFilters = Array.from({ length: world.random.below(4) }, () => shared ?? anyFilter(stage))
  for (let count = world.random.chance(0.2) ? 2 : 1; count > 0; count--) peer.takeOver(lateFilters)
}

/** Before 5.0 a clean start would also make the session end with its connection. */
function startClean(stage: Stage): void {
  const { world, cast } = stage
  const peer = somebody(stage)
  if (peer === undefined || peer.options.version < 5) return
  // The other members keep their sessions, so that their groups owe them all of QoS 2 as well.
  if (isMember(cast, peer) && peer.options.expirySeconds !== briefSeconds) return
  if (world.random.chance(0.5)) peer.cut()
  peer.connect(true)
}

function beSlow(stage: Stage): void {
  const peer = somebody(stage)
  if (peer === undefined) return
  peer.slow = true
  stage.world.after(stage.world.random.below(400_000), () => {
    peer.catchUp()
  })
}
