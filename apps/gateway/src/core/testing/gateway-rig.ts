// A gateway's machines with a log and sockets that a spec works by hand: what is appended is seen as records and is stored when the spec
// says so; what goes out is seen as packets.
import { assert, ByteWriter } from '#libs/base'
import { decodeFromServer, encodePacket, Frame, NO_LIMITS, readFrame } from '#libs/mqtt'
import type { ClientPacket, ConnectPacket, ProtocolVersion, PublishPacket, ServerPacket } from '#libs/mqtt'
import {
  beginKeptRun,
  beginMessageRun,
  gatewayRecord,
  receiversItem,
  writeMessage,
  writeReceiver,
} from '#libs/topics'
import type { GatewayRecord } from '#libs/topics'
import { Connection } from '../connection.js'
import { GatewayCounters } from '../counters.js'
import { Gateway } from '../gateway.js'
import { onInbox } from '../on-inbox.js'
import type { Outlet } from '../outlet.js'
import { defaultGatewaySettings } from '../settings.js'
import type { GatewaySettings } from '../settings.js'
import { NO_TARGET } from '../turns.js'
import type { Turn } from '../turns.js'
import { readBatch, type Appended } from './appended.js'

/** A message on its way to receivers. */
export interface RunMessage {
  readonly topic: string
  readonly payload?: string
  readonly qos?: number
  readonly retain?: boolean
  readonly deadline?: number
  readonly properties?: Uint8Array
  /** Where it stands in its partition of tbmq.msg.all. */
  readonly offset?: number
}

export class GatewayRig {
  readonly gateway: Gateway
  now = 1_000_000
  readonly #open: { readonly turn: Turn; readonly targets: readonly number[] }[] = []
  #random = 0

  constructor(settings: Partial<GatewaySettings> = {}) {
    this.gateway = new Gateway({
      settings: { ...defaultGatewaySettings, ...settings },
      counters: new GatewayCounters(),
      incarnation: 7,
      random: () => ++this.#random,
    })
    this.gateway.now = this.now
  }

  get counters() {
    return this.gateway.counters
  }

  pass(millis: number): void {
    this.now += millis
    this.gateway.now = this.now
  }

  /** A socket that has just opened. */
  open(version: ProtocolVersion = 5): RigClient {
    return new RigClient(this, version)
  }

  /** A client whose session is there; its CONNACK is taken. */
  connect(
    version: ProtocolVersion = 5,
    given: Partial<ConnectPacket> = {},
    session: Partial<Accepted> = {},
  ): RigClient {
    const client = this.open(version)
    client.send(connectPacket(version, given))
    this.store(this.endTurn())
    client.accept(session)
    client.take()
    return client
  }

  /** Ends the turn as the shell does: what was appended, as values. It is not stored yet. */
  endTurn(): readonly Appended[] {
    const { gateway } = this
    gateway.acknowledgements.flush()
    const appended: Appended[] = []
    if (gateway.appends.isEmpty && gateway.turns.current.isEmpty) return appended
    const turn = gateway.turns.close()
    turn.owed = gateway.appends.filled
    const targets: number[] = []
    gateway.appends.take(({ topic, partition, batch, number }) => {
      targets.push(number)
      readBatch(topic, partition, batch.bytes, appended)
    })
    this.#open.push({ turn, targets })
    return appended
  }

  /** The oldest turns that are not stored are: all of them. The argument is what a spec need not look at. */
  store(_seen: readonly Appended[] = []): void {
    for (const { turn, targets } of this.#open.splice(0)) this.#stored(turn, targets, false)
  }

  /** The log does not take what is not stored. */
  fail(): void {
    for (const { turn, targets } of this.#open.splice(0)) this.#stored(turn, targets, true)
  }

  inbox(record: GatewayRecord): void {
    const writer = new ByteWriter()
    gatewayRecord.write(writer, record)
    onInbox(this.gateway, writer.buffer, 0, writer.position)
  }

  /** A run from a matcher: each of the messages for each of the receivers. */
  run(
    receivers: readonly {
      readonly client: RigClient | number
      readonly options?: number
      readonly ids?: readonly number[]
    }[],
    messages: readonly RunMessage[],
  ): void {
    const writer = new ByteWriter()
    beginMessageRun(writer, this.gateway.incarnation, 0, 0)
    writer.u8(receiversItem)
    writer.varint(receivers.length)
    for (const { client, options = 0, ids = [] } of receivers) {
      writeReceiver(writer, typeof client === 'number' ? client : client.number, options, ids)
    }
    for (const message of messages) writeRunMessage(writer, message)
    onInbox(this.gateway, writer.buffer, 0, writer.position)
  }

  /** A run from delivery; `begin` writes the receiver before the message. */
  kept(begin: (writer: ByteWriter) => void, message: RunMessage): void {
    const writer = new ByteWriter()
    beginKeptRun(writer, this.gateway.incarnation)
    begin(writer)
    writeRunMessage(writer, message)
    onInbox(this.gateway, writer.buffer, 0, writer.position)
  }

  #stored(turn: Turn, targets: readonly number[], failed: boolean): void {
    if (targets.length === 0) this.gateway.turns.stored(turn, NO_TARGET, false)
    for (const target of targets) this.gateway.turns.stored(turn, target, failed)
  }
}

type Accepted = Omit<
  Extract<GatewayRecord, { kind: 'SessionAccepted' }>,
  'kind' | 'incarnation' | 'connection'
>

/** A client, from the outside. */
export class RigClient implements Outlet {
  bytes = new Uint8Array(64)
  at = 0
  pending = 0
  held = 0
  isClosed = false
  readonly connection: Connection
  #held = new Uint8Array(0)

  constructor(
    readonly rig: GatewayRig,
    readonly version: ProtocolVersion,
  ) {
    const peer = { host: '192.0.2.1', port: 5000, transport: 'tcp', forwarded: false, sameOrigin: true }
    const { gateway } = rig
    const connection = gateway.connections.take((number) => new Connection(gateway, number, peer, this))
    assert(connection !== undefined, 'There is room in the table.')
    this.connection = connection
  }

  get number(): number {
    return this.connection.number
  }

  failed(error: unknown): void {
    throw error
  }

  send(...packets: readonly ClientPacket[]): void {
    const writer = new ByteWriter()
    for (const packet of packets) encodePacket(writer, packet, this.version)
    this.raw(writer.copyOf())
  }

  raw(bytes: Uint8Array): void {
    this.#held = Uint8Array.from([...this.#held, ...bytes])
    this.#give()
  }

  #give(): void {
    const taken = this.connection.receive(this.#held, 0, this.#held.length)
    this.#held = this.#held.slice(taken)
  }

  /** The session is there. */
  accept(session: Partial<Accepted> = {}): void {
    this.rig.inbox({
      kind: 'SessionAccepted',
      incarnation: this.rig.gateway.incarnation,
      connection: this.number,
      birth: 40,
      sessionPresent: false,
      kept: false,
      expirySeconds: this.connection.sessionExpirySeconds,
      permissions: { publish: undefined, subscribe: undefined },
      principal: '',
      ...session,
    })
  }

  /** The packets that have gone out since the last time. */
  take(): readonly ServerPacket[] {
    const packets: ServerPacket[] = []
    const frame = new Frame()
    let at = 0
    while (at < this.at) {
      const result = readFrame(this.bytes, at, this.at, frame, 268_435_460)
      assert(result === 'frame', 'Only whole packets go out.')
      packets.push(decodeFromServer(this.bytes, frame, this.version, NO_LIMITS))
      at = frame.bodyTo
    }
    this.at = 0
    return packets
  }

  room(length: number): void {
    const larger = new Uint8Array((this.at + length) * 2)
    larger.set(this.bytes.subarray(0, this.at))
    this.bytes = larger
  }

  resume(): void {
    this.#give()
  }

  get isGone(): boolean {
    return this.connection.state === 'closed'
  }

  accepted(): void {}

  ended(): void {}

  close(): void {
    this.isClosed = true
  }

  cut(): void {
    this.held = 0
  }
}

export function connectPacket(version: ProtocolVersion, given: Partial<ConnectPacket> = {}): ConnectPacket {
  return {
    kind: 'connect',
    version,
    cleanStart: true,
    keepAlive: 60,
    clientId: 'c',
    will: undefined,
    userName: undefined,
    password: undefined,
    properties: {},
    ...given,
  }
}

export function publishPacket(
  topic: string,
  given: Partial<Omit<PublishPacket, 'kind' | 'topic'>> = {},
): PublishPacket {
  return {
    kind: 'publish',
    dup: false,
    qos: 0,
    retain: false,
    packetId: 0,
    payload: new Uint8Array([0x78]),
    properties: {},
    ...given,
    topic,
  }
}

function writeRunMessage(writer: ByteWriter, message: RunMessage): void {
  const {
    topic,
    payload = 'x',
    qos = 0,
    retain = false,
    deadline = 0,
    properties = new Uint8Array(0),
    offset = 0,
  } = message
  const source = new ByteWriter()
  source.rawText(topic)
  const topicTo = source.position
  source.raw(properties)
  const propertiesTo = source.position
  source.rawText(payload)
  writeMessage(
    writer,
    qos | (retain ? 4 : 0),
    offset,
    deadline,
    source.buffer,
    0,
    topicTo,
    topicTo,
    propertiesTo,
    source.buffer,
    propertiesTo,
    source.position,
  )
}
