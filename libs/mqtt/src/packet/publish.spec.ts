// The hot path of PUBLISH: the view, what is forwarded, and writing from parts.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteWriter, utf8Decode, utf8Encode } from '#libs/base'
import { lengthed, packetOf, plain } from '../testing/case-bytes.js'
import type { Part } from '../testing/case-bytes.js'
import { Frame, readFrame } from '../framing.js'
import { decodeFromServer } from '../packets.js'
import { DEFAULT_LIMITS, NO_LIMITS } from '../protocol.js'
import type { ProtocolVersion, QoS } from '../protocol.js'
import { encodePublish, OutgoingPublish } from './publish-encoder.js'
import { decodePublish, forwardProperties, PublishView } from './publish.js'

const view = new PublishView()

function read(bytes: Uint8Array, version: ProtocolVersion = 5): PublishView {
  const frame = new Frame()
  expect(readFrame(bytes, 0, bytes.length, frame, Infinity)).toBe('frame')
  decodePublish(bytes, frame, version, view, DEFAULT_LIMITS)
  return view
}

function forwarded(...properties: readonly Part[]): number[] {
  const bytes = packetOf(0x30, 'a', lengthed(...properties), plain('hi'))
  const writer = new ByteWriter(1)
  forwardProperties(bytes, read(bytes), writer)
  return [...writer.view()]
}

describe('decodePublish', () => {
  it('says where topic, properties and payload lie', () => {
    const bytes = packetOf(0x3b, 'a/b', 1, 2, lengthed(0x01, 1), plain('hi'))
    const { dup, qos, retain, packetId, payloadFormat, ...where } = read(bytes)
    expect({ dup, qos, retain, packetId, payloadFormat }).toEqual({
      dup: true,
      qos: 1,
      retain: true,
      packetId: 258,
      payloadFormat: 1,
    })
    expect(utf8Decode(bytes, where.topicFrom, where.topicTo)).toBe('a/b')
    expect([...bytes.subarray(where.propertiesFrom, where.propertiesTo)]).toEqual([0x01, 1])
    expect(utf8Decode(bytes, where.payloadFrom, where.payloadTo)).toBe('hi')
  })

  it('keeps nothing of the packet before', () => {
    read(packetOf(0x3b, 'a', 1, 2, lengthed(0x01, 1, 0x02, 0, 0, 0, 9, 0x23, 0, 4), plain('hi')))
    const { dup, qos, retain, packetId, payloadFormat, messageExpiryInterval, topicAlias } = read(packetOf(0x30, 'a', 0)) // prettier-ignore
    expect({ dup, qos, retain, packetId, payloadFormat, messageExpiryInterval, topicAlias }).toEqual({
      dup: false,
      qos: 0,
      retain: false,
      packetId: 0,
      payloadFormat: 0,
      messageExpiryInterval: -1,
      topicAlias: 0,
    })
    expect(view.propertiesFrom).toBe(view.propertiesTo)
    expect(view.onlyForwardedProperties).toBe(true)
  })

  it('tells an expiry of 0 and of 2^32 - 1 from none', () => {
    expect(read(packetOf(0x30, 'a', lengthed(0x02, 0, 0, 0, 0))).messageExpiryInterval).toBe(0)
    expect(read(packetOf(0x30, 'a', lengthed(0x02, 255, 255, 255, 255))).messageExpiryInterval).toBe(
      4294967295,
    )
  })
})

describe('forwardProperties', () => {
  const user = [0x26, 'k', 'v'] as const

  it('copies as they are when all are for the receivers', () => {
    expect(forwarded(...user, 0x03, 't', 0x26, 'k', 'w')).toEqual(
      [...lengthed(...user, 0x03, 't', 0x26, 'k', 'w')].slice(1),
    )
    expect(view.onlyForwardedProperties).toBe(true)
  })

  it('leaves out alias and expiry, and keeps the order of the rest', () => {
    const some = [0x23, 0, 1, ...user, 0x02, 0, 0, 0, 9, 0x26, 'k', 'w', 0x01, 1] as const
    expect(forwarded(...some)).toEqual([...lengthed(...user, 0x26, 'k', 'w', 0x01, 1)].slice(1))
    expect(view.hasForwardedProperties).toBe(true)
  })

  it('writes nothing when there is nothing for the receivers', () => {
    expect(forwarded(0x23, 0, 1)).toEqual([])
    expect(view.hasForwardedProperties).toBe(false)
    expect(forwarded()).toEqual([])
  })
})

describe('encodePublish', () => {
  it('writes alias, expiry and identifiers before the forwarded properties', () => {
    const message = Object.assign(new OutgoingPublish(), { version: 5, qos: 1, packetId: 7, topicAlias: 3 })
    message.topic = plain('..a..')
    message.topicFrom = 2
    message.topicTo = 3
    message.messageExpiryInterval = 4294967295
    message.subscriptionIdentifiers = [1, 268435455]
    message.properties = lengthed(0x03, 't')
    message.propertiesFrom = 1
    message.propertiesTo = 5
    message.payload = plain('hi')
    message.payloadTo = 2
    const writer = new ByteWriter(1)
    writer.u8(0)
    expect(encodePublish(writer, message)).toBe(6)
    const properties = [0x23, 0, 3, 0x02, 255, 255, 255, 255, 0x0b, 1, 0x0b, 255, 255, 255, 127, 0x03, 't']
    expect([...writer.view(1)]).toEqual([...packetOf(0x32, 'a', 0, 7, lengthed(...properties), plain('hi'))])
  })

  it('leaves out for 3.1.1 what only 5.0 knows', () => {
    const message = Object.assign(new OutgoingPublish(), { topicAlias: 3, messageExpiryInterval: 5 })
    message.topic = plain('a')
    message.topicTo = 1
    message.subscriptionIdentifiers = [1]
    message.properties = lengthed(0x03, 't')
    message.propertiesTo = message.properties.length
    const writer = new ByteWriter(1)
    expect(encodePublish(writer, message)).toBe(0)
    expect([...writer.view()]).toEqual([...packetOf(0x30, 'a')])
  })

  it('is read back as what it was made from, for any parts', () => {
    const qos = fc.constantFrom<QoS>(0, 1, 2)
    const topic = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
      .filter((text) => !/[+#\0]/.test(text))
    const payload = fc.uint8Array({ maxLength: 300 })
    const expiry = fc.integer({ min: -1, max: 4294967295 })
    const alias = fc.integer({ min: 0, max: 65535 })
    const identifiers = fc.array(fc.integer({ min: 1, max: 268435455 }), { maxLength: 5 })
    const version = fc.constantFrom<ProtocolVersion>(4, 5)
    fc.assert(
      fc.property(
        version,
        qos,
        topic,
        payload,
        expiry,
        alias,
        identifiers,
        (v, q, name, body, seconds, number, ids) => {
          const message = new OutgoingPublish()
          message.version = v
          message.qos = q
          message.packetId = 300
          message.topic = utf8Encode(name)
          message.topicTo = message.topic.length
          message.topicAlias = number
          message.messageExpiryInterval = seconds
          message.subscriptionIdentifiers = ids
          message.payload = body
          message.payloadTo = body.length
          const writer = new ByteWriter(1)
          encodePublish(writer, message)
          const bytes = writer.copyOf()
          const frame = new Frame()
          expect(readFrame(bytes, 0, bytes.length, frame, Infinity)).toBe('frame')
          const packet = decodeFromServer(bytes, frame, v, NO_LIMITS)
          const properties = {
            ...(number > 0 && { topicAlias: number }),
            ...(seconds >= 0 && { messageExpiryInterval: seconds }),
            ...(ids.length > 0 && { subscriptionIdentifiers: ids }),
          }
          expect(packet).toMatchObject({ topic: name, qos: q, packetId: q > 0 ? 300 : 0 })
          expect(packet).toHaveProperty('properties', v === 5 ? properties : {})
          expect(packet.kind === 'publish' && [...packet.payload]).toEqual([...body])
        },
      ),
    )
  })
})
