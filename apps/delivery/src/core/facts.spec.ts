// Fear: what an older version wrote can no longer be read. The bytes stand here for ever: add, never edit.
import { ByteReader, ByteWriter, fromHex, toHex } from '#libs/base'
import { describe, expect, it } from 'vitest'
import { deliveryFacts, type DeliveryFact } from './facts.js'

const session = { clientId: 'c', birth: 300 }
const address = { gateway: 'g', incarnation: 2, connection: 3 }
const member = {
  session,
  kept: true,
  address,
  qos: 1,
  retainAsPublished: true,
  subscriptionId: 4,
  windowMax: 5,
}
const limits = {
  queueLengthMax: 10_000,
  queueBytesMax: 0,
  whenFull: 'refuseNewest',
  windowMax: 1_000,
  windowOldMax: 100,
  groupStrategy: 'sticky',
} as const

const cases: readonly (readonly [fact: DeliveryFact, key: string, value: string | undefined])[] = [
  [{ kind: 'ConnectionDisplaced', address, row: { from: 300, over: undefined } }, '0801670203', 'ac0200'],
  [{ kind: 'ConnectionDisplaced', address, row: { from: 300, over: 301 } }, '0801670203', 'ac0201ad02'],
  [{ kind: 'DisplacedForgotten', address }, '0801670203', undefined],
  [
    { kind: 'BaseMoved', base: { offset: 5, routes: [7, 0], limits: [{ offset: 0, limits }] } },
    '01',
    '050207000100904e0001e8076402',
  ],
  [
    {
      kind: 'SessionStood',
      row: {
        ...session,
        offset: 9,
        next: 200,
        live: 3,
        sent: 2,
        released: [1],
        received: [65_535],
        online: address,
        windowMax: 20,
        overflowing: true,
        passedOver: undefined,
      },
    },
    '02ac02',
    '0163ac0209c8010302010101ffff01016702031401',
  ],
  [
    {
      kind: 'SessionStood',
      row: {
        ...session,
        offset: 9,
        next: 200_000,
        live: 70_000,
        sent: 70_000,
        released: [],
        received: [],
        online: undefined,
        windowMax: 20,
        overflowing: false,
        passedOver: { shift: 1, packetIds: [{ number: 69_999, packetId: 4_465 }] },
      },
    },
    '02ac02',
    '0163ac0209c09a0cf0a204f0a20400000014000101efa2041171',
  ],
  [{ kind: 'SessionEnded', birth: 300 }, '02ac02', undefined],
  [
    {
      kind: 'MessageKept',
      of: 'session',
      birth: 300,
      number: 2,
      row: {
        marks: 1,
        tag: 0x8a,
        deadline: 1_700_000_000_000,
        subscriptionIds: [1, 128],
        origin: undefined,
        bytes: fromHex('ff0001740161'),
        from: 1,
        to: 6,
      },
    },
    '03ac0202',
    '018a80d095ffbc31020180010001740161',
  ],
  [
    {
      kind: 'MessageKept',
      of: 'group',
      birth: 300,
      number: 2,
      row: {
        marks: 0xab05,
        tag: 0x85,
        deadline: 0,
        subscriptionIds: [],
        origin: undefined,
        bytes: fromHex('0001740161'),
        from: 0,
        to: 5,
      },
    },
    '05ac0202',
    '8500ab8500000001740161',
  ],
  [
    {
      kind: 'MessageKept',
      of: 'session',
      birth: 300,
      number: 2,
      row: {
        marks: 1,
        tag: 0x81,
        deadline: 0,
        subscriptionIds: [],
        origin: { group: 300, partition: 3, number: 5 * 2 ** 32 + 7 },
        bytes: fromHex('0001740161'),
        from: 0,
        to: 5,
      },
    },
    '03ac0202',
    '41ac020387808080508100000001740161',
  ],
  [{ kind: 'MessageForgotten', of: 'session', birth: 300, number: 2 }, '03ac0202', undefined],
  [{ kind: 'MessageForgotten', of: 'group', birth: 300, number: 2 }, '05ac0202', undefined],
  [
    {
      kind: 'GroupStood',
      row: {
        share: 's',
        filter: 'f/#',
        birth: 300,
        offset: 9,
        next: 8,
        live: 6,
        members: [member],
        former: [{ ...member, address: undefined }],
        cursor: 0,
        stored: [0, 1],
        answers: [{ address, request: 1, place: 2, code: 0 }],
        handed: [{ number: 5, holder: 1 }],
        returned: [4],
        overflowing: false,
      },
    },
    '04ac02',
    '017303662f23ac02090806010163ac0201010167020301010405010163ac0201000101040500020001010167020301000200010501010400',
  ],
  [{ kind: 'GroupEnded', birth: 300 }, '04ac02', undefined],
  [
    { kind: 'MemberJoined', share: 's', filter: 'f', member },
    '06017301660163',
    '0163ac0201010167020301010405',
  ],
  [{ kind: 'MemberLeft', share: 's', filter: 'f', clientId: 'c' }, '06017301660163', undefined],
  [{ kind: 'PublishedThrough', offset: 77 }, '07', '4d'],
]

describe.each(cases)('the bytes of %o', (fact, key, value) => {
  it('are what they were', () => {
    const keyWriter = new ByteWriter()
    const valueWriter = new ByteWriter()
    deliveryFacts.writeKey(keyWriter, fact)
    const lives = deliveryFacts.writeValue(valueWriter, fact)
    expect(toHex(keyWriter.view())).toBe(key)
    expect(lives ? toHex(valueWriter.view()) : undefined).toBe(value)
  })

  it('are read as what was written, unless they are for other readers only', () => {
    const read = deliveryFacts.read(
      0,
      new ByteReader(fromHex(key)),
      value === undefined ? undefined : new ByteReader(fromHex(value)),
    )
    if (fact.kind === 'MemberJoined' || fact.kind === 'MemberLeft' || fact.kind === 'PublishedThrough') {
      expect(read).toBeUndefined()
    } else if (fact.kind === 'MessageKept' && read?.kind === 'MessageKept') {
      const { bytes, from, to, ...row } = read.row
      expect(toHex(bytes, from, to)).toBe(toHex(fact.row.bytes, fact.row.from, fact.row.to))
      expect({ ...fact.row, ...row }).toEqual(fact.row)
    } else expect(read).toEqual(fact)
  })
})
