// Feared: a header that is read beyond its end, or takes bytes of the client with it.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, utf8Encode } from '#libs/base'
import { readProxyHeader } from './proxy-protocol.js'

const signature = '0d0a0d0a000d0a515549540a'
const ipv4 = 'c0000201 7f000001 1234 075b'
const ipv6 = '20010db8000000000000000000000001 00000000000000000000000000000001 1234 075b'

const hex = (text: string): Uint8Array => fromHex(text.replaceAll(' ', ''))
const text = (line: string): Uint8Array => utf8Encode(line)
const read = (bytes: Uint8Array) => readProxyHeader(bytes, 0, bytes.length)

const whole: readonly (readonly [
  name: string,
  bytes: Uint8Array,
  source: string | undefined,
  forwarded: boolean,
])[] = [
  ['v1 TCP4', text('PROXY TCP4 192.0.2.1 127.0.0.1 4660 1883\r\n'), '192.0.2.1 4660', true],
  ['v1 TCP6', text('PROXY TCP6 2001:DB8::1 ::1 4660 1883\r\n'), '2001:db8::1 4660', true],
  ['v1 TCP6 mapped', text('PROXY TCP6 ::ffff:192.0.2.1 ::1 0 65535\r\n'), '192.0.2.1 0', true],
  ['v1 UNKNOWN', text('PROXY UNKNOWN\r\n'), undefined, true],
  ['v1 UNKNOWN with more', text('PROXY UNKNOWN ffff:f...f:ffff what ever\r\n'), undefined, true],
  ['v1 UNKNOWN of 107 bytes', text(`PROXY UNKNOWN ${'x'.repeat(91)}\r\n`), undefined, true],
  ['v2 TCP4', hex(`${signature} 21 11 000c ${ipv4}`), '192.0.2.1 4660', true],
  ['v2 TCP6', hex(`${signature} 21 21 0024 ${ipv6}`), '2001:db8::1 4660', true],
  ['v2 with TLVs', hex(`${signature} 21 11 0013 ${ipv4} 04 0001 00 05 0000`), '192.0.2.1 4660', true],
  ['v2 LOCAL', hex(`${signature} 20 00 0000`), undefined, false],
  ['v2 LOCAL with anything behind', hex(`${signature} 20 11 0003 ffffff`), undefined, false],
  ['v2 of an unknown family', hex(`${signature} 21 00 0003 ffffff`), undefined, true],
  ['v2 of a Unix socket', hex(`${signature} 21 31 0001 00`), undefined, true],
]

describe('a PROXY header', () => {
  it.each(whole)('%s is read', (_name, bytes, source, forwarded) => {
    const found = read(bytes)
    const named =
      found.kind === 'header' && found.source
        ? `${found.source.host} ${String(found.source.port)}`
        : undefined
    expect([found.kind, named]).toEqual(['header', source])
    expect(found).toMatchObject({ length: bytes.length, forwarded })
  })

  it.each(whole)('%s cut at any byte waits for the rest', (_name, bytes) => {
    for (let length = 0; length < bytes.length; length++) {
      expect([length, readProxyHeader(bytes, 0, length).kind]).toEqual([length, 'more'])
    }
  })

  it.each(whole)('%s ends where the client begins', (_name, bytes) => {
    const behind = new Uint8Array(bytes.length + 40).fill(0x10)
    behind.set(bytes, 20)
    expect(readProxyHeader(behind, 20, behind.length)).toMatchObject({ kind: 'header', length: bytes.length })
  })

  it.each([
    ['v1 of 107 bytes without an end', text(`PROXY TCP4 ${'1'.repeat(96)}`)],
    ['v1 of 108 bytes', text(`PROXY UNKNOWN ${'x'.repeat(92)}\r\n`)],
    ['v1 with a bad address', text('PROXY TCP4 999.0.2.1 127.0.0.1 4660 1883\r\n')],
    ['v1 with a bad destination', text('PROXY TCP4 192.0.2.1 127.0.0.256 4660 1883\r\n')],
    ['v1 TCP4 with an IPv6 address', text('PROXY TCP4 ::ffff:192.0.2.1 ::1 4660 1883\r\n')],
    ['v1 TCP6 with an IPv4 address', text('PROXY TCP6 192.0.2.1 127.0.0.1 4660 1883\r\n')],
    ['v1 with a bad port', text('PROXY TCP4 192.0.2.1 127.0.0.1 65536 1883\r\n')],
    ['v1 with a port of leading zeros', text('PROXY TCP4 192.0.2.1 127.0.0.1 01883 1883\r\n')],
    ['v1 with a negative port', text('PROXY TCP4 192.0.2.1 127.0.0.1 -1 1883\r\n')],
    ['v1 without addresses', text('PROXY TCP4\r\n')],
    ['v1 without a family', text('PROXY \r\n')],
    ['v1 with two spaces', text('PROXY  TCP4 192.0.2.1 127.0.0.1 4660 1883\r\n')],
    ['v1 with a word too many', text('PROXY TCP4 192.0.2.1 127.0.0.1 4660 1883 x\r\n')],
    ['v1 of an unknown family', text('PROXY UDP4 192.0.2.1 127.0.0.1 4660 1883\r\n')],
    ['v2 whose TLV goes past the end', hex(`${signature} 21 11 0010 ${ipv4} 04 ffff 00`)],
    ['v2 whose TLV has no length', hex(`${signature} 21 11 000e ${ipv4} 04 00`)],
    ['v2 shorter than its addresses', hex(`${signature} 21 11 0004 ${ipv4}`)],
    ['v2 TCP6 with the length of IPv4', hex(`${signature} 21 21 000c ${ipv4}`)],
    ['v2 of version 3', hex(`${signature} 31 11 000c ${ipv4}`)],
    ['v2 of version 1', hex(`${signature} 11 11 000c ${ipv4}`)],
    ['v2 with command 2', hex(`${signature} 22 11 000c ${ipv4}`)],
    ['v2 of family 4', hex(`${signature} 21 41 000c ${ipv4}`)],
    ['v2 of protocol 3', hex(`${signature} 21 13 000c ${ipv4}`)],
  ])('%s is malformed', (_name, bytes) => {
    expect(read(bytes).kind).toBe('malformed')
  })

  it.each([
    ['CONNECT', hex('10 0c 0004 4d515454')],
    ['a TLS handshake', hex('16 0301')],
    ['HTTP', text('GET /mqtt HTTP/1.1\r\n')],
    ['PUT, which begins like PROXY', text('PUT / HTTP/1.1\r\n')],
    ['proxy in small letters', text('proxy TCP4')],
    ['almost the signature', hex('0d0a0d0a000d0a515549540b')],
  ])('%s is none', (_name, bytes) => {
    expect(read(bytes).kind).toBe('none')
  })

  it('of any bytes is read without an exception and without a look past the end', () => {
    const begin = fc.constantFrom(
      text('PROXY TCP4 '),
      text('PROXY '),
      hex(signature),
      hex(`${signature} 21 11 00`),
    )
    fc.assert(
      fc.property(begin, fc.uint8Array({ maxLength: 200 }), (first, rest) => {
        const bytes = new Uint8Array([...first, ...rest])
        const found = read(bytes)
        if (found.kind === 'header') expect(found.length).toBeLessThanOrEqual(bytes.length)
        if (found.kind === 'more') expect(bytes.length).toBeLessThan(16 + 65_536)
      }),
    )
  })
})
