// The bytes that every kind of record had when it was first written. Add lines; never edit one.
import { fromHex as bytes } from '#libs/base'

/** `type` names the record's field, `value` what was written, `hex` what lies in logs since. */
export interface Golden {
  readonly type: string
  readonly value: object
  readonly hex: string
}

const connection = { gateway: 'g', incarnation: 3, connection: 300 }

export const golden: readonly Golden[] = [
  {
    type: 'sessionRecord',
    value: {
      kind: 'OpenSession',
      address: { gateway: 'g', incarnation: 3, connection: 300 },
      wanted: {
        clientId: 'c',
        cleanStart: true,
        expirySeconds: 4294967295,
        limits: { protocolVersion: 5, receiveMaximum: 65535, maximumPacketSize: 100000 },
        keepAliveSeconds: 60,
        will: {
          message: {
            topic: 'a/b',
            payload: bytes('0102ff'),
            qos: 2,
            retain: true,
            expirySeconds: 4000000000,
            properties: bytes('09000107'),
          },
          delaySeconds: 60,
        },
      },
      permissions: { publish: ['a/#', 'b'], subscribe: undefined },
      principal: 'alice',
      arrivedMillis: 1764000000000,
      connectOffset: 12,
    },
    hex: '01016703ac02016301ffffffff05ffff01000186a0003c0103612f62030102ff020101ee6b280004090001070000003c010203612f2301620005616c69636580d0dfb4ab330c',
  },
  {
    type: 'sessionRecord',
    value: {
      kind: 'OpenSession',
      address: { gateway: 'g', incarnation: 3, connection: 300 },
      wanted: {
        clientId: 'c',
        cleanStart: false,
        expirySeconds: 4294967295,
        limits: { protocolVersion: 5, receiveMaximum: 65535, maximumPacketSize: 100000 },
        keepAliveSeconds: 60,
        will: undefined,
      },
      permissions: { publish: ['a/#', 'b'], subscribe: undefined },
      principal: 'alice',
      arrivedMillis: 1764000000000,
      connectOffset: 12,
    },
    hex: '01016703ac02016300ffffffff05ffff01000186a0003c00010203612f2301620005616c69636580d0dfb4ab330c',
  },
  {
    type: 'sessionRecord',
    value: {
      kind: 'ConnectionClosed',
      address: { gateway: 'g', incarnation: 3, connection: 300 },
      clientId: 'c',
      birth: 70000,
      cause: 'keepAlive',
      reasonCode: 141,
      expirySeconds: 5,
      publishWill: true,
    },
    hex: '02016703ac020163f0a204028d010000000501',
  },
  {
    type: 'sessionRecord',
    value: {
      kind: 'Gone',
      address: { gateway: 'g', incarnation: 3, connection: 300 },
      clientId: 'c',
      birth: 1,
    },
    hex: '03016703ac02016301',
  },
  {
    type: 'sessionRow',
    value: {
      clientId: 'c',
      birth: 70000,
      kept: true,
      expirySeconds: 3600,
      principal: 'alice',
      address: { gateway: 'g', incarnation: 3, connection: 300 },
      connectedMillis: 1764000000000,
      connectOffset: 12,
      will: {
        message: {
          topic: 'a/b',
          payload: bytes('0102ff'),
          qos: 2,
          retain: true,
          expirySeconds: 4000000000,
          properties: bytes('09000107'),
        },
        delaySeconds: 60,
      },
      willDueMillis: undefined,
      expiryDueMillis: undefined,
      waiting: undefined,
    },
    hex: '0163f0a2040100000e1005616c69636501016703ac0280d0dfb4ab330c0103612f62030102ff020101ee6b280004090001070000003c000000',
  },
  {
    type: 'sessionRow',
    value: {
      clientId: 'c',
      birth: 70000,
      kept: true,
      expirySeconds: 3600,
      principal: 'alice',
      address: undefined,
      connectedMillis: 1764000000000,
      connectOffset: 12,
      will: undefined,
      willDueMillis: 1764000001000,
      expiryDueMillis: 1764000002000,
      waiting: {
        opening: {
          address: { gateway: 'g', incarnation: 3, connection: 300 },
          wanted: {
            clientId: 'c',
            cleanStart: true,
            expirySeconds: 4294967295,
            limits: { protocolVersion: 5, receiveMaximum: 65535, maximumPacketSize: 100000 },
            keepAliveSeconds: 60,
            will: {
              message: {
                topic: 'a/b',
                payload: bytes('0102ff'),
                qos: 2,
                retain: true,
                expirySeconds: 4000000000,
                properties: bytes('09000107'),
              },
              delaySeconds: 60,
            },
          },
          permissions: { publish: ['a/#', 'b'], subscribe: undefined },
          principal: 'alice',
          arrivedMillis: 1764000000000,
          connectOffset: 12,
        },
        birth: 70001,
        untilMillis: 1764000000500,
      },
    },
    hex: '0163f0a2040100000e1005616c6963650080d0dfb4ab330c0001e8d7dfb4ab3301d0dfdfb4ab3301016703ac02016301ffffffff05ffff01000186a0003c0103612f62030102ff020101ee6b280004090001070000003c010203612f2301620005616c69636580d0dfb4ab330cf1a204f4d3dfb4ab33',
  },
  {
    type: 'subscriptionRecord',
    value: {
      kind: 'Subscribe',
      address: { gateway: 'g', incarnation: 3, connection: 300 },
      session: { clientId: 'c/ü', birth: 70000 },
      kept: true,
      request: 4,
      subscriptionId: 268435455,
      filters: [
        {
          place: 2,
          wanted: { filter: 'a/+', qos: 1, noLocal: true, retainAsPublished: false, retainHandling: 2 },
        },
      ],
    },
    hex: '01016703ac0204632fc3bcf0a2040104ffffff7f01000203612f2b01010002',
  },
  {
    type: 'subscriptionRecord',
    value: {
      kind: 'Unsubscribe',
      address: { gateway: 'g', incarnation: 3, connection: 300 },
      session: { clientId: 'c/ü', birth: 70000 },
      request: 5,
      filters: [{ place: 0, filter: 'a/+' }],
    },
    hex: '02016703ac0204632fc3bcf0a2040501000003612f2b',
  },
  {
    type: 'subscriptionRecord',
    value: { kind: 'EndSessions', sessions: [{ clientId: 'c/ü', birth: 70000 }] },
    hex: '030104632fc3bcf0a204',
  },
  {
    type: 'subscriptionRecord',
    value: {
      kind: 'NextRetained',
      address: { gateway: 'g', incarnation: 3, connection: 300 },
      session: { clientId: 'c/ü', birth: 70000 },
      kept: false,
      filter: '#',
      qos: 1,
      subscriptionId: 0,
      after: 'z',
    },
    hex: '04016703ac0204632fc3bcf0a2040001230100017a',
  },
  {
    type: 'subscriptionRecord',
    value: { kind: 'AddGroup', share: 'g', filter: 'a/#', birth: 7, owner: 1, replyTo: 1 },
    hex: '05016703612f23070101',
  },
  {
    type: 'subscriptionRecord',
    value: { kind: 'RemoveGroup', share: 'g', filter: 'a/#', birth: 7 },
    hex: '06016703612f2307',
  },
  {
    type: 'subscriptionRow',
    value: {
      clientId: 'c',
      birth: 70000,
      filter: 'a/+',
      qos: 1,
      noLocal: true,
      retainAsPublished: true,
      subscriptionId: 9,
      kept: false,
      address: { gateway: 'g', incarnation: 3, connection: 300 },
      fromOffset: 1000000,
    },
    hex: '0163f0a20403612f2b010101090001016703ac02c0843d',
  },
  {
    type: 'groupRow',
    value: { share: 'g', filter: 'a/#', birth: 7, owner: 1, fromOffset: 3 },
    hex: '016703612f23070103',
  },
  {
    type: 'retainedRow',
    value: {
      topic: 'a',
      offset: 9,
      qos: 1,
      publisherClientId: 'c',
      deadlineMillis: 1764000000000,
      properties: bytes('0101'),
      payload: bytes('07'),
    },
    hex: '0161090101630180d0dfb4ab330201010107',
  },
  {
    type: 'deliveryRecord',
    value: {
      kind: 'SessionOnline',
      session: { clientId: 'c/ü', birth: 70000 },
      address: { gateway: 'g', incarnation: 3, connection: 300 },
      limits: { protocolVersion: 5, receiveMaximum: 65535, maximumPacketSize: 100000 },
    },
    hex: '0104632fc3bcf0a204016703ac0205ffff01000186a0',
  },
  {
    type: 'deliveryRecord',
    value: {
      kind: 'SessionOffline',
      session: { clientId: 'c/ü', birth: 70000 },
      address: { gateway: 'g', incarnation: 3, connection: 300 },
    },
    hex: '0204632fc3bcf0a204016703ac02',
  },
  {
    type: 'deliveryRecord',
    value: { kind: 'EndSessions', sessions: [{ clientId: 'c/ü', birth: 70000 }] },
    hex: '030104632fc3bcf0a204',
  },
  {
    type: 'deliveryRecord',
    value: {
      kind: 'Publish',
      session: { clientId: 'c/ü', birth: 70000 },
      address: { gateway: 'g', incarnation: 3, connection: 300 },
      packetId: 65535,
      message: {
        topic: 'a/b',
        payload: bytes('0102ff'),
        qos: 2,
        retain: true,
        expirySeconds: 4000000000,
        properties: bytes('09000107'),
      },
    },
    hex: '0504632fc3bcf0a204016703ac02ffff03612f62030102ff020101ee6b28000409000107',
  },
  {
    type: 'deliveryRecord',
    value: {
      kind: 'ReleaseReceived',
      session: { clientId: 'c/ü', birth: 70000 },
      address: { gateway: 'g', incarnation: 3, connection: 300 },
      packetId: 1,
    },
    hex: '0604632fc3bcf0a204016703ac020001',
  },
  {
    type: 'deliveryRecord',
    value: {
      kind: 'PublishWill',
      session: { clientId: 'c/ü', birth: 70000 },
      message: {
        topic: 't',
        payload: bytes(''),
        qos: 0,
        retain: false,
        expirySeconds: undefined,
        properties: bytes(''),
      },
    },
    hex: '0704632fc3bcf0a20401740000000000',
  },
  {
    type: 'deliveryRecord',
    value: {
      kind: 'JoinGroup',
      session: { clientId: 'c/ü', birth: 70000 },
      address: { gateway: 'g', incarnation: 3, connection: 300 },
      kept: false,
      limits: { protocolVersion: 5, receiveMaximum: 65535, maximumPacketSize: undefined },
      request: 4,
      place: 1,
      share: 'g',
      wanted: { filter: 'a/+', qos: 1, noLocal: true, retainAsPublished: false, retainHandling: 2 },
      subscriptionId: 2,
    },
    hex: '0804632fc3bcf0a204016703ac020005ffff00040001016703612f2b0101000202',
  },
  {
    type: 'deliveryRecord',
    value: {
      kind: 'LeaveGroup',
      session: { clientId: 'c/ü', birth: 70000 },
      address: { gateway: 'g', incarnation: 3, connection: 300 },
      request: 4,
      place: 1,
      share: 'g',
      filter: 'a/+',
    },
    hex: '0904632fc3bcf0a204016703ac02040001016703612f2b',
  },
  {
    type: 'deliveryRecord',
    value: { kind: 'GroupStored', share: 'g', filter: 'a/+', birth: 7, partition: 3 },
    hex: '0a016703612f2b0703',
  },
  { type: 'leaseRecord', value: { kind: 'Renewed', gateway: 'g', incarnation: 3 }, hex: '01016703' },
  { type: 'leaseRecord', value: { kind: 'Ended', gateway: 'g', incarnation: 3 }, hex: '02016703' },
  {
    type: 'historyRecord',
    value: { event: 'connected', code: 0, detail: 'from ::1', birth: 70000 },
    hex: '09636f6e6e6563746564000866726f6d203a3a31f0a204',
  },
  {
    type: 'subscriptionRecord',
    value: {
      kind: 'ListSubscriptions',
      address: { gateway: 'g', incarnation: 3, connection: 300 },
      session: { clientId: 'c/ü', birth: 70000 },
    },
    hex: '07016703ac0204632fc3bcf0a204',
  },
  {
    type: 'deliveryRecord',
    value: {
      kind: 'ListSubscriptions',
      address: { gateway: 'g', incarnation: 3, connection: 300 },
      session: { clientId: 'c/ü', birth: 70000 },
    },
    hex: '0e016703ac0204632fc3bcf0a204',
  },
  {
    type: 'subscriptionRecord',
    value: { kind: 'ConnectionsDisplaced', addresses: [connection], isOver: false },
    hex: '0801016703ac0200',
  },
  {
    type: 'deliveryRecord',
    value: { kind: 'TellDisplaced', addresses: [connection], isOver: true },
    hex: '0f01016703ac0201',
  },
  {
    type: 'deliveryRecord',
    value: { kind: 'ConnectionsDisplaced', addresses: [connection], isOver: false },
    hex: '1001016703ac0200',
  },
]
