// The table of reason codes: complete, and the same in both directions where 3.x knows a code.
import { describe, expect, it } from 'vitest'
import {
  connackReturnCode,
  isReasonAllowed,
  REASON,
  reasonOfReturnCode,
  reasonTitle,
} from './reason-codes.js'

describe('reason codes', () => {
  it('have one name and one title each', () => {
    const codes = Object.values(REASON)
    expect(new Set(codes).size).toBe(codes.length)
    expect(new Set(codes.map(reasonTitle)).size).toBe(codes.length)
  })

  it('are told from numbers that are none', () => {
    expect(reasonTitle(0x03)).toBe('0x03')
    expect(isReasonAllowed(0x03, 'suback', 'server')).toBe(false)
    expect(connackReturnCode(0x03)).toBeUndefined()
  })

  it('say in a 3.x CONNACK what its six return codes can say', () => {
    for (const returnCode of [0, 1, 2, 3, 4, 5]) {
      expect(connackReturnCode(reasonOfReturnCode(returnCode) ?? -1)).toBe(returnCode)
    }
    expect(reasonOfReturnCode(6)).toBeUndefined()
    expect(connackReturnCode(REASON.banned)).toBe(5)
    expect(connackReturnCode(REASON.malformedPacket)).toBeUndefined()
  })

  // Counted in the tables of the packets in the text of 5.0.
  it.each([
    ['connack', 'server', 22],
    ['puback', 'server', 9],
    ['puback', 'client', 8],
    ['pubrec', 'server', 9],
    ['pubrel', 'client', 2],
    ['pubcomp', 'client', 2],
    ['suback', 'server', 12],
    ['unsuback', 'server', 7],
    ['auth', 'server', 2],
    ['auth', 'client', 2],
  ] as const)('%s from a %s has %s and no more', (packet, sender, count) => {
    const allowed = Array.from({ length: 256 }, (_, code) => code).filter((code) =>
      isReasonAllowed(code, packet, sender),
    )
    expect(allowed.length).toBe(count)
  })
})
