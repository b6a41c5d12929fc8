// Fear: a restored partition answers otherwise than the one that lived. Random histories, trimmed as they grow; after every few steps a
// state is rebuilt from facts and inbox and must be the living one to the last message.
import { SeededRandom } from '#libs/base'
import { describe, expect, it } from 'vitest'
import {
  answers,
  at,
  end,
  join,
  offline,
  online,
  page,
  record,
  run,
  type Receiver,
} from '../testing/appends.js'
import { DeliveryRig, type Delivered } from '../testing/delivery-rig.js'
import { dump } from '../testing/dump.js'
import { groupStrategies } from './settings.js'

const births = [11, 12, 13, 14, 15, 16]

class History {
  readonly rig: DeliveryRig
  readonly random: SeededRandom
  readonly connections = new Map<number, number>()
  nextConnection = 1
  nextOffset = 1
  /** Delivered and not finally answered, per birth and number. */
  open: Delivered[] = []
  ended = new Set<number>()
  next = 100

  constructor(seed: number) {
    this.random = new SeededRandom(seed)
    const strategy = this.random.pick(groupStrategies) ?? 'roundRobin'
    this.rig = new DeliveryRig({
      inboxBytesMax: this.random.pick([1_000, 4_000, 20_000, 1_000_000]) ?? 4_000,
      topicPartitions: 2,
      limits: {
        queueLengthMax: this.random.pick([3, 10, 50, 0]) ?? 10,
        whenFull: this.random.pick(['dropOldest', 'refuseNewest'] as const) ?? 'dropOldest',
        queueBytesMax: this.random.pick([0, 300]) ?? 0,
        groupStrategy: strategy,
      },
    })
  }

  step(): void {
    const { random, rig } = this
    rig.now += random.below(400)
    const birth = random.pick(births) ?? 11
    const connection = this.connections.get(birth)
    switch (random.below(14)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return this.publish()
      case 4:
      case 5:
        return this.answer()
      case 6: {
        const now = this.nextConnection++
        this.connections.set(birth, now)
        this.see(rig.take(online(birth, at(now), 1 + random.below(6))))
        return
      }
      case 7:
        if (connection === undefined) return
        this.connections.delete(birth)
        rig.take(offline(birth, at(connection)))
        return
      case 8:
        if (!random.chance(0.2)) return
        this.connections.delete(birth)
        this.see(rig.take(end(birth)))
        // Births only rise: the next session of this place in the list is another one.
        births[births.indexOf(birth)] = this.next++
        return
      case 9: {
        if (connection === undefined) return
        const kept = random.chance(0.4)
        const filter = random.pick(['t', 'u/+']) ?? 't'
        this.see(rig.take(join(birth, at(connection), { kept, filter, receiveMaximum: 1 + random.below(3) })))
        return
      }
      case 10: {
        const group = random.pick([...rig.state.groups.values()])
        if (group === undefined) return
        if (random.chance(0.7)) {
          const { share, filter } = group
          const partition = random.below(2)
          this.see(rig.take(record({ kind: 'GroupStored', share, filter, birth: group.birth, partition })))
        } else {
          const session = { clientId: `c${String(birth)}`, birth }
          const { share, filter } = group
          const address = at(connection ?? 0)
          this.see(
            rig.take(record({ kind: 'LeaveGroup', session, address, request: 1, place: 0, share, filter })),
          )
        }
        return
      }
      case 11:
        return this.qos2(birth, connection)
      case 12: {
        const displaced = random.pick(
          [...rig.state.displaced.values()].filter(({ over }) => over === undefined),
        )
        if (displaced !== undefined && random.chance(0.3)) {
          rig.take(record({ kind: 'TellDisplaced', addresses: [displaced.address], isOver: true }))
        } else if (displaced !== undefined && random.chance(0.5)) {
          rig.take(join(birth, displaced.address, { kept: true }))
        } else if (connection !== undefined) {
          rig.take(record({ kind: 'TellDisplaced', addresses: [at(connection)], isOver: false }))
          const now = this.nextConnection++
          this.connections.set(birth, now)
          this.see(rig.take(online(birth, at(now), 1 + random.below(6))))
        }
        return
      }
      default:
        if (random.chance(0.2)) return rig.restart()
        if (random.chance(0.3)) rig.wait(random.below(80_000))
        rig.trim()
    }
  }

  publish(): void {
    const { random, rig } = this
    const again = random.chance(0.1)
    const from = again ? Math.max(0, this.nextOffset - random.below(10)) : this.nextOffset
    const count = 1 + random.below(8)
    const messages = Array.from({ length: count }, (_, i) => ({
      offset: from + i,
      qos: random.below(3),
      publisher: random.below(3),
      retain: random.chance(0.2),
      topic: `t/${String(random.below(5))}`,
      deadline: random.chance(0.2) ? rig.now + random.below(3_000) : 0,
      properties: random.chance(0.2) ? new Uint8Array([1, 1]) : new Uint8Array(0),
      to: this.receivers(),
    }))
    this.nextOffset = Math.max(this.nextOffset, from + count)
    this.see(rig.take(random.chance(0.1) ? page(messages) : run(messages, random.chance(0.2) ? 1 : 0)))
  }

  receivers(): Receiver[] {
    const { random, rig } = this
    const groups = [...rig.state.groups.keys()].map((id) => ({ id, group: true, qos: 2 }))
    const sessions = births.map((id) => ({
      id,
      qos: random.below(3),
      retainAsPublished: random.chance(0.5),
      ids: random.chance(0.2) ? [random.below(100)] : [],
    }))
    return random.shuffle([...sessions, ...groups]).slice(0, 1 + random.below(4))
  }

  see(sent: readonly { readonly kind: string }[]): void {
    for (const one of sent) if (isDelivered(one) && one.qos > 0) this.open.push(one)
  }

  answer(): void {
    const { random, rig } = this
    const list = random.shuffle(this.open).slice(0, random.below(10))
    this.open = this.open.filter((one) => !list.includes(one) || one.qos === 2 || random.chance(0.1))
    const steps = list.map((one) => {
      const birth = [...this.connections].find(([, connection]) => connection === one.connection)?.[0] ?? 0
      const step = one.qos === 1 ? random.pick([0, 0, 0, 3]) : random.pick([1, 2, 3])
      if (one.group === 0) return { step: step ?? 0, id: birth, number: one.number }
      return { step: (random.pick([0, 1, 3, 4]) ?? 0) + 8, id: one.group, number: one.number }
    })
    if (steps.length > 0) this.see(rig.take(answers(steps)))
  }

  qos2(birth: number, connection: number | undefined): void {
    const { random, rig } = this
    if (connection === undefined) return
    const session = { clientId: `c${String(birth)}`, birth }
    const address = at(connection)
    const packetId = 1 + random.below(4)
    const message = {
      topic: 'q',
      payload: new Uint8Array([1]),
      qos: 2,
      retain: false,
      expirySeconds: undefined,
      properties: new Uint8Array(0),
    }
    rig.take(
      random.chance(0.6)
        ? record({ kind: 'Publish', session, address, packetId, message })
        : record({ kind: 'ReleaseReceived', session, address, packetId }),
    )
  }
}

function isDelivered(one: { readonly kind: string }): one is Delivered {
  return one.kind === 'message'
}

describe('a restored partition', () => {
  const seeds = Number(process.env['SEEDS'] ?? 60)
  const first = Number(process.env['SEED'] ?? 1)
  it(`is the living one, whatever happened (${String(seeds)} histories of 300 steps)`, () => {
    let moved = 0
    let kept = 0
    let lent = 0
    for (let seed = first; seed < first + seeds; seed++) {
      births.splice(0, births.length, 11, 12, 13, 14, 15, 16)
      const history = new History(seed)
      for (let i = 0; i < 300; i++) {
        history.step()
        if (i % 7 === 0) {
          const { rig } = history
          for (const group of rig.state.groups.values()) lent += group.lent
          expect(dump(rig.rebuild()), `seed ${String(seed)}, step ${String(i)}`).toEqual(dump(rig.state))
        }
      }
      if (history.rig.state.base.offset > 0) moved++
      kept += history.rig.settings.counters.keptAsFacts
    }
    // The histories would prove nothing if the base never moved, no message ever became a fact, and no group had any with a kept member.
    expect(moved).toBeGreaterThan(seeds / 4)
    expect(kept).toBeGreaterThan(seeds)
    expect(lent).toBeGreaterThan(seeds)
  })
})
