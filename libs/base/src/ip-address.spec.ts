// Feared: an address that is written so that it looks like another one.
import { BlockList, isIP, isIPv6 } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatIpAddress, IpNetworks, parseIpAddress } from './ip-address.js'

const written = (text: string): string | undefined => {
  const address = parseIpAddress(text)
  return address === undefined ? undefined : formatIpAddress(address)
}

/** Text that looks like an address, and sometimes is one. */
const almost = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc.stringMatching(/^[0-9a-fA-F:.]{0,24}$/),
  fc.ipV6().map((text) => text.replace(/[0-9a-f]+/, '')),
)

describe('an IP address', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:201', '192.0.2.1'],
    ['0:0:0:0:0:ffff:7f00:1', '127.0.0.1'],
    ['::1', '::1'],
    ['::', '::'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:1:1:1:1:0:1', '2001:db8:1:1:1:1:0:1'],
    ['fe80::1:2', 'fe80::1:2'],
    ['1::', '1::'],
    ['::2.3.4.5', '::203:405'],
  ])('%s is %s', (text, expected) => {
    expect(written(text)).toBe(expected)
  })

  it.each([
    '',
    '1',
    '1.2.3',
    '1.2.3.4.5',
    '256.0.0.1',
    '01.2.3.4',
    '1.2.3.4:5',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8',
    '12345::',
    'g::',
    '[::1]',
    'fe80::1%eth0',
    '1.2.3.4::',
    '::1.2.3.4:1',
    ' 1.2.3.4',
  ])('«%s» is none', (text) => {
    expect(parseIpAddress(text)).toBeUndefined()
  })

  it('is what Node takes for one, too', () => {
    fc.assert(
      fc.property(almost, (text) => {
        expect(parseIpAddress(text) !== undefined).toBe(isIP(text) !== 0)
      }),
    )
  })

  it('is the same after being written and read again', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        const again = parseIpAddress(formatIpAddress(bytes))
        expect(again).toEqual(bytes)
      }),
    )
  })
})

describe('networks', () => {
  it.each([
    ['10.0.0.0/8', '10.255.0.1', true],
    ['10.0.0.0/8', '::ffff:10.1.2.3', true],
    ['10.0.0.0/8', '11.0.0.1', false],
    ['10.0.0.0/8', 'a00::', false],
    ['::ffff:10.0.0.0/104', '10.9.9.9', true],
    ['192.0.2.7', '192.0.2.7', true],
    ['192.0.2.7', '192.0.2.6', false],
    ['192.0.2.6/31', '192.0.2.7', true],
    ['0.0.0.0/0', '203.0.113.9', true],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['::/0', '203.0.113.9', true],
    ['2001:db8::/33', '2001:db8:7fff::1', true],
    ['2001:db8::/33', '2001:db8:8000::1', false],
  ])('%s has %s: %s', (network, address, expected) => {
    const parsed = parseIpAddress(address)
    expect(parsed !== undefined && new IpNetworks([network]).has(parsed)).toBe(expected)
  })

  it.each([
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '10.0.0.0/-1',
    'localhost',
    '*',
    '10.0.0/8',
  ])('«%s» is none', (entry) => {
    expect(() => new IpNetworks([entry])).toThrow(RangeError)
  })

  it('are the ones that Node has', () => {
    const network = fc.oneof(
      fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })),
      fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 })),
    )
    fc.assert(
      fc.property(network, fc.ipV6(), fc.ipV4(), ([address, bits], six, four) => {
        const theirs = new BlockList()
        theirs.addSubnet(address, bits, isIPv6(address) ? 'ipv6' : 'ipv4')
        const ours = new IpNetworks([`${address}/${String(bits)}`])
        const other = isIPv6(address) ? six : four
        const near = isIPv6(address) ? address : address.replace(/\d+$/, '7')
        for (const text of [other, near]) {
          const parsed = parseIpAddress(text)
          expect(parsed !== undefined && ours.has(parsed)).toBe(
            theirs.check(text, isIPv6(text) ? 'ipv6' : 'ipv4'),
          )
        }
      }),
    )
  })
})
