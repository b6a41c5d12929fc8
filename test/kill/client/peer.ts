// A client as good ones are: it keeps its half of the session, comes back by itself, sends again what was not acknowledged, and
// notes whatever the broker does that it must not.
import {
  generate,
  parser,
  type IConnackPacket,
  type IConnectPacket,
  type IPublishPacket,
  type Packet,
} from 'mqtt-packet'
import { openTransport, type Transport } from '../../mqtt/client/transport.js'
import type { Notes } from '../load/notes.js'
import { ClientSession, type Outgoing, type Presence } from './session.js'

/** What a peer is, for life. */
export interface PeerOptions {
  readonly address: string
  readonly notes: Notes
  readonly clientId: string
  readonly version: 4 | 5
  /** Its session outlives its connections. */
  readonly kept: boolean
  readonly will?: IConnectPacket['will']
  /** Gets each message once per delivery, QoS 2 repeats left out. `connection` counts its connections. */
  readonly receive?: (packet: IPublishPacket, connection: number) => void
  /** Called at each CONNACK that accepts. */
  readonly accepted?: () => void
}

const retryMillis = 25

export class Peer {
  readonly session = new ClientSession()
  /** Connections that were accepted so far. */
  connections = 0
  #transport: Transport | undefined
  #isHere = false
  #isWanted = false
  readonly #answers = new Map<number, (codes: readonly number[] | undefined) => void>()
  #coming: Promise<void> | undefined
  #onCome: ((isHere: boolean) => void) | undefined
  #onGone: (() => void) | undefined

  constructor(readonly options: PeerOptions) {}

  /** Accepted by the broker and not closed since. */
  get isHere(): boolean {
    return this.#isHere
  }

  /** Connects, however often it takes, and comes back after each loss until `leave` or `cut`. Resolves when it is accepted. */
  async stay(): Promise<void> {
    this.#isWanted = true
    this.#coming ??= this.#comeBack().finally(() => (this.#coming = undefined))
    return this.#coming
  }

  async #comeBack(): Promise<void> {
    while (this.#isWanted && !this.#isHere) {
      if (!(await this.#comeOnce(!this.options.kept))) await pause(retryMillis)
    }
  }

  /** Connects once; true when it was accepted. `clean` ends the old session at the broker. */
  async comeOnce(clean: boolean): Promise<boolean> {
    this.#isWanted = false
    await this.#coming
    return this.#comeOnce(clean)
  }

  /** DISCONNECT; resolves when the connection has ended. */
  async leave(): Promise<void> {
    return this.#end(() => this.send({ cmd: 'disconnect' }))
  }

  /** Ends the connection as a lost network does. */
  async drop(): Promise<void> {
    return this.#end((transport) => transport.destroy())
  }

  async #end(how: (transport: Transport) => void): Promise<void> {
    this.#isWanted = false
    await this.#coming
    const transport = this.#transport
    if (transport === undefined) return
    const gone = new Promise<void>((resolve) => (this.#onGone = resolve))
    how(transport)
    await gone
  }

  send(packet: Packet): void {
    this.#transport?.write(generate(packet, { protocolVersion: this.options.version }))
  }

  publish(message: Outgoing): void {
    this.send(this.session.publish(message))
  }

  /** Resolves with the codes of the SUBACK; with undefined when the connection ended before. */
  async subscribe(filters: Readonly<Record<string, 0 | 1 | 2>>): Promise<readonly number[] | undefined> {
    const subscriptions = Object.entries(filters).map(([topic, qos]) => ({ topic, qos }))
    return this.#ask((messageId) => ({ cmd: 'subscribe', messageId, subscriptions }))
  }

  /** Resolves with the codes of the UNSUBACK, none in 3.1.1; with undefined when the connection ended before. */
  async unsubscribe(filter: string): Promise<readonly number[] | undefined> {
    return this.#ask((messageId) => ({ cmd: 'unsubscribe', messageId, unsubscriptions: [filter] }))
  }

  async #ask(packet: (messageId: number) => Packet): Promise<readonly number[] | undefined> {
    if (!this.#isHere) return undefined
    const messageId = this.session.freshId()
    return new Promise((resolve) => {
      this.#answers.set(messageId, resolve)
      this.send(packet(messageId))
    })
  }

  async #comeOnce(clean: boolean): Promise<boolean> {
    const reader = parser({ protocolVersion: this.options.version })
    const expected = this.#expect(clean)
    reader.on('packet', (packet) => this.#onPacket(packet, clean, expected))
    reader.on('error', (error: unknown) => this.#broken(`got bytes that are not MQTT: ${String(error)}`))
    const listener = {
      onBytes: (bytes: Uint8Array) => void reader.parse(Buffer.from(bytes)),
      onClose: () => this.#onClose(),
    }
    try {
      this.#transport = await openTransport(this.options.address, listener)
    } catch {
      return false
    }
    return new Promise((resolve) => {
      this.#onCome = resolve
      this.#announce(clean)
      this.send(this.#connectPacket(clean))
    })
  }

  /** What session present has to say to a CONNECT that is sent now. */
  #expect(clean: boolean): Presence {
    return clean ? 'none' : this.session.presence
  }

  /** Until its answer nobody knows what a CONNECT has done: it may have made a session or ended one. */
  #announce(clean: boolean): void {
    if (this.session.presence === (clean ? 'there' : 'none')) this.session.presence = 'either'
  }

  #connectPacket(clean: boolean): IConnectPacket {
    const { clientId, version, kept, will } = this.options
    return {
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: version,
      clean,
      keepalive: 0,
      clientId,
      ...(will === undefined ? {} : { will }),
      ...(version === 5 && kept && !clean ? { properties: { sessionExpiryInterval: 3600 } } : {}),
    }
  }

  #onPacket(packet: Packet, clean: boolean, expected: Presence): void {
    const messageId = packet.messageId ?? 0
    switch (packet.cmd) {
      case 'connack':
        return this.#onConnack(packet, clean, expected)
      case 'publish':
        return this.#onPublish(packet)
      case 'puback':
        return this.session.onPuback(messageId, packet.reasonCode ?? 0)
      case 'pubrec':
        if (this.session.onPubrec(messageId, packet.reasonCode ?? 0)) this.send({ cmd: 'pubrel', messageId })
        return
      case 'pubrel':
        this.session.onPubrel(messageId)
        return this.send({ cmd: 'pubcomp', messageId })
      case 'pubcomp':
        return this.session.onPubcomp(messageId)
      case 'suback':
        return this.#onAnswer(messageId, packet.granted.map(Number))
      case 'unsuback':
        return this.#onAnswer(messageId, [])
      case 'disconnect':
        return this.#broken(`was sent DISCONNECT ${String(packet.reasonCode)}`)
      default:
        return this.#broken(`was sent a ${packet.cmd}`)
    }
  }

  #onConnack(packet: IConnackPacket, clean: boolean, expected: Presence): void {
    const code = packet.reasonCode ?? packet.returnCode ?? 0
    if (code !== 0) return this.#broken(`was refused with ${String(code)}`)
    if (expected === 'there' && !packet.sessionPresent)
      this.#broken('was told session present 0: its session is lost')
    if (expected === 'none' && packet.sessionPresent)
      this.#broken('was told session present 1, but it has no session')
    // A session of no expiry ends with its connection: at the next one it is not there any more.
    this.session.presence = clean ? 'none' : 'there'
    this.connections += 1
    this.#isHere = true
    if (!packet.sessionPresent) this.session.forget()
    for (const again of this.session.resend()) this.send(again)
    this.options.accepted?.()
    this.#onCome?.(true)
    this.#onCome = undefined
  }

  #onPublish(packet: IPublishPacket): void {
    const messageId = packet.messageId ?? 0
    if (packet.qos < 2 || this.session.isNew(messageId)) this.options.receive?.(packet, this.connections)
    if (packet.qos === 1) this.send({ cmd: 'puback', messageId })
    if (packet.qos === 2) this.send({ cmd: 'pubrec', messageId })
  }

  #onAnswer(messageId: number, codes: readonly number[]): void {
    this.#answers.get(messageId)?.(codes)
    this.#answers.delete(messageId)
  }

  #onClose(): void {
    const wasHere = this.#isHere
    this.#transport = undefined
    this.#isHere = false
    for (const answer of this.#answers.values()) answer(undefined)
    this.#answers.clear()
    this.#onCome?.(false)
    this.#onCome = undefined
    this.#onGone?.()
    this.#onGone = undefined
    if (this.#isWanted && wasHere) void this.stay()
  }

  #broken(sentence: string): void {
    this.options.notes.broken(`${this.options.clientId} ${sentence}`)
  }
}

const pause = async (millis: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, millis))
