// The anonymous rule: who may connect without being known.
import type { Peer } from '#libs/topics'
import { next, type Answer, type Attempt, type Provider } from './authenticate.js'

/** Nobody, programs on this machine, everybody. */
export type AnonymousRule = 'none' | 'loopback' | 'all'

/** Principal of whoever connects without being known; no user has it, theirs begin with `user:`. */
const anonymousPrincipal = 'anonymous'

const allowed: Answer = {
  kind: 'allow',
  permissions: { publish: undefined, subscribe: undefined },
  principal: anonymousPrincipal,
}

/**
 * Lets in whom the rule names. A user name is no hindrance: when there are users, an earlier provider has looked at it and
 * has not left a wrong one to this rule.
 */
export function anonymousProvider(rule: AnonymousRule): Provider {
  const isAllowed = (peer: Peer): boolean => rule === 'all' || (rule === 'loopback' && isLocal(peer))
  return {
    name: 'anonymous',
    check: ({ peer }: Attempt): Answer => (isAllowed(peer) ? allowed : next),
  }
}

/**
 * True for a program on this machine: a loopback address that nobody forwarded for somebody else, and no page of a foreign host in
 * this machine's browser.
 */
const isLocal = (peer: Peer): boolean => isLoopback(peer.host) && !peer.forwarded && peer.sameOrigin

/** 127.0.0.0/8, ::1, and the same as IPv4-mapped IPv6 addresses. */
export function isLoopback(host: string): boolean {
  const address = host.toLowerCase()
  if (address === '::1' || address === '0:0:0:0:0:0:0:1') return true
  const mapped = /^(?:::ffff:|0:0:0:0:0:ffff:)(.+)$/.exec(address)?.[1] ?? address
  const parts = /^127\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(mapped)
  if (parts !== null) return parts.slice(1).every((part) => Number(part) <= 255)
  // ::ffff:7f00:1 is the mapped 127.0.0.1 in hexadecimal.
  return mapped !== address && /^7f[0-9a-f]{2}:[0-9a-f]{1,4}$/.test(mapped)
}
