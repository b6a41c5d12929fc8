// Feared: somebody let in whom no rule names, and a rule that reads an address other than it is.
import type { Peer } from '#libs/topics'
import { describe, expect, it } from 'vitest'
import { anonymousProvider, isLoopback } from './anonymous.js'
import {
  authenticate,
  badCredentials,
  next,
  type Attempt,
  type Provider,
  type Verdict,
} from './authenticate.js'

const local: Peer = { host: '127.0.0.1', port: 5000, transport: 'tcp', forwarded: false, sameOrigin: true }

const attempt = (change: Partial<Attempt> = {}, peer: Partial<Peer> = {}): Attempt => ({
  clientId: 'c',
  userName: undefined,
  password: undefined,
  peer: { ...local, ...peer },
  ...change,
})

const codeOf = async (verdict: Verdict | Promise<Verdict>) => {
  const known = await verdict
  return known.kind === 'allow' ? 0 : known.reasonCode
}

describe('the anonymous rule', () => {
  const cases = [
    ['all', { host: '203.0.113.9' }, 0],
    ['all', { host: '203.0.113.9', forwarded: true, sameOrigin: false }, 0],
    ['none', {}, 0x87],
    ['loopback', {}, 0],
    ['loopback', { host: '::1' }, 0],
    ['loopback', { host: '::ffff:127.0.0.1' }, 0],
    ['loopback', { host: '203.0.113.9' }, 0x87],
    ['loopback', { host: '::ffff:203.0.113.9' }, 0x87],
    ['loopback', { forwarded: true }, 0x87],
    ['loopback', { sameOrigin: false }, 0x87],
  ] as const

  it.each(cases)('%s, %j: %i', async (rule, peer, code) => {
    expect(await codeOf(authenticate([anonymousProvider(rule)], attempt({}, peer)))).toBe(code)
  })

  it('refuses a user name that nobody knows as such', async () => {
    const refused = authenticate([anonymousProvider('none')], attempt({ userName: 'u' }))
    expect(await codeOf(refused)).toBe(0x86)
  })

  it('answers at once', () => {
    expect(authenticate([anonymousProvider('all')], attempt())).not.toBeInstanceOf(Promise)
  })
})

describe('a loopback address', () => {
  const loopback = [
    '127.0.0.1',
    '127.255.255.254',
    '::1',
    '0:0:0:0:0:0:0:1',
    '::ffff:127.0.0.1',
    '::FFFF:127.8.9.1',
    '::ffff:7f00:1',
  ]
  const others = [
    '',
    '128.0.0.1',
    '127.0.0.1.example.org',
    '127.0.0.256',
    '127.0.1',
    '1.127.0.0.1',
    'localhost',
    '::2',
    '::',
    '0.0.0.0',
    '::ffff:8.8.8.8',
    '::ffff:7f00',
    '7f00:1::',
    '7f00:1',
    '::127.0.0.1',
    'fe80::127.0.0.1',
  ]
  it.each(loopback)('is %s', (host) => {
    expect(isLoopback(host)).toBe(true)
  })
  it.each(others)('is not "%s"', (host) => {
    expect(isLoopback(host)).toBe(false)
  })
})

describe('the chain of providers', () => {
  const provider = (answer: ReturnType<Provider['check']>): Provider => ({ name: 'one', check: () => answer })
  const allow: Verdict = { kind: 'allow', permissions: { publish: [], subscribe: [] }, principal: 'p' }

  it('asks the next one only when the one before does not know', async () => {
    expect(await authenticate([provider(next), provider(allow)], attempt())).toBe(allow)
    expect(await authenticate([provider(badCredentials), provider(allow)], attempt())).toBe(badCredentials)
  })

  it('goes on behind one that takes its time', async () => {
    const late = provider(Promise.resolve(next))
    expect(await authenticate([late, provider(allow)], attempt())).toBe(allow)
    expect(await authenticate([late, late], attempt({ userName: 'u' }))).toBe(badCredentials)
  })

  it('refuses when it is empty', async () => {
    expect(await codeOf(authenticate([], attempt()))).toBe(0x87)
  })
})
