// Feared: a page of a foreign host that passes for a program of this machine.
import { describe, expect, it } from 'vitest'
import { IpNetworks } from '#libs/base'
import type { Peer } from '#libs/topics'
import { chooseSubProtocol, peerOfUpgrade, refuseUpgrade } from './upgrade-request.js'

const rules = { path: '/mqtt', origins: ['https://app.example.com'], trusted: new IpNetworks([]) }
const peer: Peer = { host: '127.0.0.1', port: 4660, transport: 'ws', forwarded: false, sameOrigin: true }
const request = (headers: Record<string, string> = {}, url = '/mqtt') => ({
  url,
  headers: { host: 'broker.example:8084', 'sec-websocket-protocol': 'mqtt', ...headers },
})

describe('an upgrade', () => {
  it.each<[string, Record<string, string>, string, number | undefined]>([
    ['of the path', {}, '/mqtt', undefined],
    ['with a query', {}, '/mqtt?token=x', undefined],
    ['of another path', {}, '/', 404],
    ['of a longer path', {}, '/mqtt/', 404],
    ['of a path that begins so', {}, '/mqttx', 404],
    ['of an absolute address', {}, 'http://broker.example/mqtt', 404],
    ['without a sub-protocol', { 'sec-websocket-protocol': '' }, '/mqtt', 400],
    ['of another sub-protocol', { 'sec-websocket-protocol': 'chat, MQTT' }, '/mqtt', 400],
    ['of 3.1', { 'sec-websocket-protocol': 'mqttv3.1' }, '/mqtt', undefined],
    ['of several sub-protocols', { 'sec-websocket-protocol': 'chat,mqtt' }, '/mqtt', undefined],
    ['from a page of its own host', { origin: 'http://broker.example:8084' }, '/mqtt', undefined],
    ['from a page of its own host on another port', { origin: 'https://broker.example' }, '/mqtt', undefined],
    ['from a page of its own host in capitals', { origin: 'http://Broker.Example' }, '/mqtt', undefined],
    ['from a foreign page', { origin: 'https://evil.example' }, '/mqtt', 403],
    ['from a page of a host that ends so', { origin: 'https://xbroker.example' }, '/mqtt', 403],
    ['from a page of nowhere', { origin: 'null' }, '/mqtt', 403],
    ['from a page of two origins', { origin: 'http://broker.example, http://evil.example' }, '/mqtt', 403],
    ['from a listed page', { origin: 'https://app.example.com' }, '/mqtt', undefined],
    ['from a listed host on another port', { origin: 'https://app.example.com:444' }, '/mqtt', 403],
    ['from a page, for no host', { origin: 'http://broker.example', host: '' }, '/mqtt', 403],
  ])('%s', (_name, headers, url, status) => {
    expect(refuseUpgrade(request(headers, url), rules)?.status).toBe(status)
  })

  it.each<[string, object]>([
    ['of HTTP 1.0', { ...request(), httpVersion: '1.0' }],
    ['without a host', { url: '/mqtt', headers: { 'sec-websocket-protocol': 'mqtt' } }],
  ])('%s is none', (_name, wrong) => {
    expect(refuseUpgrade({ ...request(), ...wrong }, rules)?.status).toBe(400)
  })

  it('from any page when all are listed', () => {
    expect(
      refuseUpgrade(request({ origin: 'https://evil.example' }), { ...rules, origins: ['*'] }),
    ).toBeUndefined()
  })

  it('answers with our preference among what is offered', () => {
    expect(chooseSubProtocol(['mqttv3.1', 'mqtt'])).toBe('mqtt')
    expect(chooseSubProtocol(['chat'])).toBeUndefined()
  })
})

describe('the peer of an upgrade', () => {
  const trusted = new IpNetworks(['127.0.0.1', '10.0.0.0/8'])
  it.each<[string, Record<string, string>, string, boolean]>([
    ['has nobody before it', {}, '127.0.0.1', false],
    ['is named', { 'x-forwarded-for': '192.0.2.1' }, '192.0.2.1', true],
    [
      'is the last that is no proxy',
      { 'x-forwarded-for': '127.0.0.1, 192.0.2.1, 10.1.2.3' },
      '192.0.2.1',
      true,
    ],
    ['may be a proxy itself', { 'x-forwarded-for': '10.0.0.1, 10.0.0.2' }, '10.0.0.1', true],
    ['is named with a port', { 'x-forwarded-for': '192.0.2.1:4660' }, '192.0.2.1', true],
    ['is named in brackets', { 'x-forwarded-for': '[2001:DB8::1]:4660' }, '2001:db8::1', true],
    ['is not what is no address', { 'x-forwarded-for': '192.0.2.1, unknown' }, '127.0.0.1', true],
    ['is somebody by another header', { 'x-real-ip': '192.0.2.1' }, '127.0.0.1', true],
    ['is somebody by the standard header', { forwarded: 'for=192.0.2.1' }, '127.0.0.1', true],
  ])('%s', (_name, headers, host, forwarded) => {
    expect(peerOfUpgrade(request(headers), peer, trusted)).toMatchObject({ host, forwarded })
  })

  it('is not whom a stranger names, and yet no local one', () => {
    const stranger = { ...peer, host: '203.0.113.9' }
    const named = request({ 'x-forwarded-for': '127.0.0.1' })
    expect(peerOfUpgrade(named, stranger, trusted)).toMatchObject({ host: '203.0.113.9', forwarded: true })
    expect(peerOfUpgrade(named, peer, new IpNetworks([]))).toMatchObject({
      host: '127.0.0.1',
      forwarded: true,
    })
  })

  it.each<[string, string, string | undefined, string, boolean]>([
    ['a program', '127.0.0.1', undefined, 'localhost:8084', true],
    ['a page of this machine', '127.0.0.1', 'http://localhost:3000', 'localhost:8084', true],
    ['a page of this machine by address', '::1', 'http://[::1]:3000', '[::1]:8084', true],
    ['a page of this machine by address', '127.0.0.1', 'http://127.0.0.1', '127.0.0.1:8084', true],
    ['a foreign page that is listed', '127.0.0.1', 'https://app.example.com', 'localhost:8084', false],
    ['a foreign name made to lead here', '127.0.0.1', 'http://evil.example', 'evil.example:8084', false],
    ['a page of the broker elsewhere', '192.0.2.1', 'http://broker.example', 'broker.example:8084', true],
  ])('%s at %s from %s for %s is of the same origin: %s', (_name, host, origin, own, expected) => {
    const headers = { host: own, ...(origin === undefined ? {} : { origin }) }
    const found = peerOfUpgrade(request(headers), { ...peer, host }, trusted)
    expect(found.sameOrigin).toBe(expected)
  })
})
