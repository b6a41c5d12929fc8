// Walking over properties in place: every rule is checked, nothing is allocated. PUBLISH uses it on the hot path, all other packets too.
import { ProtocolError, malformed, protocolError } from './protocol-error.js'
import { PROPERTIES } from './properties.js'
import type { PropertyPlace, PropertyType } from './properties.js'
import type { Limits, Sender } from './protocol.js'
import { NO_LIMITS } from './protocol.js'
import { REASON } from './reason-codes.js'
import { isText } from './text.js'
import { isTopicName } from './topic-name.js'

/** A row of the table, with its lists as bits of places. */
interface Rule {
  readonly name: string
  readonly type: PropertyType
  readonly nonZero: boolean
  readonly places: number
  readonly manyPlaces: number
  readonly notFromClient: number
  readonly notFromServer: number
}

const RESPONSE_TOPIC = 0x08
const CORRELATION_DATA = 0x09
const AUTHENTICATION_DATA = 0x16
const TOPIC_ALIAS = 0x23
const USER_PROPERTY = 0x26

const PLACE_BITS: Readonly<Record<PropertyPlace, number>> = {
  connect: 1,
  will: 2,
  connack: 4,
  publish: 8,
  puback: 16,
  pubrec: 32,
  pubrel: 64,
  pubcomp: 128,
  subscribe: 256,
  suback: 512,
  unsubscribe: 1024,
  unsuback: 2048,
  disconnect: 4096,
  auth: 8192,
}

const rules = compileRules()

/** Visits the properties of one packet: `start`, then `next` until it says false. Made once, used for many packets. */
export class PropertyScanner {
  /** The identifier of the property that `next` found. */
  id = 0
  /** Where it begins with its identifier, and where its value lies (length prefixes included). */
  propertyFrom = 0
  valueFrom = 0
  valueTo = 0
  /** Where the second text of a pair begins (with its length). */
  middle = 0
  /** The value of a number. */
  number = 0

  #buffer: Uint8Array = new Uint8Array(0)
  #to = 0
  #place = 0
  #fromClient = true
  #limits: Limits = NO_LIMITS
  #seenLow = 0
  #seenHigh = 0
  #userProperties = 0
  #bytes = 0

  /** Begins with the properties in `buffer[from..to)`. */
  start(
    buffer: Uint8Array,
    from: number,
    to: number,
    place: PropertyPlace,
    sender: Sender,
    limits: Limits,
  ): void {
    this.#place = PLACE_BITS[place]
    this.#fromClient = sender === 'client'
    this.#limits = limits
    this.restart(buffer, from, to)
  }

  /** Begins again by the same rules. */
  restart(buffer: Uint8Array, from: number, to: number): void {
    this.#buffer = buffer
    this.valueTo = from
    this.#to = to
    this.#seenLow = 0
    this.#seenHigh = 0
    this.#userProperties = 0
    this.#bytes = 0
  }

  /** Goes to the next property; false at the end. Throws `ProtocolError` for whatever is wrong with it. */
  next(): boolean {
    const at = this.valueTo
    if (at >= this.#to) return false
    // All identifiers in use take one byte; a longer one is unknown anyway.
    const id = this.#buffer[at] ?? 0
    const rule = rules[id]
    if (rule === undefined || (rule.places & this.#place) === 0) {
      // [MQTT-2.2.2.2] An identifier that is not valid for its packet is malformed.
      throw malformed(`Property ${rule?.name ?? String(id)} is not allowed here.`)
    }
    this.id = id
    this.propertyFrom = at
    this.valueFrom = at + 1
    this.#checkSender(rule)
    this.#checkTwice(id, rule)
    this.#measure(rule)
    this.#checkValue(id, rule)
    this.#checkLimits(id, at)
    return true
  }

  #checkSender(rule: Rule): void {
    const forbidden = this.#fromClient ? rule.notFromClient : rule.notFromServer
    if ((forbidden & this.#place) === 0) return
    const sender = this.#fromClient ? 'client' : 'server'
    throw protocolError(
      `A ${sender} must not send property ${rule.name} here.`,
      this.#fromClient ? 'MQTT-3.3.4-6' : 'MQTT-3.14.2-2',
    )
  }

  #checkTwice(id: number, rule: Rule): void {
    if ((rule.manyPlaces & this.#place) !== 0) return
    const bit = 1 << (id & 31)
    const seen = id < 32 ? this.#seenLow : this.#seenHigh
    if ((seen & bit) !== 0) throw protocolError(`Property ${rule.name} stands there twice.`)
    if (id < 32) this.#seenLow |= bit
    else this.#seenHigh |= bit
  }

  /** Finds the value's end and reads numbers. */
  #measure(rule: Rule): void {
    const at = this.valueFrom
    switch (rule.type) {
      case 'bit':
      case 'flag':
        this.#endAt(at + 1)
        this.number = this.#buffer[at] ?? 0
        break
      case 'uint16':
        this.#endAt(at + 2)
        this.number = this.#uint16(at)
        break
      case 'uint32':
        this.#endAt(at + 4)
        this.number = this.#uint16(at) * 65_536 + this.#uint16(at + 2)
        break
      case 'variable':
        this.#readVariable(at)
        break
      case 'text':
      case 'binary':
        this.#endAt(at + 2)
        this.#endAt(at + 2 + this.#uint16(at))
        break
      case 'pair':
        this.#endAt(at + 2)
        this.middle = at + 2 + this.#uint16(at)
        this.#endAt(this.middle + 2)
        this.#endAt(this.middle + 2 + this.#uint16(this.middle))
    }
  }

  #checkValue(id: number, rule: Rule): void {
    switch (rule.type) {
      case 'bit':
      case 'flag':
        if (this.number > 1) throw protocolError(`Property ${rule.name} must be 0 or 1.`)
        break
      case 'uint16':
      case 'uint32':
      case 'variable':
        if (rule.nonZero && this.number === 0) throw isZero(id, rule)
        break
      case 'text':
        this.#checkText(rule, this.valueFrom + 2, this.valueTo)
        // [MQTT-3.3.2-14]
        if (id === RESPONSE_TOPIC && !isTopicName(this.#buffer, this.valueFrom + 2, this.valueTo)) {
          throw protocolError('A response topic must be a topic name.', 'MQTT-3.3.2-14')
        }
        break
      case 'pair':
        this.#checkText(rule, this.valueFrom + 2, this.middle)
        this.#checkText(rule, this.middle + 2, this.valueTo)
        break
      case 'binary':
    }
  }

  #checkText(rule: Rule, from: number, to: number): void {
    if (isText(this.#buffer, from, to)) return
    throw malformed(`Property ${rule.name} is not well-formed UTF-8 text.`, 'MQTT-1.5.4-1')
  }

  #checkLimits(id: number, at: number): void {
    if (id === USER_PROPERTY && ++this.#userProperties > this.#limits.userPropertiesMax) {
      throw tooMuch(`more than ${String(this.#limits.userPropertiesMax)} user properties`)
    }
    // What is a payload in all but name does not count.
    if (id === CORRELATION_DATA || id === AUTHENTICATION_DATA) return
    this.#bytes += this.valueTo - at
    if (this.#bytes > this.#limits.propertiesBytesMax) {
      throw tooMuch(`more than ${String(this.#limits.propertiesBytesMax)} bytes of properties`)
    }
  }

  #readVariable(from: number): void {
    this.number = 0
    for (let at = from, shift = 0; shift < 28; at++, shift += 7) {
      this.#endAt(at + 1)
      const byte = this.#buffer[at] ?? 0
      this.number |= (byte & 127) << shift
      if (byte === 0 && shift > 0) break
      if (byte < 128) return
    }
    throw malformed('A variable byte integer is longer than it may be.', 'MQTT-1.5.5-1')
  }

  #uint16(at: number): number {
    return ((this.#buffer[at] ?? 0) << 8) | (this.#buffer[at + 1] ?? 0)
  }

  #endAt(end: number): void {
    if (end > this.#to) throw malformed('A property passes the end of the properties.')
    this.valueTo = end
  }
}

function isZero(id: number, rule: Rule): ProtocolError {
  if (id === TOPIC_ALIAS) {
    return new ProtocolError(REASON.topicAliasInvalid, 'A topic alias must not be 0.', 'MQTT-3.3.2-8')
  }
  return protocolError(`Property ${rule.name} must not be 0.`)
}

function tooMuch(what: string): ProtocolError {
  return new ProtocolError(REASON.quotaExceeded, `The packet has ${what}.`)
}

function compileRules(): readonly (Rule | undefined)[] {
  const compiled = new Array<Rule | undefined>(256).fill(undefined)
  for (const row of PROPERTIES) {
    const only: Readonly<Partial<Record<PropertyPlace, Sender>>> = 'sentOnlyBy' in row ? row.sentOnlyBy : {}
    compiled[row.id] = {
      name: row.name,
      type: row.type,
      nonZero: 'nonZero' in row,
      places: bitsOf(row.in),
      manyPlaces: 'manyIn' in row ? bitsOf(row.manyIn) : 0,
      notFromClient: bitsOf(row.in.filter((place) => only[place] === 'server')),
      notFromServer: bitsOf(row.in.filter((place) => only[place] === 'client')),
    }
  }
  return compiled
}

function bitsOf(places: readonly PropertyPlace[]): number {
  return places.reduce((bits, place) => bits | PLACE_BITS[place], 0)
}
