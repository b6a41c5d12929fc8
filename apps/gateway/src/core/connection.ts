// The connection machine: one per socket. Bytes come in, bytes and records go out, by the rules of MQTT; no socket, timer or log here.
// This file holds a connection's state and its ways in; what each packet does stands in on-<packet>.ts.
import { assert, EMPTY_BYTES } from '#libs/base'
import type { Millis } from '#libs/base'
import { connectVersion, PACKET, ProtocolError, readFrame, refusalBytesMax, REASON } from '#libs/mqtt'
import type { ProtocolVersion } from '#libs/mqtt'
import { droppedStep, pubackStep, pubcompStep, pubrecStep } from '#libs/topics'
import type { Address, CloseCause, Peer } from '#libs/topics'
import { legalMove } from './connection-state.js'
import type { ConnectionState } from './connection-state.js'
import { drain } from './deliver.js'
import { dispatch } from './dispatch.js'
import { ending, reportEnd } from './ending.js'
import type { Gateway } from './gateway.js'
import { Inflight, NO_NUMBER } from './inflight.js'
import { askForPages } from './on-retained-page-end.js'
import type { RetainedPageEnd } from './on-retained-page-end.js'
import type { OutgoingAliases } from './outgoing-alias.js'
import type { Outlet } from './outlet.js'
import type { PermissionSet } from './permissions.js'
import type { AckType } from './send-ack.js'
import type { SubscribeRequest } from './subscribe-request.js'
import type { TopicEntry } from './topic-cache.js'
import { WaitingQueue } from './waiting.js'

/** How a connection ended. */
export interface Ending {
  readonly cause: CloseCause
  readonly reasonCode: number
  readonly sentence: string
  readonly publishWill: boolean
  /** A session expiry that came with DISCONNECT. */
  readonly expirySeconds: number | undefined
}

/** What a step of an acknowledgement is called, and its number in records. */
const steps = { puback: pubackStep, pubrec: pubrecStep, pubcomp: pubcompStep, dropped: droppedStep } as const
export type Step = keyof typeof steps

/** So many bytes of a packet that is not whole yet are a sign of life: it is a large one on a slow line. */
const partBytes = 1_024

/** The largest packet that MQTT can describe. */
const packetBytesAll = 268_435_460

export class Connection {
  state: ConnectionState = 'connecting'
  /** Known once a CONNECT was seen; until then there is no form for an answer. */
  versionKnown = false
  version: ProtocolVersion = 4
  clientId = ''
  userName: string | undefined
  packetBytesMax: number
  clientPacketBytesMax = packetBytesAll
  /** 1.5 × keep alive; 0: off. */
  silenceMillisMax: Millis = 0
  lastHeard: Millis
  /** Bytes of a packet that is not whole yet which have counted as heard. */
  #partHeard = 0
  readonly opened: Millis
  /** False when the client wants reason strings and user properties in PUBLISH, CONNACK and DISCONNECT only. */
  wantsReasons = true
  /** Set between CONNECT and CONNACK: what has to be said in it. */
  keepAliveSeconds = 0
  serverKeepAlive: number | undefined
  assignedClientId = false
  cleanStart = false
  wantsResponseInformation = false
  sessionExpirySeconds = 0
  willTopic: string | undefined
  /** True once auth was asked: from then on the end must be reported. */
  announced = false
  reported = false
  ending: Ending | undefined
  birth = 0
  kept = false
  permissions: PermissionSet | undefined
  /** This connection's bytes in the publish metadata. */
  publisherPart: Uint8Array = EMPTY_BYTES
  /** A kept session that uses QoS 2 publishes through its delivery owner. */
  publishesThroughDelivery = false
  /** Answers of delivery that are still to come: for such publishes, and for PUBREL. */
  owedByDelivery = 0
  /** PUBLISHes in the second of the last one, counted where they are limited. */
  publishSecond = 0
  publishCount = 0
  /** QoS 1 and 2 publishes of a 5.0 client that are not done [MQTT-3.3.4-9]. */
  receiving = 0
  /** QoS 2 packet ids of a transient session: received and not released. */
  receivedIds: Set<number> | null = null
  aliases: (TopicEntry | undefined)[] | null = null
  lastTopic: TopicEntry | null = null
  /** Towards the client, when it takes any. */
  outgoingAliases: OutgoingAliases | null = null
  /** The last turn in which something of this connection was appended. */
  lastTurn = 0
  /** The same for its publishes, and for its answers that wait for a turn. */
  lastPublishTurn = 0
  /** Messages under way to the client, at most. */
  window = 0
  #inflight: Inflight | null = null
  waiting: WaitingQueue | null = null
  /** Its part of `connectionMemory`, when it was last weighed. */
  weight = 0
  /** Kept lane: the highest number that came over this connection. */
  highestNumber = NO_NUMBER
  /** Filter to QoS + 4 × subscription id, as far as it was subscribed over this connection; else 0. */
  subscriptions: Map<string, number> | null = null
  /** Who has still to tell what this session was subscribed to before; NOT_ASKED: nobody was asked yet. */
  listsOwed = 0
  requests: Map<number, SubscribeRequest> | null = null
  /** Pages of retained messages whose successors will be asked for when what waits has left. */
  pages: RetainedPageEnd[] | null = null
  /** Packet ids whose PUBREL goes out behind CONNACK. */
  releases: number[] | null = null
  /** Reading stops until what was appended is stored, or until auth, session or delivery have answered. */
  stalled = false

  constructor(
    readonly gateway: Gateway,
    readonly number: number,
    readonly peer: Peer,
    readonly outlet: Outlet,
  ) {
    this.packetBytesMax = gateway.settings.packetBytesMaxBeforeLogin
    this.opened = this.lastHeard = gateway.now
  }

  get address(): Address {
    const { name, incarnation } = this.gateway
    return { gateway: name, incarnation, connection: this.number }
  }

  /**
   * Takes what came from the socket and gives back where it stopped: before a packet that is not whole, or that must wait
   * (`stalled`). The rest must be given again, with what comes behind it.
   */
  receive(buffer: Uint8Array, from: number, to: number): number {
    const { frame, now, counters } = this.gateway
    let at = from
    try {
      while (!this.stalled && this.isReading) {
        frame.minimalLengths = this.version === 5
        const result = readFrame(buffer, at, to, frame, this.packetBytesMax)
        if (result === 'more') {
          // A port scan, HTTP, TLS: no need to wait for the rest of what is no CONNECT.
          if (this.state === 'connecting' && at < to && (buffer[at] ?? 0) >> 4 !== PACKET.connect)
            throw notConnect()
          if (to - at >= this.#partHeard + partBytes) {
            this.lastHeard = now
            this.#partHeard = to - at
          }
          return at
        }
        if (result !== 'frame') {
          if (this.state === 'connecting') learnVersion(this, buffer, to)
          throw unreadable(result)
        }
        // What keeps a connection is a packet, not a byte [MQTT-3.1.2-22].
        this.lastHeard = now
        this.#partHeard = 0
        const end = frame.bodyTo
        if (!dispatch(this, buffer, frame)) return at
        counters.packetsReceived++
        at = end
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      this.refuse(error.reasonCode, error.message)
    }
    return this.isReading ? at : to
  }

  /** True while packets are taken. */
  get isReading(): boolean {
    return this.state !== 'closing' && this.state !== 'closed'
  }

  /** True when a message may go out at once, window and socket allowing. */
  get isFlowing(): boolean {
    return this.state === 'connected' && (this.waiting === null || this.waiting.length === 0)
  }

  /** True when only the window holds up what waits, and nothing with this topic mark is among it. */
  mayPass(topicMark: number): boolean {
    return this.state === 'connected' && this.waiting !== null && !this.waiting.hasTopic(topicMark)
  }

  get inflightCount(): number {
    return this.#inflight === null ? 0 : this.#inflight.count
  }

  get inflight(): Inflight | null {
    return this.#inflight
  }

  useInflight(): Inflight {
    return (this.#inflight ??= new Inflight())
  }

  useWaiting(): WaitingQueue {
    return (this.waiting ??= new WaitingQueue())
  }

  /** Counts the memory that is held for it now. */
  weigh(): void {
    const { counters } = this.gateway
    const waiting = this.isReading && this.waiting !== null ? this.waiting.bytes.length : 0
    const weight = this.outlet.held + waiting
    counters.connectionMemory += weight - this.weight
    this.weight = weight
  }

  /** Now and then: a waiting queue that is empty gives its memory back. */
  rest(): void {
    if (this.waiting !== null && this.waiting.length === 0) this.waiting = null
  }

  /** True when `length` more bytes are too many for the socket as it is. */
  isSocketFull(length: number): boolean {
    const { outlet, gateway } = this
    return outlet.pending > 0 && outlet.pending + outlet.at + length > gateway.settings.socketBytesMax
  }

  move(to: ConnectionState): void {
    this.state = legalMove(this.state, to)
  }

  /** Notes that something of this connection was appended in this turn. */
  appended(): void {
    this.lastTurn = this.gateway.turns.current.number
  }

  /** Answers when this turn is stored. `target`: the append that the answer depends on, or NO_TARGET. */
  answerLater(type: AckType, packetId: number, code: number, target: number): void {
    const { current } = this.gateway.turns
    current.add(this, type, packetId, code, target)
    this.lastPublishTurn = current.number
  }

  /** delivery has answered one of the packets for which it owes an answer. */
  answeredByDelivery(): void {
    if (this.owedByDelivery > 0) this.owedByDelivery--
    if (this.owedByDelivery === 0) this.goOn()
  }

  /** True when everything that this connection appended is stored. */
  get isStored(): boolean {
    return this.lastTurn <= this.gateway.turns.storedNumber
  }

  /** True when everything that this connection published is stored and answered. Otherwise reading stops until it is. */
  publishesAreStored(): boolean {
    const { turns } = this.gateway
    if (this.lastPublishTurn <= turns.storedNumber) return true
    this.stalled = true
    turns.await(this, this.lastPublishTurn)
    return false
  }

  /** True when every packet that came has its answer, or nobody is there to read it. Otherwise reading stops until then. */
  isAnswered(): boolean {
    if (this.outlet.isGone) return true
    if (!this.publishesAreStored()) return false
    // A kept session's answers come from delivery, those of a SUBSCRIBE from all whom it concerns, CONNACK from session.
    if (this.requests === null && this.owedByDelivery === 0 && this.state !== 'waiting') return true
    this.stalled = true
    return false
  }

  /** What this connection appended up to the awaited turn is stored. */
  appendsStored(): void {
    if (!this.isReading) reportEnd(this)
    else if (this.state === 'connected') this.goOn()
  }

  /** What reading waited for is there. */
  goOn(): void {
    if (!this.stalled) return
    this.stalled = false
    this.outlet.resume()
  }

  /** Tells the sender of a message of the kept lane or of a group what became of it; others need not know. */
  settle(number: number, group: number, step: Step, reasonCode: number): void {
    if (number === NO_NUMBER) return
    const { gateway } = this
    if (group !== NO_NUMBER) gateway.acknowledgements.addOfGroup(group, steps[step], number, reasonCode)
    else {
      const partition = gateway.partitionOfClient(this.clientId)
      gateway.acknowledgements.add(partition, steps[step], this.birth, number, reasonCode)
    }
    this.appended()
  }

  /** The socket has taken everything, or a packet id is free again: sends what waits. */
  flow(): void {
    if (this.waiting !== null && this.waiting.length > 0) drain(this)
    if (this.pages !== null && this.isFlowing && !this.isSocketFull(0)) askForPages(this)
  }

  /** The peer broke the protocol or a limit: says so in the form of its version, and ends. */
  refuse(reasonCode: number, sentence: string): void {
    this.gateway.counters.protocolErrors++
    this.end('protocol', reasonCode, sentence)
  }

  /** Ends the connection from our side. `sentence` tells the log, and a 5.0 client that wants it, why. */
  end(cause: CloseCause, reasonCode: number, sentence: string): void {
    if (!this.isReading) return
    assert(cause !== 'client', 'A client ends its own connection.')
    ending(this, { cause, reasonCode, sentence, publishWill: true, expirySeconds: undefined })
  }

  /** The client has asked for more than a limit allows. */
  exceed(reasonCode: number, sentence: string): void {
    this.gateway.counters.quotaExceeded++
    this.end('server', reasonCode, sentence)
  }

  /** The socket is gone. */
  socketClosed(): void {
    if (this.state === 'closed') return
    if (this.isReading) {
      this.ending = {
        cause: 'broken',
        reasonCode: 0,
        sentence: 'The network connection closed.',
        publishWill: true,
        expirySeconds: undefined,
      }
      this.move('closed')
      this.outlet.ended()
      reportEnd(this)
    } else this.move('closed')
  }
}

/** A CONNECT that is too large for us to wait for its end is refused in its own form, as far as it is there. */
function learnVersion(connection: Connection, buffer: Uint8Array, to: number): void {
  const { frame, settings } = connection.gateway
  frame.bodyTo = Math.min(frame.bodyTo, to)
  const version = connectVersion(buffer, frame)
  if (version === undefined) return
  if (version === 5) connection.clientPacketBytesMax = refusalBytesMax(buffer, frame, settings.limits)
  connection.version = version
  connection.versionKnown = true
}

function notConnect(): ProtocolError {
  return new ProtocolError(REASON.protocolError, 'The first packet is not CONNECT.', 'MQTT-3.1.0-1')
}

function unreadable(result: 'malformed' | 'too-large'): ProtocolError {
  return result === 'malformed'
    ? new ProtocolError(REASON.malformedPacket, 'The remaining length is malformed.')
    : new ProtocolError(REASON.packetTooLarge, 'The packet is larger than this server takes.')
}
