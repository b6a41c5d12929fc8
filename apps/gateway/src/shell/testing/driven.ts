// A gateway's driver on a memory log, with transports that a spec works by hand and a stand-in for auth and session that lets in everybody.
import { ByteReader, ByteWriter } from '#libs/base'
import { batchHeaderSize, RecordBatchBuilder, RecordCursor } from '#libs/batch'
import { MemoryLog } from '#libs/log'
import type { MemoryClient } from '#libs/log'
import { decodeFromServer, encodePacket, Frame, NO_LIMITS, readFrame } from '#libs/mqtt'
import type { ClientPacket, ServerPacket } from '#libs/mqtt'
import {
  authRecord,
  beginMessageRun,
  catalogue,
  gatewayInbox,
  gatewayRecord,
  leaseRecord,
  receiversItem,
  sessionRecord,
  writeMessage,
  writeReceiver,
} from '#libs/topics'
import type { GatewayRecord, LeaseRecord, SessionRecord, Topic } from '#libs/topics'
import { GatewayCounters } from '../../core/counters.js'
import { defaultGatewaySettings } from '../../core/settings.js'
import type { GatewaySettings } from '../../core/settings.js'
import { beginLife } from '../gateway-life.js'
import type { GatewayLife } from '../gateway-life.js'
import type { Transport, TransportEvents } from '../transport.js'
import { Lines } from './echo-reception.js'

/** How long what a spec waits for may take. */
const settleMillisMax = 5_000

export class Driven {
  readonly memory = new MemoryLog()
  readonly log: MemoryClient = this.memory.connect()
  readonly lines = new Lines()
  readonly counters = new GatewayCounters()
  now = 5_000_000
  /** False: who connects is not answered. */
  letsIn = true
  #life: GatewayLife | undefined

  static async begin(
    settings: Partial<GatewaySettings> = {},
    random: () => number = () => 1,
  ): Promise<Driven> {
    const driven = new Driven()
    const topics = [...Object.values(catalogue), gatewayInbox('gateway')]
    await driven.settle(driven.log.createTopics(topics.map((topic) => ({ topic, partitions: 1 }))))
    const { log, lines: logger, counters } = driven
    const life = beginLife({
      log,
      settings: { ...defaultGatewaySettings, ...settings },
      logger,
      counters,
      now: () => driven.now,
      random,
    })
    await driven.settle(life.then((found) => (driven.#life = found)))
    driven.#letIn()
    return driven
  }

  get life(): GatewayLife {
    if (this.#life === undefined) throw new Error('the gateway has not begun')
    return this.#life
  }

  /** Lets the log and the event loop go on until nothing is under way (and `until` is there). */
  async settle<T>(until?: Promise<T>): Promise<void> {
    let isThere = until === undefined
    // Not so many rounds: a stop waits for timers, and a thousand rounds may take less.
    const deadline = Date.now() + settleMillisMax
    until?.then(() => (isThere = true)).catch(() => (isThere = true))
    for (let round = 0; round < 5 || !isThere; round++) {
      if (Date.now() > deadline) throw new Error('what is waited for does not come')
      await new Promise((resolve) => setImmediate(resolve))
      await this.memory.settle()
    }
  }

  open(): HandTransport {
    const transport = new HandTransport()
    transport.events = this.life.driver.open(transport)
    return transport
  }

  async connect(clientId: string): Promise<HandTransport> {
    const transport = this.open()
    transport.send({
      kind: 'connect',
      version: 5,
      cleanStart: true,
      keepAlive: 10,
      clientId,
      will: undefined,
      userName: undefined,
      password: undefined,
      properties: {},
    })
    await this.settle()
    transport.take()
    return transport
  }

  /** What session has been told. */
  sessionRecords(): readonly SessionRecord[] {
    return this.#all(catalogue.sessionInbox, (reader) => sessionRecord.read(reader))
  }

  leases(): readonly LeaseRecord[] {
    return this.#all(catalogue.gatewayLease, (reader) => leaseRecord.read(reader))
  }

  /** Payloads in tbmq.msg.all. */
  messages(): readonly string[] {
    return this.#all(catalogue.messages, (reader) => reader.rawText(reader.remaining))
  }

  tell(record: GatewayRecord): void {
    const value = new ByteWriter()
    gatewayRecord.write(value, record)
    this.tellBytes(value.view())
  }

  /** A record of the gateway's inbox, whatever it is. */
  tellBytes(value: Uint8Array): void {
    const batch = new RecordBatchBuilder(256)
    batch.add(null, value)
    this.log.append({ topic: gatewayInbox('gateway').name, partition: 0 }, batch)
  }

  /** Appends a batch with less in it than it says. */
  spoilInbox(): void {
    const batch = new RecordBatchBuilder(256)
    batch.add(null, null)
    batch.bytes.fill(0xff, batchHeaderSize)
    this.log.append({ topic: gatewayInbox('gateway').name, partition: 0 }, batch)
  }

  /** One run for each payload, to all of these connections, in one batch: topic `t`, QoS 0. */
  tellRuns(connections: readonly number[], payloads: readonly string[]): void {
    const batch = new RecordBatchBuilder(256)
    const topic = Buffer.from('t')
    for (const text of payloads) {
      const run = new ByteWriter()
      beginMessageRun(run, 1, 0, 0)
      run.u8(receiversItem)
      run.varint(connections.length)
      for (const connection of connections) writeReceiver(run, connection, 0, [])
      const payload = Buffer.from(text)
      writeMessage(run, 0, 0, 0, topic, 0, 1, 0, 0, payload, 0, payload.length)
      batch.add(null, run.view())
    }
    this.log.append({ topic: gatewayInbox('gateway').name, partition: 0 }, batch)
  }

  #letIn(): void {
    const cursor = new RecordCursor()
    this.log.read(
      { topic: catalogue.authInbox.name, partition: 0 },
      {
        from: 0,
        visibility: 'appended',
        handle: ({ bytes }) => {
          cursor.open(bytes)
          while (this.letsIn && cursor.next()) {
            const { address, wanted } = authRecord.read(
              new ByteReader(bytes, cursor.valueFrom, cursor.valueTo),
            )
            this.tell({
              kind: 'SessionAccepted',
              incarnation: address.incarnation,
              connection: address.connection,
              birth: cursor.offset + 1,
              sessionPresent: false,
              kept: false,
              expirySeconds: wanted.expirySeconds,
              permissions: { publish: undefined, subscribe: undefined },
              principal: '',
            })
          }
        },
        failed: (error) => {
          throw error
        },
      },
    )
  }

  #all<T>(topic: Topic, read: (reader: ByteReader) => T): readonly T[] {
    const found: T[] = []
    const cursor = new RecordCursor()
    for (const { bytes } of this.memory.partition({ topic: topic.name, partition: 0 }).batches) {
      cursor.open(bytes)
      while (cursor.next()) found.push(read(new ByteReader(bytes, cursor.valueFrom, cursor.valueTo)))
    }
    return found
  }
}

/** The client's end of a connection: what it sends, what it gets, and whether its socket takes anything. */
export class HandTransport implements Transport {
  readonly peer = { host: '192.0.2.1', port: 1, transport: 'tcp', forwarded: false, sameOrigin: true }
  events: TransportEvents | undefined
  pending = 0
  /** False: the socket takes nothing. */
  takes = true
  /** False: the client does not close its side when the broker has closed its own. */
  leaves = true
  isPaused = false
  isEnded = false
  isDestroyed = false
  writes = 0
  #received: number[] = []

  send(...packets: readonly ClientPacket[]): void {
    const writer = new ByteWriter()
    for (const packet of packets) encodePacket(writer, packet, 5)
    this.raw(writer.copyOf())
  }

  raw(bytes: Uint8Array): void {
    this.events?.received(bytes, 0, bytes.length)
  }

  take(): readonly ServerPacket[] {
    const bytes = Uint8Array.from(this.#received.splice(0))
    const frame = new Frame()
    const packets: ServerPacket[] = []
    for (let at = 0; readFrame(bytes, at, bytes.length, frame, 268_435_460) === 'frame'; at = frame.bodyTo) {
      packets.push(decodeFromServer(bytes, frame, 5, NO_LIMITS))
    }
    return packets
  }

  /** The socket takes everything again. */
  drain(): void {
    this.takes = true
    this.pending = 0
    this.events?.drained()
  }

  write(bytes: Uint8Array, length: number): boolean {
    this.writes++
    for (let i = 0; i < length; i++) this.#received.push(bytes[i] ?? 0)
    if (this.takes) return true
    this.pending += length
    return false
  }

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    this.isPaused = false
  }

  end(): void {
    this.isEnded = true
    if (this.leaves) setImmediate(() => this.events?.closed())
  }

  destroy(): void {
    this.isDestroyed = true
    this.events?.closed()
  }
}
