// The rules for an HTTP request that wants to become a WebSocket: path, sub-protocol, origin, and whom it comes from.
import { formatIpAddress, IpNetworks, parseIpAddress } from '#libs/base'
import type { Peer } from '#libs/topics'

/** What of a request the rules look at. Names of headers in small letters, as Node gives them. */
export interface UpgradeRequest {
  readonly url?: string | undefined
  readonly httpVersion?: string
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

export interface UpgradeRules {
  readonly path: string
  /** Origins of other hosts that are let in; `*` lets in all. */
  readonly origins: readonly string[]
  /** Proxies whose X-Forwarded-For is taken. */
  readonly trusted: IpNetworks
}

export interface Refusal {
  readonly status: 400 | 403 | 404
  readonly sentence: string
}

/** In order of our preference. [MQTT-6.0.0-4] names the first; the second is of clients of 3.1. */
const subProtocols = ['mqtt', 'mqttv3.1'] as const

/** The sub-protocol to answer with; undefined when none that is offered is ours. */
export function chooseSubProtocol(offered: Iterable<string>): string | undefined {
  const words = new Set(offered)
  return subProtocols.find((name) => words.has(name))
}

/** Undefined when the request may become a WebSocket. */
export function refuseUpgrade(request: UpgradeRequest, rules: UpgradeRules): Refusal | undefined {
  if (!isPath(request.url, rules.path)) return { status: 404, sentence: `MQTT is at ${rules.path}.` }
  const { origin, host } = originAndHost(request)
  // RFC 6455, 4.2.1; of the rest ws takes care.
  if (request.httpVersion === '1.0' || host === undefined) {
    return { status: 400, sentence: 'A WebSocket begins with HTTP 1.1 and a host.' }
  }
  if (origin !== undefined && !isListed(origin, rules.origins) && !isOfHost(origin, host)) {
    return { status: 403, sentence: 'Pages of this origin may not connect.' }
  }
  const offered = headerOf(request, 'sec-websocket-protocol') ?? ''
  // [MQTT-6.0.0-3]
  if (chooseSubProtocol(offered.split(',').map((word) => word.trim())) === undefined) {
    return { status: 400, sentence: 'The sub-protocol must be mqtt or mqttv3.1.' }
  }
  return undefined
}

/** True for the path itself, whatever query follows it. */
export function isPath(url: string | undefined, path: string): boolean {
  return url === path || url?.startsWith(`${path}?`) === true
}

const isListed = (origin: string, origins: readonly string[]): boolean =>
  origins.includes('*') || origins.includes(origin.toLowerCase())

function originAndHost(request: UpgradeRequest): { origin: string | undefined; host: string | undefined } {
  return { origin: headerOf(request, 'origin'), host: headerOf(request, 'host') }
}

/** True when a page of `origin` was served by the host that the request is for, on whatever port. */
function isOfHost(origin: string, host: string | undefined): boolean {
  const own = hostNameOf(`http://${host ?? ''}`)
  return own !== undefined && own === hostNameOf(origin)
}

function hostNameOf(address: string): string | undefined {
  return URL.canParse(address) ? new URL(address).hostname : undefined
}

/**
 * Who is at the other end: `peer`, or whom trusted proxies name in X-Forwarded-For. Any header that names somebody makes it forwarded,
 * whoever sent it: a proxy on this machine that nobody told us of must not make its clients local ones.
 */
export function peerOfUpgrade(request: UpgradeRequest, peer: Peer, trusted: IpNetworks): Peer {
  const names = headerOf(request, 'x-forwarded-for')
  const isNamed =
    names !== undefined ||
    headerOf(request, 'forwarded') !== undefined ||
    headerOf(request, 'x-real-ip') !== undefined
  const host = names === undefined ? peer.host : lastNotTrusted(names, peer.host, trusted)
  return {
    ...peer,
    host,
    port: host === peer.host ? peer.port : 0,
    forwarded: peer.forwarded || isNamed,
    sameOrigin: isSameOrigin(request, peer),
  }
}

/** Each proxy appends whom it had before it; the last one that is no trusted proxy is the client, as far as can be known. */
function lastNotTrusted(names: string, peerHost: string, trusted: IpNetworks): string {
  let host = peerHost
  for (const name of names.split(',').reverse()) {
    const proxy = parseIpAddress(host)
    const address = parseIpAddress(withoutPort(name.trim()))
    if (proxy === undefined || address === undefined || !trusted.has(proxy)) break
    host = formatIpAddress(address)
  }
  return host
}

/** Some proxies add the port: `192.0.2.1:4660`, `[2001:db8::1]:4660`. */
function withoutPort(name: string): string {
  return /^\[(.+)\](?::\d+)?$/.exec(name)?.[1] ?? /^([\d.]+):\d+$/.exec(name)?.[1] ?? name
}

const loopback = new IpNetworks(['127.0.0.0/8', '::1'])

/**
 * For programs on this machine the page must be of this machine by name, too: the name of a foreign host may be made to lead here for a
 * moment (DNS rebinding), and then Origin and Host agree.
 */
function isSameOrigin(request: UpgradeRequest, peer: Peer): boolean {
  const { origin, host } = originAndHost(request)
  if (origin === undefined) return true
  if (!isOfHost(origin, host)) return false
  const address = parseIpAddress(peer.host)
  if (address === undefined || !loopback.has(address)) return true
  const name = hostNameOf(origin) ?? ''
  const named = parseIpAddress(name.replace(/^\[|\]$/g, ''))
  return named === undefined ? name === 'localhost' || name.endsWith('.localhost') : loopback.has(named)
}

function headerOf({ headers }: UpgradeRequest, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' ? value : value?.join(', ')
}
