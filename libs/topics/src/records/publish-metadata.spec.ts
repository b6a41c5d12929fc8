// Feared: lengths that are not as announced: what is written in place would run into what follows.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  metadataLength,
  MetadataView,
  publisherBytes,
  retainFlag,
  writeMetadata,
} from './publish-metadata.js'

describe('publish metadata', () => {
  it('says after reading what was written, and takes as many bytes as announced', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 200 }),
        fc.nat(2),
        fc.boolean(),
        fc.integer({ min: -1, max: 0xffffffff }),
        fc.uint8Array({ maxLength: 300 }),
        (clientId, qos, retain, expirySeconds, properties) => {
          const who = { clientId, birth: 5, gateway: 'g', incarnation: 2, connection: 70_000 }
          const part = publisherBytes(who)
          const length = metadataLength(part.length, expirySeconds, properties.length)
          const target = new Uint8Array(length + 2).fill(0xee)
          writeMetadata(
            target,
            1,
            qos | (retain ? retainFlag : 0),
            part,
            expirySeconds,
            properties,
            0,
            properties.length,
          )
          expect([target[0], target[length + 1]]).toEqual([0xee, 0xee])
          const view = new MetadataView()
          view.open(target, 1, 1 + length)
          expect([view.qos, view.retain, view.expirySeconds]).toEqual([qos, retain, expirySeconds])
          expect(view.publisher(target)).toEqual(who)
          expect(Uint8Array.prototype.slice.call(target, view.propertiesFrom, view.propertiesTo)).toEqual(
            properties,
          )
        },
      ),
    )
  })

  it('refuses another version instead of guessing', () => {
    expect(() => {
      new MetadataView().open(new Uint8Array([9, 0, 0]), 0, 3)
    }).toThrow('a newer version')
  })
})
