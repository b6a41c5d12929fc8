// CONNECT beyond the tables: the version that a refusal has to be written in.
import { describe, expect, it } from 'vitest'
import { bytesOf, packetOf } from '../testing/case-bytes.js'
import type { Part } from '../testing/case-bytes.js'
import { Frame, readFrame } from '../framing.js'
import { ProtocolError } from '../protocol-error.js'
import { DEFAULT_LIMITS } from '../protocol.js'
import { connectVersion, decodeConnect, refusalBytesMax, refusalVersion } from './connect.js'

function frameOf(bytes: Uint8Array): Frame {
  const frame = new Frame()
  expect(readFrame(bytes, 0, bytes.length, frame, Infinity)).toBe('frame')
  return frame
}

describe('connectVersion', () => {
  it.each<[string, 3 | 4 | 5 | undefined, readonly Part[]]>([
    ['5.0 though its flags are wrong', 5, ['MQTT', 5, 0xff]],
    ['3.1.1 though all is missing behind the level', 4, ['MQTT', 4]],
    ['3.1', 3, ['MQIsdp', 3]],
    ['none for a level that is not known', undefined, ['MQTT', 6]],
    ['none for level 3 with the newer name', undefined, ['MQTT', 3]],
    ['none for an unknown name', undefined, ['mqtt', 4]],
    ['none when the level is missing', undefined, ['MQTT']],
    ['none when the name is longer than the packet', undefined, [0xff, 0xff, 0x4d]],
    ['none for an empty packet', undefined, []],
  ])('is %s', (_fact, version, parts) => {
    const bytes = packetOf(0x10, ...parts)
    // What lies behind the packet must not be taken for its level.
    const around = bytesOf(bytes, 5, 5, 5, 5)
    const frame = new Frame()
    readFrame(around, 0, bytes.length, frame, Infinity)
    expect(connectVersion(around, frame)).toBe(version)
  })
})

describe('refusalVersion', () => {
  it.each<[string, 3 | 4 | 5, readonly Part[]]>([
    ['its own of a CONNECT with wrong flags', 3, ['MQIsdp', 3, 0xff]],
    ['5.0 behind a newer level with no properties', 5, ['MQTT', 6, 2, 0, 60, 0, 'c']],
    ['5.0 behind a newer level with properties', 5, ['MQTT', 6, 2, 0, 60, 5, 0x11, 0, 0, 0, 1, 'c']],
    ['5.0 behind an unknown name', 5, ['mqtt', 5, 2, 0, 60, 0, 'c']],
    ['3.1.1 behind a newer level', 4, ['MQTT', 6, 2, 0, 60, 'c']],
    ['3.1.1 behind an older level', 4, ['MQTT', 2, 2, 0, 60, '']],
    ['3.1.1 of a CONNECT that is too short to tell', 4, ['MQTT', 6, 2, 0, 60]],
    ['3.1.1 of an empty CONNECT', 4, []],
  ])('is %s', (_fact, version, parts) => {
    const bytes = packetOf(0x10, ...parts)
    expect(refusalVersion(bytes, frameOf(bytes))).toBe(version)
  })
})

describe('refusalBytesMax [MQTT-3.2.2-19]', () => {
  it.each<[string, number, readonly Part[]]>([
    [
      'what the client asks for, though its flags are wrong',
      20,
      ['MQTT', 5, 0xff, 0, 60, 5, 0x27, 0, 0, 0, 20],
    ],
    ['without a bound where none is asked for', Infinity, ['MQTT', 5, 2, 0, 60, 0]],
    ['a CONNACK without properties where the properties are wrong', 5, ['MQTT', 5, 2, 0, 60, 1, 0x27]],
    ['the same where there are none', 5, ['MQTT', 5, 2, 0]],
    ['the same of an empty CONNECT', 5, []],
  ])('is %s', (_fact, most, parts) => {
    const bytes = packetOf(0x10, ...parts)
    expect(refusalBytesMax(bytes, frameOf(bytes), DEFAULT_LIMITS)).toBe(most)
  })
})

describe('decodeConnect', () => {
  it('takes a remaining length with more bytes than needed in 3.1.1', () => {
    const bytes = bytesOf(0x10, 0x8d, 0, 'MQTT', 4, 2, 0, 60, 'c')
    expect(decodeConnect(bytes, frameOf(bytes), DEFAULT_LIMITS)).toMatchObject({ clientId: 'c' })
  })

  it('refuses it in 5.0 [MQTT-1.5.5-1]', () => {
    const bytes = bytesOf(0x10, 0x8e, 0, 'MQTT', 5, 2, 0, 60, 0, 'c')
    expect(() => decodeConnect(bytes, frameOf(bytes), DEFAULT_LIMITS)).toThrow(ProtocolError)
  })
})
