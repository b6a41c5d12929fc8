// The header of the PROXY protocol, versions 1 and 2: what a proxy writes in front of a connection to name its client. Only the reading
// of it; whom it is taken from stands in shell/listeners.
import { formatIpAddress, parseIpAddress, utf8Decode } from '#libs/base'

export type ProxyHeader =
  /** It may become a header; give the same bytes again with what comes behind them. */
  | { readonly kind: 'more' }
  /** These bytes do not begin a header. */
  | { readonly kind: 'none' }
  | { readonly kind: 'malformed'; readonly sentence: string }
  | {
      readonly kind: 'header'
      /** In bytes; the client's own bytes follow. */
      readonly length: number
      /** False for a connection of the proxy's own, such as a health check. */
      readonly forwarded: boolean
      /** Undefined: the proxy does not know, or it is its own connection. */
      readonly source: { readonly host: string; readonly port: number } | undefined
    }

const more = { kind: 'more' } as const satisfies ProxyHeader
const none = { kind: 'none' } as const satisfies ProxyHeader
const malformed = (sentence: string): ProxyHeader => ({ kind: 'malformed', sentence })

const textBegin = [0x50, 0x52, 0x4f, 0x58, 0x59, 0x20] // "PROXY "
const binaryBegin = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]

/** Longest header of version 1, its CR and LF included. */
const textBytesMax = 107
/** Signature, version and command, family, length. */
const binaryBytesMin = 16

/** Reads the header at the start of `bytes[from..to)`. */
export function readProxyHeader(bytes: Uint8Array, from: number, to: number): ProxyHeader {
  if (begins(bytes, from, to, textBegin))
    return to - from < textBegin.length ? more : readText(bytes, from, to)
  if (begins(bytes, from, to, binaryBegin)) {
    return to - from < binaryBytesMin ? more : readBinary(bytes, from, to)
  }
  return none
}

/** True while what there is of `begin` is there. */
function begins(bytes: Uint8Array, from: number, to: number, begin: readonly number[]): boolean {
  const length = Math.min(to - from, begin.length)
  for (let index = 0; index < length; index++) if (bytes[from + index] !== begin[index]) return false
  return true
}

/**
 * Version 1: `PROXY TCP4 source destination source-port destination-port CR LF`, with single spaces; `TCP6` likewise; behind `UNKNOWN`
 * anything up to CR LF is skipped.
 */
function readText(bytes: Uint8Array, from: number, to: number): ProxyHeader {
  const end = endOfLine(bytes, from, Math.min(to, from + textBytesMax))
  if (end < 0) {
    return to - from < textBytesMax ? more : malformed('The PROXY header has no end within 107 bytes.')
  }
  const length = end + 2 - from
  const [, family, ...words] = utf8Decode(bytes, from, end).split(' ')
  if (family === 'UNKNOWN') return { kind: 'header', length, forwarded: true, source: undefined }
  if (family !== 'TCP4' && family !== 'TCP6') return malformed('The PROXY header names no known family.')
  const [source = '', destination = '', port = '', destinationPort = '', ...rest] = words
  if (!isAddress(source, family) || !isAddress(destination, family)) {
    return malformed('The PROXY header has a wrong address.')
  }
  if (!isPort(port) || !isPort(destinationPort) || rest.length > 0) {
    return malformed('The PROXY header has a wrong port.')
  }
  const address = parseIpAddress(source)
  const host = address === undefined ? source : formatIpAddress(address)
  return { kind: 'header', length, forwarded: true, source: { host, port: Number(port) } }
}

function endOfLine(bytes: Uint8Array, from: number, to: number): number {
  for (let at = from; at + 1 < to; at++) if (bytes[at] === 0x0d && bytes[at + 1] === 0x0a) return at
  return -1
}

function isAddress(text: string, family: 'TCP4' | 'TCP6'): boolean {
  return text.includes(':') === (family === 'TCP6') && parseIpAddress(text) !== undefined
}

function isPort(text: string): boolean {
  return /^(0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535
}

/** Lengths of the address blocks of the families that we read: both addresses, both ports. */
const ipv4Bytes = 12
const ipv6Bytes = 36

/**
 * Version 2: signature (12), version and command (1), family and protocol (1), length (2), then `length` bytes: addresses, and TLVs of
 * type (1), length (2), value.
 */
function readBinary(bytes: Uint8Array, from: number, to: number): ProxyHeader {
  const versionAndCommand = bytes[from + 12] ?? 0
  const family = bytes[from + 13] ?? 0
  const end = from + binaryBytesMin + wordAt(bytes, from + 14)
  const command = versionAndCommand & 0x0f
  if (versionAndCommand >> 4 !== 2) return malformed('The PROXY header is of an unknown version.')
  if (command > 1) return malformed('The PROXY header has an unknown command.')
  if (family >> 4 > 3 || (family & 0x0f) > 2) return malformed('The PROXY header names no known family.')
  const at = from + binaryBytesMin
  const isIpv4 = family === 0x11
  const isIpv6 = family === 0x21
  const tlvs = at + (isIpv4 ? ipv4Bytes : isIpv6 ? ipv6Bytes : 0)
  if (command === 1 && tlvs > end) return malformed('The PROXY header is shorter than its addresses.')
  if (to < end) return more
  const length = end - from
  if (command === 0) return { kind: 'header', length, forwarded: false, source: undefined }
  if (!isIpv4 && !isIpv6) return { kind: 'header', length, forwarded: true, source: undefined }
  if (!areTlvsWhole(bytes, tlvs, end)) return malformed('A TLV of the PROXY header goes past its end.')
  const source = isIpv4
    ? { host: bytes.subarray(at, at + 4).join('.'), port: wordAt(bytes, at + 8) }
    : { host: formatIpAddress(bytes.subarray(at, at + 16)), port: wordAt(bytes, at + 32) }
  return { kind: 'header', length, forwarded: true, source }
}

/** Nothing in them concerns us, but they must fill the header exactly. */
function areTlvsWhole(bytes: Uint8Array, from: number, end: number): boolean {
  let at = from
  while (at < end) {
    if (at + 3 > end) return false
    at += 3 + wordAt(bytes, at + 1)
  }
  return at === end
}

function wordAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
}
