// The rows about much state rather than much traffic: how long a broker takes to have it back after SIGKILL, and what is left
// of its memory when the state has gone. On our broker alone: the peers keep nothing, and `/ready` and the probe are ours.

import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import {
  Client,
  CONNACK,
  PUBACK,
  PUBLISH,
  SUBACK,
  UNSUBACK,
  connectPacket,
  inParallel,
  publishPacket,
  subscribePacket,
  unsubscribePacket,
} from './client.mjs'
import { cpuSeconds, freePort, pause, residentMiB, startBroker } from './broker.mjs'

const SESSIONS = 100_000
const RETAINED = 100_000
const TOPICS = 1_000_000
const SUBSCRIPTIONS = 200_000
/** Connections that load at the same time. */
const WIDTH = 100
/** Packets written before their answers are waited for; below the receive maximum of the broker. */
const BATCH = 500
/** Expiries, sweeps and retention have had their turn after this. */
const SETTLE_MILLIS = 15_000
const MIB = 2 ** 20

/** Source addresses of the loopback network in turn, for as many connections as there are ports on each. */
const addressOf = (i) => `127.0.0.${2 + (i % 100)}`

async function connected(port, clientId, options, i = 0) {
  const client = new Client(port, addressOf(i))
  await client.write(connectPacket(clientId, options))
  await client.received(CONNACK, 1)
  return client
}

/** Kept sessions with three subscriptions each, one of them a wildcard. CONNECT and SUBSCRIBE go out together. */
const keepSessions = (port, count) =>
  inParallel(count, WIDTH, async (i) => {
    const client = new Client(port, addressOf(i))
    const filters = [`device/${i}/command`, `device/${i}/settings`, `site/${i % 1000}/device/${i}/+`]
    await client.write(
      Buffer.concat([connectPacket(`kept-${i}`, { clean: false }), subscribePacket(1, filters, 1)]),
    )
    await client.received(SUBACK, 1)
    await client.end()
  })

/** QoS 1 messages on `topicOf(i)`, a batch under way at a time. */
async function publishAll(client, from, to, topicOf, { payload, retain = false, qos = 1, beforeNext }) {
  let acknowledged = client.counts[PUBACK]
  for (let at = from; at < to; at += BATCH) {
    const packets = []
    const end = Math.min(at + BATCH, to)
    for (let i = at; i < end; i++)
      packets.push(publishPacket(topicOf(i), payload, { qos, id: 1 + i - at, retain }))
    await client.write(Buffer.concat(packets))
    if (qos > 0) await client.received(PUBACK, (acknowledged += end - at))
    await beforeNext?.(end)
  }
}

async function retainMessages(port, count) {
  const client = await connected(port, 'retainer', {})
  await publishAll(client, 0, count, (i) => `state/${i % 1000}/of/${i}`, {
    payload: Buffer.alloc(100, 0x78),
    retain: true,
  })
  await client.end()
}

const isReady = async (http) => {
  try {
    return (await fetch(`http://127.0.0.1:${http}/ready`)).ok
  } catch {
    return false
  }
}

/** Time of a start until the first CONNACK and until `/ready`, with all the state that was there at a SIGKILL. */
export async function measureRestore({ name, peer, runs }) {
  const http = await freePort()
  const withHttp = { envOf: () => ({ TBMQ_HTTP_PORT: String(http) }), startSeconds: 120 }
  let broker = await startBroker(name, peer, withHttp)
  const results = []
  try {
    const began = performance.now()
    await keepSessions(broker.port, SESSIONS)
    await retainMessages(broker.port, RETAINED)
    const loadSeconds = (performance.now() - began) / 1000
    for (let run = 0; run < runs; run++) {
      await broker.crash()
      broker = await startBroker(name, peer, { ...withHttp, folder: broker.folder })
      while (!(await isReady(http))) await pause(10)
      const readySeconds = broker.sinceStart() / 1000
      const startCpu = cpuSeconds(broker.pid)
      const clean = await isAllThere(broker.port)
      const rssMiB = residentMiB(broker.pid)
      results.push({
        connackSeconds: broker.startMillis / 1000,
        readySeconds,
        startCpu,
        rssMiB,
        loadSeconds,
        clean,
      })
    }
  } finally {
    await broker.stop()
  }
  return { results, clean: results.every(({ clean }) => clean) }
}

/** Some of the sessions are present with their subscriptions, and all retained messages come. */
async function isAllThere(port) {
  let present = 0
  let received = 0
  const probes = 20
  for (let probe = 0; probe < probes; probe++) {
    const i = Math.floor((probe * SESSIONS) / probes)
    const client = await connected(port, `kept-${i}`, { clean: false })
    if (client.sessionPresent) present++
    await client.write(
      Buffer.concat([
        publishPacket(`device/${i}/settings`, 'x', { qos: 1, id: 1 }),
        publishPacket(`site/${i % 1000}/device/${i}/x`, 'x', { qos: 1, id: 2 }),
      ]),
    )
    await client.received(PUBLISH, 2)
    received += client.counts[PUBLISH]
    await client.end()
  }
  const all = await connected(port, 'all-retained', {})
  await all.write(subscribePacket(1, ['state/#'], 0))
  await all.received(PUBLISH, RETAINED)
  await all.end()
  return present === probes && received === 2 * probes
}

/** Memory before and after topics and subscriptions that came and went. The first few of each kind count as "before": code and buffers that only a load brings. */
export async function measureForgetting({ name, peer, runs }) {
  const results = []
  for (let run = 0; run < runs; run++) {
    const broker = await startBroker(name, peer, {
      envOf: (folder) => ({
        NODE_OPTIONS: `--import ${join(import.meta.dirname, 'memory-probe.mjs')}`,
        BENCH_MEMORY_FILE: join(folder, 'memory.json'),
      }),
    })
    try {
      const atStart = await memoryOf(broker)
      await comeAndGo(broker.port, 'warm', 20_000, 10_000)
      const before = await memoryOf(broker)
      const cpuBefore = cpuSeconds(broker.pid)
      const began = performance.now()
      await comeAndGo(broker.port, 'topic', TOPICS, SUBSCRIPTIONS)
      const loadSeconds = (performance.now() - began) / 1000
      const loadCpu = cpuSeconds(broker.pid) - cpuBefore
      const after = await memoryOf(broker)
      results.push({ atStart, before, after, loadSeconds, loadCpu })
    } finally {
      await broker.stop()
    }
  }
  return { results, clean: true }
}

/** Distinct topics, a quarter each of QoS 0 and 1, to a subscriber of `#` and to nobody; then exact subscriptions with a message each. */
async function comeAndGo(port, prefix, topics, subscriptions) {
  const publisher = await connected(port, `${prefix}-publisher`, {})
  const payload = Buffer.alloc(100, 0x78)
  const quarter = topics / 4
  const publish = (kind, options) =>
    publishAll(publisher, 0, quarter, (i) => `${prefix}/${kind}/${i % 1000}/${i}`, { payload, ...options })

  const subscriber = await connected(port, `${prefix}-subscriber`, {})
  await subscriber.write(subscribePacket(1, [`${prefix}/#`], 1))
  await subscriber.received(SUBACK, 1)
  // QoS 0 may be dropped when its reader falls behind: each batch arrives before the next goes out.
  const arrived = (offset) => (end) => subscriber.received(PUBLISH, offset + end)
  await publish('heard-0', { qos: 0, beforeNext: arrived(0) })
  await publish('heard-1', { qos: 1, beforeNext: arrived(quarter) })
  await subscriber.end()
  await publish('unheard-0', { qos: 0 })
  await publish('unheard-1', { qos: 1 })
  await publisher.end()

  const filtersEach = 100
  await inParallel(subscriptions / filtersEach, 20, async (i) => {
    const client = await connected(port, `${prefix}-${i}`, {}, i)
    const filters = Array.from({ length: filtersEach }, (_, j) => `${prefix}/exact/${i}/${j}`)
    await client.write(subscribePacket(1, filters, 1))
    await client.received(SUBACK, 1)
    await publishAll(client, 0, filtersEach, (j) => filters[j], { payload })
    await client.received(PUBLISH, filtersEach)
    // Half are unsubscribed, half end with their session.
    if (i % 2 === 0) {
      await client.write(unsubscribePacket(2, filters))
      await client.received(UNSUBACK, 1)
    }
    await client.end()
  })
}

/** After everything has settled and a collection: the heap, what lies outside it, and what is resident, in MiB. */
async function memoryOf(broker) {
  await pause(SETTLE_MILLIS)
  const file = join(broker.folder, 'memory.json')
  rmSync(file, { force: true })
  process.kill(broker.pid, 'SIGUSR2')
  for (let tries = 0; ; tries++) {
    if (tries > 600) throw new Error('the memory probe does not answer')
    await pause(50)
    try {
      const { heapUsed, external, rss } = JSON.parse(readFileSync(file, 'utf8'))
      return { heapMiB: heapUsed / MIB, externalMiB: external / MIB, rssMiB: rss / MIB }
    } catch (error) {
      if (error.code !== 'ENOENT') throw error
    }
  }
}
