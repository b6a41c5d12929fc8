// Acks in place: what comes with every message of QoS 1 and 2.
import { describe, expect, it } from 'vitest'
import { ByteWriter } from '#libs/base'
import { lengthed, packetOf } from '../testing/case-bytes.js'
import { Frame, readFrame } from '../framing.js'
import { DEFAULT_LIMITS } from '../protocol.js'
import type { ProtocolVersion } from '../protocol.js'
import { AckView, decodeAckInPlace, encodeAck } from './ack.js'
import type { AckKind } from './ack.js'

const view = new AckView()

function read(bytes: Uint8Array, version: ProtocolVersion): AckView {
  const frame = new Frame()
  expect(readFrame(bytes, 0, bytes.length, frame, Infinity)).toBe('frame')
  decodeAckInPlace(bytes, frame, version, view, DEFAULT_LIMITS)
  return view
}

describe('decodeAckInPlace', () => {
  it('reads id, reason and the place of the properties', () => {
    const properties = lengthed(0x1f, 'no')
    const bytes = packetOf(0x50, 1, 2, 0x87, properties)
    expect(read(bytes, 5)).toMatchObject({ packetId: 258, reasonCode: 0x87 })
    expect([...bytes.subarray(view.propertiesFrom, view.propertiesTo)]).toEqual([...properties.subarray(1)])
  })

  it('keeps nothing of the ack before', () => {
    read(packetOf(0x40, 1, 2, 0x87, lengthed(0x1f, 'no')), 5)
    expect(read(packetOf(0x40, 0, 7), 5)).toMatchObject({ packetId: 7, reasonCode: 0 })
    expect(view.propertiesFrom).toBe(view.propertiesTo)
  })
})

describe('encodeAck', () => {
  it.each<[AckKind, number, ProtocolVersion, Uint8Array]>([
    ['puback', 0, 4, packetOf(0x40, 1, 2)],
    ['puback', 0, 5, packetOf(0x40, 1, 2)],
    ['puback', 0x87, 5, packetOf(0x40, 1, 2, 0x87)],
    ['puback', 0x87, 4, packetOf(0x40, 1, 2)],
    ['pubrec', 0, 5, packetOf(0x50, 1, 2)],
    ['pubrel', 0, 5, packetOf(0x62, 1, 2)],
    ['pubrel', 0x92, 5, packetOf(0x62, 1, 2, 0x92)],
    ['pubcomp', 0, 3, packetOf(0x70, 1, 2)],
  ])('writes %s with reason %i in version %i as short as it can be', (kind, reasonCode, version, bytes) => {
    const writer = new ByteWriter(1)
    encodeAck(writer, kind, 258, reasonCode, version)
    expect([...writer.view()]).toEqual([...bytes])
  })
})
