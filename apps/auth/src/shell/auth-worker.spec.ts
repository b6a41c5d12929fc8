// Feared: a CONNECT without an answer, somebody let in while something is broken, one slow check that holds up others.
import { ByteReader, ByteWriter } from '#libs/base'
import { RecordBatchBuilder, RecordCursor } from '#libs/batch'
import { MemoryLog, type MemoryClient } from '#libs/log'
import {
  authRecord,
  catalogue,
  gatewayInbox,
  gatewayRecord,
  partitionOfClient,
  sessionRecord,
  type AuthRecord,
  type Topic,
} from '#libs/topics'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { anonymousProvider } from '../core/anonymous.js'
import type { Answer, Provider } from '../core/authenticate.js'
import { AuthWorker } from './auth-worker.js'

const now = 1_800_000_000_000
const partitions = 4
let shared: MemoryLog
let log: MemoryClient
let failures: string[]

const authenticate = (
  clientId: string,
  change: Partial<AuthRecord> = {},
  willTopic?: string,
): AuthRecord => ({
  kind: 'Authenticate',
  address: { gateway: 'g', incarnation: 1, connection: 7 },
  peer: { host: '127.0.0.1', port: 1, transport: 'tcp', forwarded: false, sameOrigin: true },
  wanted: {
    clientId,
    cleanStart: true,
    expirySeconds: 0,
    limits: { protocolVersion: 5, receiveMaximum: 1, maximumPacketSize: undefined },
    keepAliveSeconds: 60,
    will:
      willTopic === undefined
        ? undefined
        : {
            delaySeconds: 0,
            message: {
              topic: willTopic,
              payload: new Uint8Array(0),
              qos: 0,
              retain: false,
              expirySeconds: undefined,
              properties: new Uint8Array(0),
            },
          },
  },
  userName: undefined,
  password: undefined,
  arrivedMillis: now,
  ...change,
})

const worker = (partition: number, ...providers: Provider[]) =>
  new AuthWorker({
    log,
    partition,
    clientPartitions: partitions,
    providers,
    now: () => now,
    failed: (sentence) => failures.push(sentence),
  })

function ask(...records: readonly AuthRecord[]): void {
  const builder = new RecordBatchBuilder()
  const writer = new ByteWriter()
  for (const record of records) {
    authRecord.write(writer.reset(), record)
    builder.add(null, writer.copyOf())
  }
  log.append({ topic: catalogue.authInbox.name, partition: 0 }, builder)
}

/** All records of a partition so far, as values. */
async function recordsOf<T>(topic: Topic, partition: number, read: (reader: ByteReader) => T): Promise<T[]> {
  const found: T[] = []
  const cursor = new RecordCursor()
  const reader = log.read(
    { topic: topic.name, partition },
    {
      from: 0,
      visibility: 'appended',
      handle: (batch) => {
        cursor.open(batch.bytes)
        while (cursor.next()) found.push(read(new ByteReader(cursor.bytes, cursor.valueFrom, cursor.valueTo)))
      },
      failed: (error) => failures.push(String(error)),
    },
  )
  await shared.settle()
  const closed = reader.close()
  await shared.settle()
  await closed
  return found
}

const refusals = () => recordsOf(gatewayInbox('g'), 0, (reader) => gatewayRecord.read(reader))
/** Waits for so many refusals. */
const refused = (count: number): Promise<unknown> =>
  vi.waitUntil(async () => (await refusals()).length >= count, { timeout: 10_000, interval: 1 })
const openings = (partition: number) =>
  recordsOf(catalogue.sessionInbox, partition, (reader) => sessionRecord.read(reader))

beforeEach(async () => {
  shared = new MemoryLog()
  log = shared.connect()
  failures = []
  const made = log.createTopics([
    { topic: catalogue.authInbox, partitions },
    { topic: catalogue.sessionInbox, partitions },
    { topic: gatewayInbox('g'), partitions: 1 },
  ])
  await shared.settle()
  await made
})

describe('the auth worker', () => {
  it('sends whom it lets in to the session owner of the client, with all that the session needs', async () => {
    worker(0, anonymousProvider('loopback')).start()
    const asked = authenticate('somebody', {}, 'w')
    ask(asked)
    await shared.settle()
    const found = await openings(partitionOfClient('somebody', partitions))
    expect(found).toMatchObject([
      {
        kind: 'OpenSession',
        address: asked.address,
        wanted: { clientId: 'somebody', will: { message: { topic: 'w' } } },
        permissions: { publish: undefined, subscribe: undefined },
        principal: 'anonymous',
        arrivedMillis: now,
        connectOffset: 0,
      },
    ])
    expect(await refusals()).toEqual([])
  })

  it('answers a batch with one append', async () => {
    worker(0, anonymousProvider('all')).start()
    ask(...Array.from({ length: 50 }, (_, index) => authenticate(String(index))))
    await shared.settle()
    const counts = await Promise.all(
      [0, 1, 2, 3].map(async (partition) => (await openings(partition)).length),
    )
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(50)
  })

  it('tells the gateway whom it refuses, with the reason', async () => {
    const one = worker(0, anonymousProvider('none'))
    one.start()
    ask(authenticate('c'))
    await shared.settle()
    expect(await refusals()).toMatchObject([{ kind: 'ConnectionRefused', connection: 7, reasonCode: 0x87 }])
    expect(one.counters).toEqual({ allowed: 0, denied: 1, failures: 0 })
  })

  const limited: Provider = {
    name: 'limited',
    check: () => ({ kind: 'allow', permissions: { publish: ['a/+'], subscribe: [] }, principal: 'p' }),
  }
  const wills = [
    ['a/b', 0],
    ['a/b/c', 0x87],
    ['$SYS/x', 0x87],
  ] as const
  it.each(wills)('a will to %s of a client that may publish to a/+: %i', async (topic, code) => {
    worker(0, limited).start()
    ask(authenticate('c', {}, topic))
    await shared.settle()
    const refused = await refusals()
    if (code === 0) expect(refused).toEqual([])
    else expect(refused).toMatchObject([{ reasonCode: code }])
  })

  it('lets one wait and answers the others meanwhile', async () => {
    let answer: (late: Answer) => void = () => {}
    const slow: Provider = {
      name: 'slow',
      check: ({ clientId }) =>
        clientId === 'slow' ? new Promise<Answer>((resolve) => (answer = resolve)) : { kind: 'next' },
    }
    worker(0, slow, anonymousProvider('none')).start()
    ask(authenticate('slow'), authenticate('fast'))
    await shared.settle()
    expect(await refusals()).toHaveLength(1)
    answer({ kind: 'deny', reasonCode: 0x86, sentence: 'no' })
    await refused(2)
    expect(await refusals()).toMatchObject([{ reasonCode: 0x87 }, { reasonCode: 0x86 }])
  })

  const broken: [string, Provider][] = [
    [
      'throws',
      {
        name: 'broken',
        check: () => {
          throw new Error('broken')
        },
      },
    ],
    ['fails late', { name: 'broken', check: () => Promise.reject(new Error('broken')) }],
  ]
  it.each(broken)('refuses when a provider %s', async (_how, provider) => {
    worker(0, provider, anonymousProvider('all')).start()
    ask(authenticate('c'))
    await refused(1)
    expect(await refusals()).toMatchObject([{ reasonCode: 0x88 }])
    expect(failures).toEqual(['a CONNECT could not be checked'])
  })

  it('passes over a record that it cannot read, and answers the others', async () => {
    const one = worker(0, anonymousProvider('none'))
    one.start()
    const builder = new RecordBatchBuilder()
    builder.add(null, Uint8Array.of(255))
    log.append({ topic: catalogue.authInbox.name, partition: 0 }, builder)
    ask(authenticate('c'))
    await shared.settle()
    expect(await refusals()).toHaveLength(1)
    expect(failures).toEqual(['a record of tbmq.auth.inbox could not be read'])
    expect(one.counters.failures).toBe(1)
  })

  it('says when it reads no more, then reads on: nobody could log in, and the broker would call itself ready', async () => {
    const one = worker(0, anonymousProvider('none'))
    one.start()
    expect(one.reading).toBe(true)
    ask(authenticate('c', { address: { gateway: 'of no topic', incarnation: 1, connection: 7 } }))
    await shared.settle()
    expect(failures).toEqual(['reading tbmq.auth.inbox failed'])
    expect(one.reading).toBe(false)
    ask(authenticate('next'))
    await vi.waitUntil(() => one.reading)
    await shared.settle()
    expect(await refusals()).toHaveLength(1)
    await one.stop()
    expect(one.reading).toBe(false)
  })

  it('refuses while the log takes nothing: nobody could be let in', async () => {
    worker(0, anonymousProvider('all')).start()
    Object.defineProperty(log, 'writable', { value: false })
    ask(authenticate('c'))
    await shared.settle()
    expect(await refusals()).toMatchObject([{ reasonCode: 0x97 }])
  })

  it('passes over a CONNECT that has been given up', async () => {
    worker(0, anonymousProvider('none')).start()
    ask(authenticate('c', { arrivedMillis: now - 30_001 }))
    await shared.settle()
    expect(await refusals()).toEqual([])
  })
})
