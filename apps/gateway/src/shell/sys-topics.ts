// The $SYS/broker topics: now and then, what has changed since the last time is published, retained, with Mosquitto's names.
// Clients cannot publish there; these records go straight into tbmq.msg.all.
import { utf8Encode } from '#libs/base'
import { RecordBatchBuilder } from '#libs/batch'
import type { EventLog } from '#libs/log'
import {
  catalogue,
  metadataKey,
  metadataLength,
  partitionOfTopic,
  publisherBytes,
  retainFlag,
  writeMetadata,
} from '#libs/topics'

/** A topic below `$SYS/broker/` and its value as text. */
export type SysValue = readonly [topic: string, value: string]

export interface SysTopicsParts {
  readonly log: EventLog
  readonly topicPartitions: number
  readonly gatewayName: string
  readonly incarnation: number
  /** Milliseconds between two rounds; 0 publishes never. */
  readonly everyMillis: number
  readonly read: () => readonly SysValue[]
}

/** Publishes until the returned function is called. */
export function publishSysTopics(parts: SysTopicsParts): () => void {
  if (parts.everyMillis === 0) return () => {}
  const { gatewayName, incarnation, topicPartitions, log } = parts
  const publisher = publisherBytes({
    clientId: '',
    birth: 0,
    gateway: gatewayName,
    incarnation,
    connection: 0,
  })
  const told = new Map<string, string>()
  const builders = Array.from({ length: topicPartitions }, () => new RecordBatchBuilder())
  const round = (): void => {
    if (!log.writable) return
    for (const [topic, value] of parts.read()) {
      if (told.get(topic) === value) continue
      told.set(topic, value)
      const name = `$SYS/broker/${topic}`
      const builder = builders[partitionOfTopic(name, topicPartitions)]
      if (builder !== undefined) add(builder, utf8Encode(name), utf8Encode(value), publisher)
    }
    for (const [partition, builder] of builders.entries()) {
      if (builder.count > 0) log.append({ topic: catalogue.messages.name, partition }, builder)
      builder.reset()
    }
  }
  round()
  const timer = setInterval(round, parts.everyMillis)
  return () => {
    clearInterval(timer)
  }
}

function add(builder: RecordBatchBuilder, name: Uint8Array, value: Uint8Array, publisher: Uint8Array): void {
  const length = metadataLength(publisher.length, -1, 0)
  const at = builder.addMessage(name, 0, name.length, value, 0, value.length, metadataKey, length)
  writeMetadata(builder.scratch, at, retainFlag, publisher, -1, value, 0, 0)
}
