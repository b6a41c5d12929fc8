// How long routing takes, without a log or a socket: batches of tbmq.msg.all go through the subscription service into a commit.
// `npm run build && node test/bench/micro-match.mjs [filter of case names]`. Prints nanoseconds per message and per receiver.
import { ByteWriter } from '#libs/base'
import { RecordBatchBuilder, stamp } from '#libs/batch'
import { CommitBuilder } from '#libs/runtime'
import { metadataLength, publisherBytes, subscriptionRecord, writeMetadata } from '#libs/topics'

const { subscriptionService } = await import('../../dist/apps/subscription/src/core/subscription.service.js')
const only = process.argv[2] ?? ''
const none = new Uint8Array(0)
const payload = new Uint8Array(100).fill(0x78)
const publisher = publisherBytes({
  clientId: 'publisher-1',
  birth: 1,
  gateway: 'g',
  incarnation: 1,
  connection: 1,
})

class Run {
  service = subscriptionService()
  placement = { partition: 0, clientPartitions: 1, topicPartitions: 1 }
  state = this.service.empty(this.placement)
  commit = new CommitBuilder(this, this.state)
  connections = 0
  inboxOffset = 0
  offset = 0

  /** Each of the filters for a client of its own. */
  subscribe(filters, kept = false) {
    const writer = new ByteWriter()
    for (let from = 0; from < filters.length; from += 1000) {
      const builder = new RecordBatchBuilder()
      const some = filters.slice(from, from + 1000)
      for (const filter of some) {
        const connection = ++this.connections
        const wanted = { filter, qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 }
        subscriptionRecord.write(writer.reset(), {
          kind: 'Subscribe',
          address: { gateway: 'standalone', incarnation: 1, connection },
          session: { clientId: `client-${connection}`, birth: connection },
          kept,
          request: 1,
          subscriptionId: 0,
          filters: [{ place: 0, wanted }],
        })
        builder.add(null, writer.copyOf())
      }
      this.decide(batchOf(builder, 'tbmq.subscription.inbox', this.inboxOffset))
      this.inboxOffset += some.length
    }
  }

  decide(batch) {
    this.service.decide(this.state, batch, 1000, this.commit)
    this.commit.finish()
    this.commit.reset()
  }

  /** One batch with a message on each of the topics. */
  messages(topics, flags = 0) {
    const builder = new RecordBatchBuilder()
    for (const topic of topics) {
      const key = Buffer.from(topic)
      const at = builder.addMessage(
        key,
        0,
        key.length,
        payload,
        0,
        payload.length,
        0x6d,
        metadataLength(publisher.length, -1, 0),
      )
      writeMetadata(builder.scratch, at, flags, publisher, -1, none, 0, 0)
    }
    return batchOf(builder, 'tbmq.msg.all', 0)
  }

  /** Routes the batches in turn; at least for this long. */
  measure(name, batches, receiversPerMessage = 1, between = undefined) {
    for (let i = 0; i < 30; i++) for (const batch of batches) this.decide(batch)
    let messages = 0
    const from = process.hrtime.bigint()
    let nanos = 0
    while (nanos < 1e9) {
      for (const batch of batches) {
        between?.()
        this.decide(batch)
        messages += batch.nextOffset - batch.baseOffset
      }
      nanos = Number(process.hrtime.bigint() - from)
    }
    const each = nanos / messages
    const receiver = (each / receiversPerMessage).toFixed(1)
    console.log(
      `${name.padEnd(58)} ${each.toFixed(0).padStart(8)} ns/message ${receiver.padStart(9)} ns/receiver`,
    )
  }
}

function batchOf(builder, topic, baseOffset) {
  const bytes = Buffer.from(builder.bytes)
  stamp(bytes, baseOffset, 1000, null)
  return { topic, partition: 0, baseOffset, nextOffset: baseOffset + builder.count, appendTime: 1000, bytes }
}

const count = (n, make) => Array.from({ length: n }, (_, i) => make(i))
const chunks = (items, size) =>
  count(Math.ceil(items.length / size), (i) => items.slice(i * size, (i + 1) * size))

const cases = {
  'fan-in: 100 topics, one # subscriber'() {
    const run = new Run()
    run.subscribe(['#'])
    return [run, [run.messages(count(1000, (i) => `bench/topic/${i % 100}`))], 1]
  },
  'fan-in: 100 topics, one a/# subscriber among 10,000 exact'() {
    const run = new Run()
    run.subscribe(['bench/#', ...count(10_000, (i) => `other/${i}`)])
    return [run, [run.messages(count(1000, (i) => `bench/topic/${i % 100}`))], 1]
  },
  'point to point: 1,000 topics, one exact subscriber each'() {
    const run = new Run()
    run.subscribe(count(1000, (i) => `bench/topic/${i}`))
    return [run, [run.messages(count(1000, (i) => `bench/topic/${i}`))], 1]
  },
  'point to point: 100,000 topics, one exact subscriber each'() {
    const run = new Run()
    const topics = count(100_000, (i) => `bench/topic/${i}`)
    run.subscribe(topics)
    return [run, chunks(topics, 1000).map((some) => run.messages(some)), 1]
  },
  'kept: 1,000 topics, one kept subscriber each'() {
    const run = new Run()
    const topics = count(1000, (i) => `bench/topic/${i}`)
    run.subscribe(topics, true)
    return [run, [run.messages(topics)], 1]
  },
  'fan-out: one topic, 1,000 subscribers'() {
    const run = new Run()
    run.subscribe(count(1000, () => 'bench/all'))
    return [run, [run.messages(count(1000, () => 'bench/all'))], 1000]
  },
  'fan-out: 10 topics in turn, 1,000 subscribers each'() {
    const run = new Run()
    run.subscribe(count(10_000, (i) => `bench/all/${i % 10}`))
    return [run, [run.messages(count(1000, (i) => `bench/all/${i % 10}`))], 1000]
  },
  'no receiver: 1,000 topics'() {
    const run = new Run()
    run.subscribe(['other'])
    return [run, [run.messages(count(1000, (i) => `bench/topic/${i}`))], 1]
  },
  'unique topics: a million names, one # subscriber'() {
    const run = new Run()
    run.subscribe(['#'])
    return [
      run,
      chunks(
        count(1_000_000, (i) => `bench/${i}`),
        1000,
      ).map((some) => run.messages(some)),
      1,
    ]
  },
  'churn: one exact subscribe per 100 messages, 100,000 topics'() {
    const run = new Run()
    const topics = count(100_000, (i) => `bench/topic/${i}`)
    run.subscribe(topics)
    const batches = chunks(topics, 100).map((some) => run.messages(some))
    let n = 0
    return [run, batches, 1, () => run.subscribe([`fresh/${n++}`])]
  },
  'churn: one wildcard subscribe per 100 messages, 100 topics'() {
    const run = new Run()
    run.subscribe(['bench/#'])
    let n = 0
    return [
      run,
      [run.messages(count(100, (i) => `bench/topic/${i}`))],
      1,
      () => run.subscribe([`fresh/${n++ % 10_000}/#`]),
    ]
  },
  'churn: one subscriber more per message, 1,000 to 5,000 on its topic'() {
    const run = new Run()
    run.subscribe(count(1000, () => 'bench/all'))
    const batch = run.messages(['bench/all'])
    return [run, [batch], 3000, () => run.connections < 5000 && run.subscribe(['bench/all'])]
  },
  'retained: 1,000 topics set again and again'() {
    const run = new Run()
    let offset = 0
    const batch = run.messages(
      count(1000, (i) => `bench/topic/${i}`),
      4,
    )
    return [
      run,
      [batch],
      1,
      () => {
        batch.baseOffset = offset
        stamp(batch.bytes, offset, 1000, null)
        offset += 1000
        batch.nextOffset = offset
      },
    ]
  },
}

for (const [name, make] of Object.entries(cases)) {
  if (!name.includes(only)) continue
  const [run, batches, receivers, between] = make()
  run.measure(name, batches, receivers, between)
}
