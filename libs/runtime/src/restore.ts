// Brings a state back: every fact of its state topics through `apply`, then, for a service whose state follows from its inbox, the
// inbox once more up to the saved position.
import { ByteReader, EMPTY_BYTES, type Millis } from '#libs/base'
import { RecordCursor, type Batch } from '#libs/batch'
import type { EventLog, TopicPartition } from '#libs/log'
import type { Placement, Service } from '#libs/service'
import { UnknownRecord } from '#libs/topics'
import { Input, without } from './input.js'
import { Outbox } from './outbox.js'
import { partBytesMax, partsOf } from './parts.js'
import { ownKind, readOwnRecord, type OwnRecord } from './own-records.js'

/** A restored state, where to read on, and what may have to be sent again. */
export interface Restored<State> {
  readonly state: State
  readonly inputs: readonly Input[]
  readonly outbox: Outbox
}

/** What could not be read, and what helps. `place`: topic, partition, and offset if known. */
export const newerVersion = (place: string, { message }: UnknownRecord): UnknownRecord =>
  new UnknownRecord(`${place}: ${message}. A newer version has written it: start that one again`)

/** Names the place of an unknown record that `read` meets. */
function at<Result>({ topic, partition }: TopicPartition, read: () => Result): Result {
  try {
    return read()
  } catch (error) {
    throw error instanceof UnknownRecord
      ? newerVersion(`${topic} partition ${String(partition)}`, error)
      : error
  }
}

/** Rejects when a record cannot be what its topic says: the partition must not go on with half a state. */
export async function restore<State, Fact>(
  log: EventLog,
  service: Service<State, Fact>,
  placement: Placement,
  now: Millis,
  bytesMax = partBytesMax,
): Promise<Restored<State>> {
  const state = service.empty(placement)
  const inputs = service.inputs.map((topic, index) => new Input(index, topic, placement.partition))
  const outbox = new Outbox()
  const cursor = new RecordCursor()
  const keyReader = new ByteReader(EMPTY_BYTES)
  const valueReader = new ByteReader(EMPTY_BYTES)
  const apply = (topic: 0 | 1, batch: Batch): void => {
    cursor.open(batch.bytes)
    while (cursor.next()) {
      const { bytes, keyFrom, keyTo, valueFrom, valueTo } = cursor
      const key = keyReader.reset(bytes, keyFrom, keyTo)
      const value = valueFrom < 0 ? undefined : valueReader.reset(bytes, valueFrom, valueTo)
      if (bytes[keyFrom] === ownKind) {
        key.u8()
        const own = readOwnRecord(key, value)
        if (own !== undefined) restoreOwn(own, inputs, outbox)
        continue
      }
      const fact = service.facts.read(topic, key, value)
      if (fact !== undefined) service.apply(state, fact)
    }
  }
  for (const [index, topic] of service.states.entries()) {
    const target = { topic: topic.name, partition: placement.partition }
    await log.readState(target, (batch) => {
      at(target, () => {
        apply(index === 0 ? 0 : 1, batch)
      })
    })
  }
  const [inbox] = inputs
  const from = service.replayFrom?.(state)
  if (inbox !== undefined && from !== undefined && from < inbox.position) {
    const dropped = new Set(inbox.dropped)
    await replay(
      log,
      inbox.target,
      Math.max(from, log.startOffset(inbox.target)),
      inbox.position,
      (batch) => {
        // The parts in which it was decided, as far as that is so and no facts tell what became of them.
        for (const part of partsOf(batch, bytesMax)) {
          if (part.nextOffset <= from || part.baseOffset >= inbox.position) continue
          const left = dropped.size === 0 ? part : without(part, dropped)
          if (left !== undefined) at(inbox.target, () => service.replay?.(state, left, now))
        }
      },
    )
  }
  return { state, inputs, outbox }
}

function restoreOwn(record: OwnRecord, inputs: readonly Input[], outbox: Outbox): void {
  switch (record.kind) {
    case 'position':
      return inputs[record.input]?.restore(record.offset)
    case 'number':
      return outbox.restoreNumber(record.number)
    case 'outbox':
      return outbox.restore(record.number, record.sends)
    case 'origin':
      return inputs[record.input]?.restoreOrigin(record.origin)
    case 'dropped': {
      const [inbox] = inputs
      if (inbox !== undefined) inbox.dropped = [...record.offsets]
    }
  }
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
