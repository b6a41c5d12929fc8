// One packet in a few words, for the story of a run.
import { utf8Decode } from '#libs/base'
import type { Packet } from '#libs/mqtt'

export function summaryOf(packet: Packet): string {
  switch (packet.kind) {
    case 'connect':
      return `connect${packet.cleanStart ? ' clean' : ''}${packet.will === undefined ? '' : ` will ${utf8Decode(packet.will.payload)}`}`
    case 'connack':
      return `connack ${String(packet.reasonCode)}${packet.sessionPresent ? ' present' : ''}`
    case 'publish': {
      const flags = `${packet.dup ? ' dup' : ''}${packet.retain ? ' retain' : ''}`
      return `publish ${String(packet.packetId)} q${String(packet.qos)}${flags} ${packet.topic} ${utf8Decode(packet.payload)}`
    }
    case 'puback':
    case 'pubrec':
    case 'pubrel':
    case 'pubcomp':
      return `${packet.kind} ${String(packet.packetId)} ${String(packet.reasonCode)}`
    case 'subscribe':
      return `subscribe ${String(packet.packetId)} ${packet.subscriptions.map(({ filter, qos }) => `${filter.text} q${String(qos)}`).join(', ')}`
    case 'unsubscribe':
      return `unsubscribe ${String(packet.packetId)} ${packet.filters.map(({ text }) => text).join(', ')}`
    case 'suback':
    case 'unsuback':
      return `${packet.kind} ${String(packet.packetId)} ${packet.reasonCodes.join(' ')}`
    case 'disconnect':
      return `disconnect ${String(packet.reasonCode)}`
    default:
      return packet.kind
  }
}
