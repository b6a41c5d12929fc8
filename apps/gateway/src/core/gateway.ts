// What all connections of one gateway share: its identity, settings and counters, what it appends, and scratch objects that are used
// again for every packet (one event loop works on one packet at a time).
import { ByteWriter } from '#libs/base'
import type { Millis } from '#libs/base'
import { AckView, Frame, PublishView } from '#libs/mqtt'
import { partitionOfClient, RunReader } from '#libs/topics'
import { Acknowledgements } from './acknowledgements.js'
import { Appends } from './appends.js'
import { ConnectionTable } from './connection-table.js'
import type { Connection } from './connection.js'
import type { GatewayCounters } from './counters.js'
import type { Pressure } from './disk-pressure.js'
import { OutgoingBlock } from './outgoing-block.js'
import { PermissionSets } from './permissions.js'
import { AddressRates } from './rates.js'
import { refusePublish } from './refuse-publish.js'
import type { GatewaySettings } from './settings.js'
import { TopicCache } from './topic-cache.js'
import { Turns } from './turns.js'

export interface GatewayOptions {
  readonly settings: GatewaySettings
  readonly counters: GatewayCounters
  /** Rises with every start of the gateway of this name. */
  readonly incarnation: number
  /** A whole number from 0 to 2^32 - 1 that nobody can foretell: for assigned client ids. */
  readonly random: () => number
}

export class Gateway {
  readonly settings: GatewaySettings
  readonly counters: GatewayCounters
  readonly name: string
  readonly incarnation: number
  readonly random: () => number
  readonly connections = new ConnectionTable()
  readonly topics: TopicCache
  readonly connectRates = new AddressRates()
  readonly permissions = new PermissionSets()
  readonly appends: Appends
  readonly turns = new Turns(refusePublish)
  readonly acknowledgements: Acknowledgements
  /** Set by the shell before it hands anything in: milliseconds since 1970. */
  now: Millis = 0
  /** False while the log takes nothing: publishes are refused at once instead of waiting. */
  writable = true
  /** What the log asks of senders; set by the shell. */
  pressure: Pressure = 'none'
  /** Publishers that wait for room on the disk. */
  readonly held: Connection[] = []
  /** No new connections, because the gateway is stopping. */
  stopping = false
  readonly frame = new Frame()
  readonly publish = new PublishView()
  readonly ack = new AckView()
  readonly run = new RunReader()
  /** Set by the shell with each record: messages of its run that stand before this offset have come before. */
  newFrom = 0
  readonly block = new OutgoingBlock()
  /** For encoding one packet that is rare. */
  readonly packet = new ByteWriter(1024)
  /** For the forwarded properties of one publish. */
  readonly properties = new ByteWriter(1024)
  /** SUBSCRIBEs and UNSUBSCRIBEs since the start: each has its number. */
  requests = 0

  constructor({ settings, counters, incarnation, random }: GatewayOptions) {
    this.settings = settings
    this.counters = counters
    this.name = settings.gatewayName
    this.incarnation = incarnation
    this.random = random
    this.topics = new TopicCache({ partitions: settings.topicPartitions })
    this.appends = new Appends(settings.topicPartitions)
    this.acknowledgements = new Acknowledgements(this.appends)
  }

  partitionOfClient(clientId: string): number {
    return partitionOfClient(clientId, this.settings.clientPartitions)
  }
}
