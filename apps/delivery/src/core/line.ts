// The messages of one session in the order of their numbers: first those on their way to the client, then those that wait.
// Three rings side by side instead of an object per message. What is done leaves a hole that is passed over. A position holds until
// the next push or remove.
//
//   head … live   on their way: sent on this connection, not yet acknowledged (QoS 2: until PUBCOMP)
//   live … tail   waiting
//   written       between head and live: what lies from here to `live` has been decided, but not yet written to the gateway
import type { Origin, QueuedMessage } from './message.js'

export const markQos = 0x03
export const markRetain = 0x04
/** It was written to a gateway before: DUP when it is written again. */
export const markSent = 0x08
/** The client has received it (PUBREC); what is left is PUBREL and PUBCOMP. The message itself is gone. */
export const markReleased = 0x10
/** Above the marks sixteen bits: the packet id of a session's message (0 until it is decided), the publisher's hash of a group's. */
const labelShift = 8

export const labelIn = (marks: number): number => marks >>> labelShift
export const withoutLabel = (marks: number): number => marks & ((1 << labelShift) - 1)
export const labelMark = (label: number): number => label << labelShift

/** Shared by all lines that have none; never added to. */
const noOrigins: Origin[] = []
const capacityMin = 4
/** An empty line gives back rings that are larger than this. */
const capacityKept = 1024

export class Line {
  head = 0
  written = 0
  live = 0
  tail = 0
  /** Messages there are, and their bytes. */
  length = 0
  bytes = 0
  /** QoS 1 and 2 between head and live. */
  outstanding = 0
  /** Their bytes, without those that the client has received (PUBREC). */
  outstandingBytes = 0
  /** Bytes of messages that are only in the store; part of `bytes`. */
  evictedBytes = 0
  /** How far packet ids are ahead of numbers: so many ids were passed over, because messages on their way had them. */
  shift = 0
  /** Below this number no packet id meets one of a message on its way. */
  clearTo = 0
  /** Messages of groups that are done with here, whose groups have not been told. */
  settled = noOrigins
  #numbers: number[] = []
  #marks: number[] = []
  #messages: (QueuedMessage | undefined)[] = []
  #mask = -1

  numberAt(position: number): number {
    return this.#numbers[position & this.#mask] ?? 0
  }

  marksAt(position: number): number {
    return this.#marks[position & this.#mask] ?? 0
  }

  messageAt(position: number): QueuedMessage | undefined {
    return this.#messages[position & this.#mask]
  }

  mark(position: number, mark: number): void {
    const index = position & this.#mask
    this.#marks[index] = (this.#marks[index] ?? 0) | mark
  }

  isHole(position: number): boolean {
    const index = position & this.#mask
    return this.#messages[index] === undefined && ((this.#marks[index] ?? 0) & markReleased) === 0
  }

  get waiting(): number {
    return this.tail - this.live
  }

  push(number: number, marks: number, message: QueuedMessage | undefined): void {
    if (this.tail - this.head > this.#mask) this.#makeRoom()
    const index = this.tail++ & this.#mask
    this.#numbers[index] = number
    this.#marks[index] = marks
    this.#messages[index] = message
    this.length++
    if (message === undefined) return
    message.hold()
    this.bytes += message.size
  }

  /** Takes out what stands at the position; a hole stays a hole. */
  remove(position: number): void {
    if (this.isHole(position)) return
    const index = position & this.#mask
    const origin = this.#messages[index]?.origin
    if (origin !== undefined) this.settle(origin)
    this.dropMessage(position)
    this.length--
    if (position < this.live && ((this.#marks[index] ?? 0) & markQos) !== 0) this.outstanding--
    this.#marks[index] = 0
    if (position === this.head) this.#pass()
  }

  settle(origin: Origin): void {
    if (this.settled === noOrigins) this.settled = [origin]
    else this.settled.push(origin)
  }

  /** Gives what `settle` was told since the last call. */
  takeSettled(): readonly Origin[] {
    const { settled } = this
    this.settled = noOrigins
    return settled
  }

  /** PUBREC: the message goes, its number stays until PUBCOMP. */
  release(position: number): void {
    this.dropMessage(position)
    const index = position & this.#mask
    this.#marks[index] = labelMark(labelIn(this.#marks[index] ?? 0)) | 2 | markSent | markReleased
  }

  dropMessage(position: number): void {
    const index = position & this.#mask
    const message = this.#messages[index]
    if (message === undefined) return
    this.bytes -= message.size
    if (position < this.live && ((this.#marks[index] ?? 0) & markQos) !== 0)
      this.outstandingBytes -= message.size
    if (message.bytes === undefined) this.evictedBytes -= message.size
    message.drop()
    this.#messages[index] = undefined
  }

  /** The position of a number that is on its way; -1 if it is not (any more). */
  find(number: number): number {
    if (this.head >= this.live) return -1
    if (this.numberAt(this.head) === number) return this.head
    const position = this.firstFrom(number)
    return position < this.live && this.numberAt(position) === number && !this.isHole(position)
      ? position
      : -1
  }

  /** The first position whose number is this or higher (it may be a hole); `tail` if there is none. */
  firstFrom(number: number): number {
    let low = this.head
    let high = this.tail
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.numberAt(middle) < number) low = middle + 1
      else high = middle
    }
    return low
  }

  /** A new connection: everything is to be sent again, from the first on. */
  rewind(): void {
    this.written = this.live = this.head
    this.outstanding = this.outstandingBytes = 0
  }

  #pass(): void {
    while (this.head < this.tail && this.isHole(this.head)) this.head++
    if (this.live < this.head) this.live = this.head
    if (this.written < this.head) this.written = this.head
    if (this.head !== this.tail) return
    this.head = this.written = this.live = this.tail = 0
    if (this.#mask >= capacityKept) {
      this.#numbers = []
      this.#marks = []
      this.#messages = []
      this.#mask = -1
    }
  }

  /** Closes the holes; doubles the rings if that does not give room enough. */
  #makeRoom(): void {
    const size = this.#mask + 1
    const capacity = this.length * 2 > size ? size * 2 : Math.max(size, capacityMin)
    const numbers: number[] = new Array<number>(capacity).fill(0)
    const marks: number[] = new Array<number>(capacity).fill(0)
    const messages = new Array<QueuedMessage | undefined>(capacity).fill(undefined)
    const { written, live, tail } = this
    let to = 0
    let newWritten = 0
    let newLive = 0
    for (let position = this.head; position < tail; position++) {
      if (position === written) newWritten = to
      if (position === live) newLive = to
      if (this.isHole(position)) continue
      numbers[to] = this.numberAt(position)
      marks[to] = this.marksAt(position)
      messages[to++] = this.messageAt(position)
    }
    this.written = written === tail ? to : newWritten
    this.live = live === tail ? to : newLive
    this.head = 0
    this.tail = to
    this.#numbers = numbers
    this.#marks = marks
    this.#messages = messages
    this.#mask = capacity - 1
  }
}
