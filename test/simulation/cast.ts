// Who takes part in a run: clients of all versions, kept and clean, members of groups, and one that watches all wills.
import type { ProtocolVersion, QoS } from '#libs/mqtt'
import type { BrokerProcess } from './broker/process.js'
import type { WishedWill } from './client/packets.js'
import { Peer } from './client/peer.js'
import type { Ledger } from './ledger/ledger.js'
import type { World } from './world/world.js'

export interface CastOptions {
  readonly world: World
  readonly ledger: Ledger
  readonly broker: () => BrokerProcess | undefined
}

/** A member stays in one group for the run. */
export interface Member {
  readonly peer: Peer
  readonly filter: string
}

export interface Cast {
  readonly watcher: Peer
  /** Everybody but the watcher. */
  readonly peers: readonly Peer[]
  readonly members: readonly Member[]
  readonly all: readonly Peer[]
}

/** As broken clients call themselves: like a gateway, a group, a key of the store, or what every object of JavaScript has. */
const hostileIds = ['gateway', 'gateway-0', 'one/g', '{kept-0}', '__proto__', 'constructor']
const keptCount = 4
const briefCount = 2
const cleanCount = 6
const versions = [3, 4, 5, 5] as const

/** A session of these outlives its connection by so little that it often ends with messages unread. */
export const briefSeconds = 1
const longSeconds = 3600

/**
 * How long the sessions of each member outlive their connections: kept members only, both kinds, groups that begin and end with their one
 * member, one that nobody stays in, and one in which sessions end with messages in their queues.
 */
const groups = [
  { filter: '$share/kept/g/#', expirySeconds: [longSeconds, longSeconds] },
  { filter: '$share/mixed/g/+', expirySeconds: [longSeconds, 0, 0] },
  { filter: '$share/one/g/#', expirySeconds: [longSeconds] },
  { filter: '$share/brief/g/0', expirySeconds: [0] },
  { filter: '$share/constructor/g/+', expirySeconds: [0, 0] },
  { filter: '$share/passing/g/#', expirySeconds: [longSeconds, briefSeconds, briefSeconds] },
] as const

export function gather(options: CastOptions): Cast {
  const { world } = options
  const { random } = world
  const anyVersion = (): ProtocolVersion => random.pick(versions) ?? 4
  const make = (clientId: string, version: ProtocolVersion, expirySeconds: number): Peer => {
    const peer: Peer = new Peer({
      ...options,
      clientId,
      version,
      expirySeconds,
      receiveMaximum: random.chance(0.3) ? 1 + random.below(4) : 0,
      will: () => (random.chance(0.6) ? willOf(peer) : undefined),
    })
    return peer
  }
  const willOf = ({ clientId, kept, options: { version } }: Peer): WishedWill => ({
    topic: `w/${clientId}`,
    qos: 2,
    delaySeconds: version === 5 && kept && random.chance(0.4) ? 1 + random.below(2) : 0,
  })
  const many = (count: number, name: string, of: (id: string) => Peer): Peer[] =>
    Array.from({ length: count }, (_, index) => of(`${name}-${String(index)}`))
  const watcher: Peer = new Peer({
    ...options,
    clientId: 'watcher',
    version: 5,
    expirySeconds: longSeconds,
    receiveMaximum: 0,
    will: () => undefined,
  })
  const members = groups.flatMap(({ filter, expirySeconds }, group) =>
    expirySeconds.map((seconds, index) => ({
      filter,
      peer: make(
        `member-${String(group)}${String(index)}`,
        seconds === briefSeconds ? 5 : anyVersion(),
        seconds,
      ),
    })),
  )
  const peers = [
    ...hostileIds.map((id) => make(id, anyVersion(), longSeconds)),
    ...many(keptCount, 'kept', (id) => make(id, anyVersion(), longSeconds)),
    ...many(briefCount, 'brief', (id) => make(id, 5, briefSeconds)),
    ...many(cleanCount, 'clean', (id) => make(id, anyVersion(), 0)),
    ...members.map(({ peer }) => peer),
  ]
  return { watcher, peers, members, all: [watcher, ...peers] }
}

export const anyQos = (chance: () => number): QoS => {
  const drawn = chance()
  return drawn < 0.2 ? 0 : drawn < 0.6 ? 1 : 2
}
