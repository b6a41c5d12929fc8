// Brings a state back: every fact of its state topics through `apply`, then, for a service whose state follows from its inbox, the
// inbox once more up to the saved position.
import { ByteReader, EMPTY_BYTES, type Millis } from '#libs/base'
import { RecordCursor, type Batch } from '#libs/batch'
import type { EventLog, TopicPartition } from '#libs/log'
import type { Placement, Service } from '#libs/service'
import { positionKind } from './commit-builder.js'

/** A restored state, and per input the offset from which it has to be read on. */
export interface Restored<State> {
  readonly state: State
  readonly positions: number[]
}

/** Rejects when a record cannot be what its topic says: the partition must not go on with half a state. */
export async function restore<State, Fact>(
  log: EventLog,
  service: Service<State, Fact>,
  placement: Placement,
  inbox: TopicPartition,
  now: Millis,
): Promise<Restored<State>> {
  const state = service.empty(placement)
  const positions = service.inputs.map(() => 0)
  const cursor = new RecordCursor()
  const keyReader = new ByteReader(EMPTY_BYTES)
  const valueReader = new ByteReader(EMPTY_BYTES)
  const apply = (topic: 0 | 1, batch: Batch): void => {
    cursor.open(batch.bytes)
    while (cursor.next()) {
      const { bytes, keyFrom, keyTo, valueFrom, valueTo } = cursor
      const key = keyReader.reset(bytes, keyFrom, keyTo)
      const value = valueFrom < 0 ? undefined : valueReader.reset(bytes, valueFrom, valueTo)
      if (bytes[keyFrom] === positionKind) {
        key.u8()
        if (value !== undefined) positions[key.varint()] = value.varint()
        continue
      }
      const fact = service.facts.read(topic, key, value)
      if (fact !== undefined) service.apply(state, fact)
    }
  }
  for (const [index, topic] of service.states.entries()) {
    await log.readState({ topic: topic.name, partition: placement.partition }, (batch) => {
      apply(index === 0 ? 0 : 1, batch)
    })
  }
  const from = service.replayFrom?.(state)
  const to = positions[0] ?? 0
  if (from !== undefined && from < to) {
    await replay(log, inbox, Math.max(from, log.startOffset(inbox)), to, (batch) => {
      service.replay?.(state, batch, now)
    })
  }
  return { state, positions }
}

function replay(
  log: EventLog,
  inbox: TopicPartition,
  from: number,
  to: number,
  take: (batch: Batch) => void,
): Promise<void> {
  if (from >= to) return Promise.resolve()
  return new Promise((resolve, reject) => {
    const reader = log.read(inbox, {
      from,
      visibility: 'appended',
      handle: (batch) => {
        if (batch.baseOffset < to) take(batch)
        if (batch.nextOffset >= to) void reader.close().then(resolve)
      },
      failed: reject,
    })
  })
}
