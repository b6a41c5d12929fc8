// Encoded messages that wait for one connection: until its window opens, its socket takes more, or its CONNACK is out. First in,
// first out, in two rings: the packets' bytes, and a few numbers for each. The bound in bytes is the caller's.
import { allocateUnsafeSlow, copy } from '#libs/base'

/** Numbers per waiting packet. */
const fieldCount = 9
const initialPackets = 8

/** One packet that waits, as it was put in; reused. */
export class WaitingPacket {
  qos = 0
  /** Where in the packet its packet id stands; 0 for QoS 0. */
  packetIdAt = 0
  /** Where in the packet the four bytes of its message expiry stand; 0 without. */
  expiryAt = 0
  /** When it expires (milliseconds since 1970); 0 never. */
  deadline = 0
  /** Kept lane and groups: what the sender calls it. */
  number = 0
  /** Kept lane: its packet id; else 0. */
  packetId = 0
  group = 0
  /** Its topic, as one of a few numbers (`topicMark`): messages of one topic have the same. */
  topic = 0
}

/** How many numbers topics are told apart by. */
export const topicMarks = 64

export class WaitingQueue {
  /** Packets that wait. */
  length = 0
  /** Their bytes. */
  byteLength = 0
  /** The bytes of the first packet: `bytes[from..from + size)`. */
  bytes: Uint8Array
  from = 0
  size = 0
  #to = 0
  /** How many packets wait of each topic mark. */
  readonly #topics = new Uint32Array(topicMarks)
  #fields = new Float64Array(initialPackets * fieldCount)
  #first = 0

  constructor() {
    this.bytes = allocateUnsafeSlow(1024)
  }

  /** Puts a packet in at the end; its bytes are copied. */
  push(source: Uint8Array, from: number, to: number, packet: WaitingPacket): void {
    const size = to - from
    this.#reserve(size)
    copy(source, from, to, this.bytes, this.#to)
    this.#to += size
    this.byteLength += size
    if (this.length * fieldCount === this.#fields.length) this.#grow()
    const fields = this.#fields
    const at = ((this.#first + this.length) * fieldCount) % fields.length
    fields[at] = size
    fields[at + 1] = packet.qos
    fields[at + 2] = packet.packetIdAt
    fields[at + 3] = packet.expiryAt
    fields[at + 4] = packet.deadline
    fields[at + 5] = packet.number
    fields[at + 6] = packet.packetId
    fields[at + 7] = packet.group
    fields[at + 8] = packet.topic
    this.#topics[packet.topic] = (this.#topics[packet.topic] ?? 0) + 1
    this.length++
    if (this.length === 1) this.size = size
  }

  /** QoS of the first packet; there must be one. */
  get qos(): number {
    return this.#fields[this.#first * fieldCount + 1] ?? 0
  }

  /** Fills `packet` with the first packet's numbers; its bytes are named by `bytes`, `from` and `size`. */
  peek(packet: WaitingPacket): void {
    const fields = this.#fields
    const at = this.#first * fieldCount
    packet.qos = fields[at + 1] ?? 0
    packet.packetIdAt = fields[at + 2] ?? 0
    packet.expiryAt = fields[at + 3] ?? 0
    packet.deadline = fields[at + 4] ?? 0
    packet.number = fields[at + 5] ?? 0
    packet.packetId = fields[at + 6] ?? 0
    packet.group = fields[at + 7] ?? 0
    packet.topic = fields[at + 8] ?? 0
  }

  /** True when a packet with this topic mark waits. */
  hasTopic(mark: number): boolean {
    return (this.#topics[mark] ?? 0) > 0
  }

  /** Takes the first packet out. */
  shift(): void {
    const mark = this.#fields[this.#first * fieldCount + 8] ?? 0
    this.#topics[mark] = (this.#topics[mark] ?? 1) - 1
    this.from += this.size
    this.byteLength -= this.size
    this.length--
    this.#first = (this.#first + 1) % (this.#fields.length / fieldCount)
    if (this.length === 0) {
      this.from = this.#to = 0
      return
    }
    this.size = this.#fields[this.#first * fieldCount] ?? 0
  }

  #reserve(size: number): void {
    if (this.#to + size <= this.bytes.length) return
    const used = this.#to - this.from
    // Moving costs a copy of what is there, so it must free at least as much.
    if (this.from >= used && used + size <= this.bytes.length) this.bytes.copyWithin(0, this.from, this.#to)
    else {
      const bytes = allocateUnsafeSlow(Math.max(this.bytes.length * 2, used + size))
      copy(this.bytes, this.from, this.#to, bytes, 0)
      this.bytes = bytes
    }
    this.from = 0
    this.#to = used
  }

  #grow(): void {
    const fields = new Float64Array(this.#fields.length * 2)
    const first = this.#first * fieldCount
    fields.set(this.#fields.subarray(first))
    fields.set(this.#fields.subarray(0, first), this.#fields.length - first)
    this.#fields = fields
    this.#first = 0
  }
}
