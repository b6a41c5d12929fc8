// What a claim must do, on every adapter of the log port: part of the contract in log.contract.ts.
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { LogFailure } from './event-log.js'
import { batchOf, facts, inbox, LogBench, secondFacts, type LogHarness } from './testing/log-bench.js'

export function describeClaims(makeHarness: () => LogHarness): void {
  let bench: LogBench
  beforeEach(async () => {
    bench = await LogBench.open(makeHarness())
  })
  afterEach(() => bench.dispose())

  const states = [secondFacts, facts]

  it('commits facts and sends and tells the offset of the main fact', async () => {
    bench.log.append(facts, batchOf('x=0'))
    const claim = await bench.settled(bench.log.claim('session', 0, states))
    const sends = bench.follow(inbox, 0)
    let told: [LogFailure | undefined, number] | undefined
    const commit = [
      { target: secondFacts, batch: batchOf('r=1') },
      { target: facts, batch: batchOf('a=1', 'b=2') },
    ]
    claim.commit(commit, [{ target: inbox, batch: batchOf('s=1') }], (...how) => (told = how))
    expect(told).toBe(undefined)
    await bench.until(() => told !== undefined && sends.length === 1)
    expect(told).toEqual([undefined, 1])
    expect(await bench.stateOf(facts)).toEqual(['0 x=0', '1 a=1', '2 b=2'])
    expect(await bench.stateOf(secondFacts)).toEqual(['0 r=1'])
  })

  it('commits in the order of its calls, and an empty commit as well', async () => {
    const claim = await bench.settled(bench.log.claim('session', 0, states))
    const order: number[] = []
    for (let i = 0; i < 20; i++) {
      const appends = [{ target: facts, batch: batchOf(`k=${i}`) }]
      if (i % 3 === 0) appends.unshift({ target: secondFacts, batch: batchOf(`k=${i}`) })
      const sends = [{ target: inbox, batch: batchOf(`s=${i}`) }]
      claim.commit(i === 10 ? [] : appends, i % 2 === 0 ? sends : [], () => order.push(i))
    }
    await bench.until(() => order.length === 20)
    expect((await bench.stateOf(facts)).map((record) => record.split('=')[1])).toEqual(
      order
        .toSorted((a, b) => a - b)
        .filter((i) => i !== 10)
        .map(String),
    )
    const sent = bench.follow(inbox, 0)
    await bench.until(() => sent.length === 10)
    expect(sent.map((record) => record.split('=')[1])).toEqual(
      [0, 2, 4, 6, 8, 10, 12, 14, 16, 18].map(String),
    )
  })

  it('is refused when another one has been made, and nothing of what it commits is kept', async () => {
    const first = await bench.settled(bench.log.claim('session', 0, states))
    const next = await bench.settled(bench.log.claim('session', 0, states))
    const told: string[] = []
    const sends = bench.follow(inbox, 0)
    const sendOld = [{ target: inbox, batch: batchOf('old=1') }]
    first.commit([{ target: facts, batch: batchOf('old=1') }], sendOld, (failure) =>
      told.push(`old ${failure?.kind}`),
    )
    next.commit([{ target: facts, batch: batchOf('new=1') }], [], (failure) =>
      told.push(`new ${failure?.kind}`),
    )
    await bench.until(() => told.length === 2)
    await bench.stored()
    expect(told.toSorted()).toEqual(['new undefined', 'old refused'])
    expect(await bench.stateOf(facts)).toEqual(['0 new=1'])
    expect(sends).toEqual([])
  })

  it('does not disturb the claims of other partitions and services', async () => {
    const one = await bench.settled(bench.log.claim('session', 0, [facts]))
    await bench.settled(bench.log.claim('session', 1, [{ ...facts, partition: 1 }]))
    await bench.settled(bench.log.claim('delivery', 0, []))
    let failure: LogFailure | undefined | null = null
    one.commit([{ target: facts, batch: batchOf('a=1') }], [], (how) => (failure = how))
    await bench.until(() => failure !== null)
    expect(failure).toBe(undefined)
  })

  it('takes nothing after its release', async () => {
    const claim = await bench.settled(bench.log.claim('session', 0, states))
    await bench.settled(claim.release())
    let failure: LogFailure | undefined
    claim.commit([{ target: facts, batch: batchOf('a=1') }], [], (how) => (failure = how))
    await bench.until(() => failure !== undefined)
    expect(failure?.kind).toBe('refused')
  })
}
