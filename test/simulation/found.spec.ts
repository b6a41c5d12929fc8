// Seeds that once broke a promise. Each keeps its name; what it drew may have changed since, the name says what was wrong.
import { describe, expect, it } from 'vitest'
import { simulate } from './simulate.js'

const standalone = [
  [2014, 'a simulated process that had died took over the timers of the next one'],
  [41, 'a superseded CONNECT was told that its session was gone'],
  [1_200, 'a timer set behind an await was taken for one of the next simulated process'],
  [1_899, 'a kept client was answered before its last will was published'],
  [17_766_689, 'a group lost what a kept member had unread when its session ended'],
  [20_427, 'a SUBSCRIBE outlived its session, which had been taken over by force'],
] as const

const cluster = [
  [2, 'auth answered twice, and a session was made for a connection that was over'],
  [15, 'a group sent a message of QoS 2 again after a restore'],
  [24, 'a client was answered before delivery knew its connection'],
  [241, 'a simulated process that got a partition back went on with what it had known of it'],
  [821, 'a client took a session for expired whose last CONNECT had been accepted and not answered'],
  [1_190, 'a client took a session for safe that its clean start, late from a dead gateway, could still end'],
  [1_325, 'a client took what it had asked for over an older connection for its older session'],
  [2_561, 'a SUBSCRIBE outlived its session, which had been taken over by force from a gateway that died'],
  [2_838, 'a client waited for what its clean start, late from a dead gateway, had ended'],
  [100_319, 'an inbox was trimmed by what a later commit allowed, which was never stored'],
  [478, 'a group took an older session of its member for the younger one'],
  [1_221, 'a client took what its refused clean start had left for the session that it had given up'],
  [200_006, 'a PUBREL that came before CONNACK was dropped, and with it the window'],
  [200_113, 'a late answer of one member of a group was taken for that of another'],
  [17_765_606, 'a group lost what a kept member had unread when its session ended'],
  [200_720, 'a matcher went on behind facts that were refused'],
  [300_054, 'a kept client was answered before its will was published'],
] as const

describe('found by the simulation', () => {
  it.each(standalone)('standalone, seed %i: %s', { timeout: 60_000 }, async (seed) => {
    expect((await simulate({ shape: 'standalone', seed })).violations).toEqual([])
  })

  it.each(cluster)('cluster, seed %i: %s', { timeout: 60_000 }, async (seed) => {
    expect((await simulate({ shape: 'cluster', seed })).violations).toEqual([])
  })
})
