// IP addresses and networks, as text and as bytes. An IPv4 address and its IPv4-mapped IPv6 form (::ffff:192.0.2.1) are one address here.

/** 16 bytes; an IPv4 address in its mapped form. */
export type IpAddress = Uint8Array

const octet = '(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const dotted = new RegExp(`^${octet}\\.${octet}\\.${octet}\\.${octet}$`)
const group = /^[0-9a-fA-F]{1,4}$/
/** Where the four bytes of an IPv4 address lie in its mapped form. */
const mappedFrom = 12

/** Undefined for anything but an address: a zone (`%eth0`), a port or brackets are none of it. */
export function parseIpAddress(text: string): IpAddress | undefined {
  const bytes = new Uint8Array(16)
  return text.includes(':') ? parseGroups(text, bytes) : parseDotted(text, bytes)
}

function parseDotted(text: string, into: Uint8Array): IpAddress | undefined {
  const found = dotted.exec(text)
  if (found === null) return undefined
  into[10] = into[11] = 0xff
  for (let index = 0; index < 4; index++) into[mappedFrom + index] = Number(found[index + 1])
  return into
}

/** Groups of four hexadecimal digits; one `::` stands for all zeros that are missing; the last two groups may be written as IPv4. */
function parseGroups(text: string, into: Uint8Array): IpAddress | undefined {
  const [head = '', tail, ...more] = text.split('::')
  if (more.length > 0) return undefined
  const before = groupsOf(head, tail === undefined)
  const after = tail === undefined ? [] : groupsOf(tail, true)
  if (before === undefined || after === undefined) return undefined
  const count = before.length + after.length
  if (tail === undefined ? count !== 8 : count > 7) return undefined
  before.forEach((value, index) => {
    writeGroup(into, index, value)
  })
  after.forEach((value, index) => {
    writeGroup(into, 8 - after.length + index, value)
  })
  return into
}

function groupsOf(text: string, isLast: boolean): number[] | undefined {
  if (text === '') return []
  const words = text.split(':')
  const values: number[] = []
  for (const [index, word] of words.entries()) {
    const found = isLast && index === words.length - 1 ? dotted.exec(word) : null
    if (found !== null) {
      values.push(Number(found[1]) * 256 + Number(found[2]), Number(found[3]) * 256 + Number(found[4]))
    } else if (group.test(word)) values.push(Number.parseInt(word, 16))
    else return undefined
  }
  return values
}

function writeGroup(into: Uint8Array, index: number, value: number): void {
  into[index * 2] = value >> 8
  into[index * 2 + 1] = value & 0xff
}

/** IPv4 with dots; IPv6 in the form of RFC 5952: small letters, the longest run of zeros as `::`. */
export function formatIpAddress(address: IpAddress): string {
  if (isMapped(address)) return address.subarray(mappedFrom, 16).join('.')
  const groups: string[] = []
  for (let index = 0; index < 16; index += 2) {
    groups.push((((address[index] ?? 0) << 8) | (address[index + 1] ?? 0)).toString(16))
  }
  const { from, length } = longestZeros(groups)
  if (length < 2) return groups.join(':')
  return `${groups.slice(0, from).join(':')}::${groups.slice(from + length).join(':')}`
}

function longestZeros(groups: readonly string[]): { readonly from: number; readonly length: number } {
  let best = { from: 0, length: 0 }
  let from = 0
  for (const [index, word] of groups.entries()) {
    if (word !== '0') from = index + 1
    else if (index + 1 - from > best.length) best = { from, length: index + 1 - from }
  }
  return best
}

function isMapped(address: IpAddress): boolean {
  for (let index = 0; index < 10; index++) if (address[index] !== 0) return false
  return address[10] === 0xff && address[11] === 0xff
}

interface Network {
  readonly address: IpAddress
  /** Of the 128 bits of the mapped form. */
  readonly bits: number
}

/** A set of addresses, given as addresses and networks. */
export class IpNetworks {
  readonly #networks: readonly Network[]

  /** `entries`: `192.0.2.1`, `10.0.0.0/8`, `2001:db8::/32`. Throws RangeError with a sentence about what would be right. */
  constructor(entries: readonly string[]) {
    this.#networks = entries.map(parseNetwork)
  }

  get isEmpty(): boolean {
    return this.#networks.length === 0
  }

  has(address: IpAddress): boolean {
    for (const network of this.#networks) if (isWithin(network, address)) return true
    return false
  }
}

function parseNetwork(entry: string): Network {
  const [host = '', length, ...more] = entry.split('/')
  const address = parseIpAddress(host)
  const most = host.includes(':') ? 128 : 32
  const bits = length === undefined ? most : /^\d{1,3}$/.test(length) ? Number(length) : Number.NaN
  if (address === undefined || more.length > 0 || !(bits <= most)) {
    throw new RangeError('must be addresses and networks such as 192.0.2.1, 10.0.0.0/8 or 2001:db8::/32')
  }
  return { address, bits: bits + 128 - most }
}

function isWithin({ address, bits }: Network, other: IpAddress): boolean {
  const whole = bits >> 3
  for (let index = 0; index < whole; index++) if (address[index] !== other[index]) return false
  const rest = 8 - (bits & 7)
  return rest === 8 || ((address[whole] ?? 0) ^ (other[whole] ?? 0)) >> rest === 0
}
