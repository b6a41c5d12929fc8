// What one subscriber received, in order, by publisher and number.
import type { IPublishPacket } from 'mqtt-packet'
import { readPayload } from './publisher.js'

/** One delivery. */
export interface Receipt {
  readonly publisher: string
  readonly topic: string
  readonly number: number
  /** As delivered. */
  readonly qos: 0 | 1 | 2
  readonly retain: boolean
  /** Which connection of the subscriber it came on. */
  readonly connection: number
}

export class Receipts {
  readonly all: Receipt[] = []
  readonly #times = new Map<string, number>()

  /** Takes a packet in; what no publisher numbered is left out. */
  take(packet: IPublishPacket, connection: number): void {
    const from = readPayload(packet.payload)
    if (from === undefined) return
    const { topic, qos, retain } = packet
    this.all.push({ ...from, topic, qos, retain, connection })
    const key = keyOf(from.publisher, from.number)
    this.#times.set(key, (this.#times.get(key) ?? 0) + 1)
  }

  /** How often a message came. */
  times(publisher: string, number: number): number {
    return this.#times.get(keyOf(publisher, number)) ?? 0
  }
}

const keyOf = (publisher: string, number: number): string => `${publisher} ${String(number)}`
