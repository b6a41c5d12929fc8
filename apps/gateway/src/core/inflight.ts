// The messages on their way to one client that it has not acknowledged: packet id, how far it is, and the number under which the
// sender knows it. Typed arrays, found by packet id; the messages themselves are not kept here.

/** What is awaited for a packet id. */
export const AWAITS = { nothing: 0, puback: 1, pubrec: 2, pubcomp: 3 } as const

/** In the place of a number: nobody needs to hear of the acknowledgement. In the place of a group: it belongs to none. */
export const NO_NUMBER = -1

const initialSlots = 16

/** Packet ids from 1 to 65,535. A slot is the id's low bits; two ids that meet in one slot make the table grow. */
export class Inflight {
  /** How many messages are under way. */
  count = 0
  #mask = initialSlots - 1
  #awaits = new Uint8Array(initialSlots)
  #ids = new Uint16Array(initialSlots)
  #numbers = new Float64Array(initialSlots)
  #groups = new Float64Array(initialSlots)
  #last = 0

  /** Takes the next free packet id for a message. There must be one: the window is smaller than 65,535. */
  take(awaits: number, number: number, group: number): number {
    let id = this.#last
    do id = id === 65_535 ? 1 : id + 1
    while (this.awaits(id) !== AWAITS.nothing)
    this.#last = id
    this.put(id, awaits, number, group)
    return id
  }

  /** Takes this packet id, which its sender has chosen. A message that is sent again takes its own place. */
  put(id: number, awaits: number, number: number, group: number): void {
    let slot = id & this.#mask
    while (this.#awaits[slot] !== AWAITS.nothing && this.#ids[slot] !== id) {
      this.#grow()
      slot = id & this.#mask
    }
    if (this.#awaits[slot] === AWAITS.nothing) this.count++
    this.#awaits[slot] = awaits
    this.#ids[slot] = id
    this.#numbers[slot] = number
    this.#groups[slot] = group
  }

  awaits(id: number): number {
    const slot = id & this.#mask
    return this.#ids[slot] === id ? (this.#awaits[slot] ?? 0) : AWAITS.nothing
  }

  /** The number under which the sender knows the message. */
  numberOf(id: number): number {
    return this.#numbers[id & this.#mask] ?? NO_NUMBER
  }

  /** The group as `groupCode` packs it, or NO_NUMBER. */
  groupOf(id: number): number {
    return this.#groups[id & this.#mask] ?? NO_NUMBER
  }

  /** PUBREC has come: from now on PUBCOMP is awaited. */
  received(id: number): void {
    this.#awaits[id & this.#mask] = AWAITS.pubcomp
  }

  /** The message is done, its packet id free. */
  release(id: number): void {
    this.#awaits[id & this.#mask] = AWAITS.nothing
    this.count--
  }

  /** Calls back for every message under way, in no order. */
  each(visit: (id: number, awaits: number, number: number, group: number) => void): void {
    for (let slot = 0; slot <= this.#mask; slot++) {
      const awaits = this.#awaits[slot] ?? 0
      if (awaits !== AWAITS.nothing) {
        visit(this.#ids[slot] ?? 0, awaits, this.#numbers[slot] ?? NO_NUMBER, this.#groups[slot] ?? NO_NUMBER)
      }
    }
  }

  #grow(): void {
    const awaits = this.#awaits
    const ids = this.#ids
    const numbers = this.#numbers
    const groups = this.#groups
    const slots = awaits.length * 2
    this.#mask = slots - 1
    this.#awaits = new Uint8Array(slots)
    this.#ids = new Uint16Array(slots)
    this.#numbers = new Float64Array(slots)
    this.#groups = new Float64Array(slots)
    for (let slot = 0; slot < awaits.length; slot++) {
      if (awaits[slot] === AWAITS.nothing) continue
      const to = (ids[slot] ?? 0) & this.#mask
      this.#awaits[to] = awaits[slot] ?? 0
      this.#ids[to] = ids[slot] ?? 0
      this.#numbers[to] = numbers[slot] ?? NO_NUMBER
      this.#groups[to] = groups[slot] ?? NO_NUMBER
    }
  }
}
