// Feared: a state restored from its facts that is not the living one, or answers otherwise; and, under any order of things, a will
// that fires twice or a connection that is answered twice.
import { SeededRandom } from '#libs/base'
import type { Address, SessionRecord } from '#libs/topics'
import { describe, expect, it } from 'vitest'
import { sameAddress } from './sessions.state.js'
import { at, dump, SessionRig, willOf, type Sent } from '../testing/session-rig.js'

/** Seeds of runs that once failed go first. */
const seeds = Array.from({ length: 12 }, (_, index) => index + 1)
const steps = 1_000

type Step = (rig: SessionRig) => readonly Sent[]

/** A world of a few clients on a few gateways; makes steps that two services can both take. */
class World {
  readonly #random: SeededRandom
  readonly #opened: { clientId: string; address: Address }[] = []
  readonly #incarnations = new Map([
    ['g', 1],
    ['h', 1],
  ])
  #connections = 0

  constructor(seed: number) {
    this.#random = new SeededRandom(seed)
  }

  step(rig: SessionRig): Step {
    const random = this.#random
    const roll = random.below(100)
    if (roll < 45) {
      const records = Array.from({ length: 1 + random.below(3) }, (_, place) => this.#record(rig, place))
      return (each) => each.read(...records)
    }
    if (roll < 47) return this.#gatewayEnds()
    const millis = random.pick([0, 1, 100, 499, 500, 1_000, 5_000, 60_000, 1_000_000]) ?? 0
    return (each) => each.pass(millis)
  }

  get chance(): SeededRandom {
    return this.#random
  }

  #gatewayEnds(): Step {
    const gateway = this.#random.pick(['g', 'h']) ?? 'g'
    const incarnation = this.#incarnations.get(gateway) ?? 1
    if (this.#random.chance(0.7)) this.#incarnations.set(gateway, incarnation + 1)
    return (each) => each.lease({ kind: 'Ended', gateway, incarnation })
  }

  #record(rig: SessionRig, place: number): SessionRecord {
    const random = this.#random
    const known = random.pick(this.#opened.slice(-12))
    if (known === undefined || random.chance(0.45)) return this.#opening(rig, place === 0)
    const { clientId, address } = known
    if (random.chance(0.1)) return { kind: 'Gone', address, clientId, birth: 5 }
    return {
      kind: 'ConnectionClosed',
      address,
      clientId,
      birth: random.chance(0.3) ? 0 : 5,
      cause: random.pick(['client', 'broken', 'takenOver'] as const) ?? 'broken',
      reasonCode: 0,
      expirySeconds: random.chance(0.2) ? random.below(3) * 20 : undefined,
      publishWill: random.chance(0.7),
    }
  }

  #opening(rig: SessionRig, mayRepeat: boolean): SessionRecord {
    const random = this.#random
    const gateway = random.pick(['g', 'h']) ?? 'g'
    const incarnation = this.#incarnations.get(gateway) ?? 1
    // A second OpenSession comes only while the first one's connection lives or waits.
    const again =
      mayRepeat && random.chance(0.1)
        ? random.pick(this.#opened.filter((one) => isHeld(rig, one)))
        : undefined
    const address = again?.address ?? at(++this.#connections, incarnation, gateway)
    const clientId = again?.clientId ?? random.pick(['a', 'b', 'c', 'd', '__proto__']) ?? 'a'
    this.#opened.push({ clientId, address })
    const will = random.chance(0.6)
      ? willOf(`w${String(this.#connections)}`, random.pick([0, 0, 3, 90]) ?? 0)
      : undefined
    return rig.opening({
      clientId,
      address,
      cleanStart: random.chance(0.4),
      expirySeconds: random.pick([0, 2, 60, 0xffff_ffff]) ?? 0,
      principal: random.chance(0.05) ? 'other' : 'p',
      arrivedMillis: rig.now - (random.chance(0.05) ? 40_000 : random.below(50)),
      connectOffset: random.chance(0.1) ? 0 : this.#connections,
      ...(will === undefined ? {} : { will }),
    })
  }
}

function isHeld(rig: SessionRig, { clientId, address }: { clientId: string; address: Address }): boolean {
  const row = rig.row(clientId)
  return sameAddress(row?.address, address) || sameAddress(row?.waiting?.opening.address, address)
}

/** What was sent, in an order that does not depend on that of maps. */
const canonical = (sent: readonly Sent[]): readonly string[] =>
  sent
    .map(({ value, ...rest }) => {
      const { sessions } = value
      const sorted = Array.isArray(sessions) ? sessions.map((each) => JSON.stringify(each)).sort() : sessions
      return JSON.stringify({ ...rest, ...value, sessions: sorted })
    })
    .sort()

describe.each(seeds)('a run of seed %i', (seed) => {
  it('restores to what it was, and goes on as it would have', () => {
    const world = new World(seed)
    const living = new SessionRig()
    const restored = new SessionRig()
    for (let index = 0; index < steps; index++) {
      const step = world.step(living)
      const expected = canonical(step(living))
      expect(canonical(step(restored)), `step ${String(index)}`).toEqual(expected)
      if (!world.chance.chance(0.1)) continue
      restored.state = restored.restored()
      expect(dump(restored.state), `step ${String(index)}`).toBe(dump(living.state))
      // The living one may still hold deadlines that no longer count, so it may wake in vain, but never later.
      const wakes = [living, restored].map(({ service, state }) => service.nextWake(state) ?? Infinity)
      expect(wakes[0]).toBeLessThanOrEqual(wakes[1] ?? Infinity)
    }
  })

  it('fires no will twice and answers no connection twice', () => {
    const world = new World(seed)
    const rig = new SessionRig()
    const wills = new Map<unknown, number>()
    const answers = new Map<string, number>()
    for (let index = 0; index < steps; index++) {
      for (const { kind, value } of world.step(rig)(rig)) {
        if (kind === 'Published') count(wills, value['topicName'])
        if (kind === 'PublishWill') count(wills, topicOf(value['message']))
        if (kind === 'SessionAccepted' || kind === 'ConnectionRefused') {
          count(answers, `${String(value['incarnation'])} ${String(value['connection'])}`)
        }
      }
    }
    expect(wills.size).toBeGreaterThan(20)
    expect([...wills].filter(([, times]) => times > 1)).toEqual([])
    expect([...answers].filter(([, times]) => times > 1)).toEqual([])
  })
})

function count<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

const topicOf = (message: unknown): unknown =>
  typeof message === 'object' && message !== null && 'topic' in message ? message.topic : undefined
