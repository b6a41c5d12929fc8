// The client's half of an MQTT session: what it must remember from one connection to the next, as section 4.1 lists it, and what
// it may expect the broker to remember.
import type { Packet } from 'mqtt-packet'
import { PacketIds } from './packet-ids.js'

/** One message on its way to the broker. */
export interface Outgoing {
  readonly topic: string
  readonly payload: Buffer
  readonly qos: 0 | 1 | 2
  readonly retain: boolean
  /** It is sent once more, on a new connection. */
  resent(): void
  /** The broker has taken it over: PUBACK or PUBREC. */
  acknowledged(): void
  /** The broker has refused it, with a reason code of 5.0. */
  refused(code: number): void
}

/** A session at the broker, as far as this client can know: there, not there, or decided by a request that was not answered. */
export type Presence = 'there' | 'none' | 'either'

interface UnderWay {
  readonly message: Outgoing
  isReceived: boolean
}

export class ClientSession {
  presence: Presence = 'none'
  readonly #ids = new PacketIds()
  /** What was sent and not finished, in the order of sending. */
  readonly #outgoing = new Map<number, UnderWay>()
  /** Packet ids of QoS 2 messages that were received and not released. */
  readonly #incoming = new Set<number>()

  get underWay(): number {
    return this.#outgoing.size
  }

  /** Messages that the broker has not acknowledged. */
  get unacknowledged(): number {
    let count = 0
    for (const entry of this.#outgoing.values()) if (!entry.isReceived) count += 1
    return count
  }

  freshId(): number {
    return this.#ids.next((id) => this.#outgoing.has(id))
  }

  /** The packet that sends this message for the first time. */
  publish(message: Outgoing): Packet {
    const { topic, payload, qos, retain } = message
    if (qos === 0) return { cmd: 'publish', topic, payload, qos, retain, dup: false }
    const messageId = this.freshId()
    this.#outgoing.set(messageId, { message, isReceived: false })
    return { cmd: 'publish', topic, payload, qos, retain, dup: false, messageId }
  }

  /** What is sent again on a new connection, in the original order. [MQTT-4.4.0-1] */
  resend(): Packet[] {
    return [...this.#outgoing].map(([messageId, { message, isReceived }]) => {
      if (isReceived) return { cmd: 'pubrel', messageId }
      const { topic, payload, qos, retain } = message
      message.resent()
      return { cmd: 'publish', topic, payload, qos, retain, dup: true, messageId }
    })
  }

  onPuback(messageId: number, code: number): void {
    this.#answered(messageId, code)
    this.#outgoing.delete(messageId)
  }

  /** Returns true when PUBREL is due. */
  onPubrec(messageId: number, code: number): boolean {
    const entry = this.#answered(messageId, code)
    if (code >= 0x80) this.#outgoing.delete(messageId)
    else if (entry !== undefined) entry.isReceived = true
    return code < 0x80
  }

  onPubcomp(messageId: number): void {
    this.#outgoing.delete(messageId)
  }

  /** True when a QoS 2 message with this id is a new one. [MQTT-4.3.3-10] */
  isNew(messageId: number): boolean {
    if (this.#incoming.has(messageId)) return false
    this.#incoming.add(messageId)
    return true
  }

  onPubrel(messageId: number): void {
    this.#incoming.delete(messageId)
  }

  /** The broker has no session: nor has the client then. [MQTT-3.2.2-5] */
  forget(): void {
    this.#outgoing.clear()
    this.#incoming.clear()
  }

  #answered(messageId: number, code: number): UnderWay | undefined {
    const entry = this.#outgoing.get(messageId)
    if (entry === undefined || entry.isReceived) return entry
    if (code >= 0x80) entry.message.refused(code)
    else entry.message.acknowledged()
    return entry
  }
}
