// One MQTT client of the simulation: a device with a client id that remembers its session over connections, as the specification asks
// of clients. What it sees goes into the ledger. What it does is told by the plan; acknowledging and coming back it does by itself.
import { ByteWriter, utf8Encode } from '#libs/base'
import { encodePacket, parseFilter } from '#libs/mqtt'
import type { ClientPacket, Packet, ProtocolVersion, QoS } from '#libs/mqtt'
import type { BrokerProcess } from '../broker/process.js'
import type { ConnectionView, Ledger, Message, SessionView, SubscriptionView } from '../ledger/ledger.js'
import { payloadOf } from '../ledger/ledger.js'
import type { Link } from '../world/link.js'
import type { World } from '../world/world.js'
import { onPacket } from './incoming.js'
import { PacketStream } from './packet-stream.js'
import { connectPacket, subscribePacket, type WishedWill } from './packets.js'
import { close, viewOf, type Outgoing, type Request } from './requests.js'
import { summaryOf } from './summary.js'

export interface PeerOptions {
  readonly world: World
  readonly ledger: Ledger
  readonly clientId: string
  readonly version: ProtocolVersion
  /** How long its session outlives its connection; 0: a clean client. */
  readonly expirySeconds: number
  /** 5.0: how many QoS 1 and 2 messages it takes at a time; 0: it does not say. */
  readonly receiveMaximum: number
  /** A process that takes connections, if any does. */
  readonly broker: () => BrokerProcess | undefined
  /** Whether the next connection has a will, and which. */
  readonly will: () => WishedWill | undefined
}

/** A client that hears nothing for so long after CONNECT gives up. */
const connectMicrosMax = 4_000_000

/** The broker learns of the end of a connection, and looks for sessions that are over, within so long. */
const expiryLagMicros = 4_000_000

const writer = new ByteWriter(1024)

export class Peer {
  readonly options: PeerOptions
  readonly clientId: string
  /** It wants to be connected, and comes back by itself. */
  wanted = true
  /** Acknowledgements are held back while it is slow. */
  slow = false
  connected = false
  /** Nothing has come since CONNACK. */
  isFresh = false
  /** The session that the broker should hold; undefined: none, or nobody knows. */
  session: SessionView | undefined
  /** What CONNACK must say of a session: `maybe` when the client cannot know. */
  expectation: 'present' | 'absent' | 'maybe' = 'absent'
  connection: ConnectionView | undefined
  /** By packet id, in the order of sending: they are sent again in this order. */
  readonly outgoing = new Map<number, Outgoing>()
  /** QoS 2 packet ids that were received and not released. */
  readonly receivedIds = new Set<number>()
  readonly requests = new Map<number, Request>()
  /** A clean start was lost on its way through a gateway that may be dead: with several of them it may yet end any later session. */
  cleanStartIsOut = false
  /** Asked for over connections that were left: on a slow network they begin last, and it is for the session that they find. */
  readonly late: SubscriptionView[] = []
  /** What it asks for at its next CONNACK: the opposite of what it asked for last, and was not told. */
  #regret: (() => void) | undefined
  /** Acknowledgements that a slow client owes. */
  readonly owed: ClientPacket[] = []
  /** What its application wants to hear: filters with their QoS. */
  readonly #interests = new Map<string, QoS>()
  #link: Link | undefined
  #stream: PacketStream
  #nextId = 1
  #attempt = 0
  /** Ends of its last connection that was accepted, and of its last one: that may have been accepted, too. */
  #awaySince = 0
  #lastEnd = 0

  constructor(options: PeerOptions) {
    this.options = options
    this.clientId = options.clientId
    this.#stream = new PacketStream(options.version)
  }

  get kept(): boolean {
    return this.options.expirySeconds > 0
  }

  /** True when it waits for nothing. */
  get idle(): boolean {
    return (
      (this.connected || !this.wanted) &&
      this.outgoing.size === 0 &&
      this.requests.size === 0 &&
      this.owed.length === 0 &&
      // A session that is over releases nothing.
      (this.receivedIds.size === 0 || this.cleanStartIsOut)
    )
  }

  // ---- coming and going

  connect(wantsCleanStart = false): void {
    const { world, ledger, broker, version, expirySeconds } = this.options
    const attempt = ++this.#attempt
    if (this.connection !== undefined) this.#lost('takenOver', world.schedule.micros + connectMicrosMax)
    const process = broker()
    if (process === undefined) return this.comeBack()
    const slowLink = world.random.chance(0.1)
    const end = {
      received: (bytes: Uint8Array) => {
        if (attempt === this.#attempt) this.#received(bytes)
      },
      closed: () => {
        if (attempt === this.#attempt) this.#closed()
      },
    }
    const link = process.connect(end, slowLink ? [20_000, 200_000] : [100, 100 + world.random.below(5000)])
    if (link === undefined) return this.comeBack()
    this.#link = link
    this.#stream = new PacketStream(version)
    const cleanStart = wantsCleanStart || (!this.kept && version < 5)
    const wished = this.options.will()
    const connection = ledger.newConnection({
      clientId: this.clientId,
      cleanStart,
      expirySeconds,
      willDelaySeconds: wished?.delaySeconds ?? 0,
      begunMicros: world.schedule.micros,
    })
    this.connection = connection
    if (cleanStart) this.#forget('absent')
    const will = wished && this.#message(wished.topic, wished.qos, { will: true })
    connection.will = will
    const connect = connectPacket(this.options, connection)
    this.send(connect, link, () => {
      connection.arrival = { at: process, moment: ++world.moment }
    })
    world.after(connectMicrosMax, () => {
      if (attempt !== this.#attempt || this.connected || this.connection !== connection) return
      link.leave()
      this.#lost('cut', world.schedule.micros + 1_000_000)
      this.comeBack()
    })
  }

  /** Tries again after a while, if it wants to be connected. */
  comeBack(): void {
    if (!this.wanted) return
    const { world } = this.options
    const attempt = this.#attempt
    world.after(10_000 + world.random.below(500_000), () => {
      if (attempt === this.#attempt && this.wanted && this.connection === undefined) this.connect()
    })
  }

  /** Says good-bye; `withWill` asks for the will to be published all the same (5.0). */
  disconnect(withWill = false): void {
    const { connection } = this
    if (!this.connected || connection === undefined) return
    const { world, version } = this.options
    const isSaying = version === 5 && withWill
    this.send({ kind: 'disconnect', reasonCode: isSaying ? 0x04 : 0, properties: {} })
    this.#link?.leave()
    this.#attempt++
    this.#lost(isSaying ? 'cut' : 'leaving', world.schedule.micros + 1_000_000)
  }

  /** The network between it and the broker fails. The broker may learn of it much later. */
  cut(): void {
    const { world } = this.options
    if (this.connection === undefined) return
    const server = world.random.chance(0.3) ? world.random.below(2_500_000) : world.random.below(20_000)
    const client = world.random.below(30_000)
    this.#link?.cut({ client: 0, server })
    this.#attempt++
    this.#lost('cut', world.schedule.micros + server)
    const attempt = this.#attempt
    world.after(client, () => {
      if (attempt === this.#attempt) this.comeBack()
    })
  }

  // ---- what it asks for

  publish(topic: string, qos: QoS, how: { readonly retain?: boolean; readonly clears?: boolean } = {}): void {
    if (!this.connected) return
    const message = this.#message(topic, qos, how)
    let packetId = 0
    if (qos > 0) {
      packetId = this.takeId()
      this.outgoing.set(packetId, { message, released: false })
    }
    this.sendPublish(packetId, message, false)
  }

  sendPublish(packetId: number, message: Message, dup: boolean): void {
    message.sends++
    message.lastSent = ++this.options.world.moment
    this.send({
      kind: 'publish',
      dup,
      qos: message.qos,
      retain: message.retain,
      topic: message.topic,
      packetId,
      payload: utf8Encode(payloadOf(message)),
      properties: {},
    })
  }

  subscribe(filters: readonly string[], qos: QoS, noLocal = false): void {
    const { session } = this
    const { world, version } = this.options
    if (!this.connected || session === undefined) return
    const sent = ++world.moment
    const views = filters.map((text) => viewOf(text, { qos, noLocal: noLocal && version === 5, sent }))
    for (const view of views) close(session, view, sent, view)
    session.subscriptions.push(...views)
    for (const text of filters) this.#interests.set(text, qos)
    const packetId = this.takeId()
    this.requests.set(packetId, { kind: 'subscribe', views })
    this.send(subscribePacket(packetId, filters, qos, noLocal && version === 5))
  }

  unsubscribe(filter: string): void {
    if (!this.connected || this.session === undefined) return
    const parsed = parseFilter(filter)
    const view = { filter: parsed.filter, share: parsed.shareName }
    const sent = ++this.options.world.moment
    close(this.session, view, sent)
    this.#interests.delete(filter)
    const packetId = this.takeId()
    this.requests.set(packetId, { kind: 'unsubscribe', views: [view], sent })
    this.send({ kind: 'unsubscribe', packetId, filters: [parsed], properties: {} })
  }

  /** Most applications subscribe whenever they have connected; to a session that was kept not all of them do. */
  subscribeAgain(isPresent: boolean): void {
    const { random } = this.options.world
    const qos = random.pick([...this.#interests.values()])
    if (qos === undefined || random.chance(isPresent ? 0.6 : 0.3)) return
    this.subscribe([...this.#interests.keys()], qos)
  }

  /** Asks for this and does not wait for an answer: over its next connection it asks for the opposite. */
  askInVain(filter: string, qos: QoS, wants: 'subscribed' | 'unsubscribed'): void {
    const ask = (isWanted: boolean): void => {
      if (isWanted) this.subscribe([filter], qos)
      else this.unsubscribe(filter)
    }
    ask(wants === 'subscribed')
    this.#regret = () => {
      ask(wants === 'unsubscribed')
    }
  }

  /** At CONNACK, once. */
  regret(): void {
    this.#regret?.()
    this.#regret = undefined
  }

  /**
   * Connects again while it is connected, as a device does that has lost its network without knowing, or a second one with the same
   * client id. For a while something still comes over the old connection; nobody waits for an answer there.
   */
  takeOver(lateFilters: readonly string[]): void {
    const { world } = this.options
    const link = this.#link
    this.connect()
    for (const text of lateFilters) {
      world.after(world.random.below(1_200_000), () => {
        if (link !== undefined) this.#subscribeLate(text, link)
      })
    }
  }

  #subscribeLate(text: string, link: Link): void {
    const sent = ++this.options.world.moment
    // The highest QoS: what the newer connection asks for, before or after, holds whichever comes last.
    const view: SubscriptionView = { ...viewOf(text, { qos: 2, noLocal: false, sent }), closed: sent }
    this.late.push(view)
    this.session?.subscriptions.push(view)
    this.send(subscribePacket(1, [text], 2, false), link)
  }

  /** What it held back goes out. */
  catchUp(): void {
    this.slow = false
    for (const packet of this.owed.splice(0)) this.send(packet)
  }

  // ---- for what comes in

  send(packet: ClientPacket, link = this.#link, arrived?: () => void): void {
    this.#note('→', packet)
    writer.reset()
    encodePacket(writer, packet, this.options.version)
    link?.send(writer.copyOf(), arrived)
  }

  takeId(): number {
    do this.#nextId = (this.#nextId % 65_535) + 1
    while (this.outgoing.has(this.#nextId) || this.requests.has(this.#nextId))
    return this.#nextId
  }

  /** The connection is of no use any more. */
  abandon(): void {
    this.#link?.leave()
    this.#attempt++
    this.#lost('closed', this.options.world.schedule.micros + 1_000_000)
    this.comeBack()
  }

  /** At CONNACK: a session that was left for too long may be over; after some more time it is. */
  expire({ begunMicros }: ConnectionView): void {
    const { world, version, expirySeconds } = this.options
    if (version < 5 || this.session === undefined || this.expectation !== 'present') return
    const expiryMicros = expirySeconds * 1_000_000
    if (world.schedule.micros < this.#awaySince + expiryMicros) return
    const isOver = begunMicros > this.#lastEnd + expiryMicros + expiryLagMicros
    this.#forget(isOver ? 'absent' : 'maybe')
  }

  /** Its half of the session is gone. The broker's may stay, or be another one: a CONNECT may fail, or be done and never answered. */
  #forget(expectation: 'absent' | 'maybe'): void {
    if (this.session !== undefined) this.session.ended ??= ++this.options.world.moment
    this.session = undefined
    this.expectation = expectation
  }

  #message(
    topic: string,
    qos: QoS,
    how: { readonly retain?: boolean; readonly clears?: boolean; readonly will?: boolean },
  ): Message {
    const { ledger, world } = this.options
    const { connection } = this
    if (connection === undefined) throw new Error('nobody publishes without a connection')
    return ledger.newMessage({
      publisher: this.clientId,
      connection,
      topic,
      qos,
      retain: how.retain ?? false,
      clears: how.clears ?? false,
      will: how.will ?? false,
      firstSent: ++world.moment,
      sentMicros: world.schedule.micros,
    })
  }

  #note(way: string, packet: Packet): void {
    const { world } = this.options
    if (world.tell !== undefined) world.note(this.clientId, `${way} ${summaryOf(packet)}`)
  }

  #received(bytes: Uint8Array): void {
    const attempt = this.#attempt
    for (const packet of this.#stream.take(bytes)) {
      if (attempt !== this.#attempt) return
      this.options.world.moment++
      this.#note('←', packet)
      onPacket(this, packet)
      this.isFresh = packet.kind === 'connack'
    }
  }

  #closed(): void {
    this.#attempt++
    const { world } = this.options
    if (this.connection !== undefined) this.#lost('closed', world.schedule.micros)
    this.comeBack()
  }

  /** The connection is over, as this client sees it. */
  #lost(end: ConnectionView['end'], endKnownMicros: number): void {
    const { connection } = this
    if (connection === undefined) return
    this.options.world.note(this.clientId, `connection over: ${String(end)}`)
    connection.end = end
    connection.endMicros = this.options.world.schedule.micros
    connection.endKnownMicros = endKnownMicros
    this.connection = undefined
    this.connected = false
    this.owed.length = 0
    this.requests.clear()
    this.#lastEnd = connection.endMicros
    if (connection.acceptedMicros !== undefined) this.#awaySince = connection.endMicros
    if (this.kept) {
      if (connection.cleanStart && connection.acceptedMicros === undefined)
        this.cleanStartIsOut ||= this.options.ledger.severalGateways
      if (connection.acceptedMicros === undefined && this.expectation === 'absent') this.expectation = 'maybe'
      return
    }
    if (this.session !== undefined) this.session.ended ??= ++this.options.world.moment
    this.expectation = 'absent'
  }
}
