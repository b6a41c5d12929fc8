// Keeps waiting messages from holding on to batches that are mostly done with: after a while they are copied out of them.
import { allocateUnsafeSlow, copy, type Millis } from '#libs/base'
import type { Pinned, QueuedMessage } from './message.js'
import type { DeliveryState } from './state.js'

/** Batches, or messages in them, that one look goes through at most; the rest waits for the next. */
const looksMax = 20_000

/** Most messages are acknowledged by then, and their batches need not stay. */
export const firstLookMillis: Millis = 100

/** Remembers the messages that the batch brought which has just been read. */
export function pin(state: DeliveryState): void {
  const { brought } = state
  if (brought === undefined) return
  state.brought = undefined
  brought.close()
  if (brought.living > 0) state.pinned.offer(brought)
}

/** Frees batches: at a first look those of which nothing is needed any more, at this age those of which less than half is. */
export function unpin(state: DeliveryState, now: Millis, age: Millis): void {
  let looked = 0
  for (let pinned = state.pinned.peek(); pinned !== undefined; pinned = state.pinned.peek()) {
    if (now - pinned.since < firstLookMillis || looked++ > looksMax) break
    state.pinned.take()
    if (pinned.living > 0) state.pinnedLong.offer(pinned)
  }
  for (let pinned = state.pinnedLong.peek(); pinned !== undefined; pinned = state.pinnedLong.peek()) {
    if (now - pinned.since < age || looked > looksMax) break
    looked += pinned.messages.length
    state.pinnedLong.take()
    release(pinned)
  }
}

function release(pinned: Pinned): void {
  const living: QueuedMessage[] = []
  let size = 0
  for (const message of pinned.messages) {
    if (message.references === 0 || message.bytes !== pinned.bytes) continue
    living.push(message)
    size += message.size
  }
  // A batch may itself be a part of a larger buffer that was read at once.
  if (size === 0 || size * 2 > pinned.bytes.buffer.byteLength) return
  const bytes = allocateUnsafeSlow(size)
  let at = 0
  for (const message of living) {
    copy(pinned.bytes, message.from, message.to, bytes, at)
    const { size: length } = message
    message.moveTo(bytes, at)
    at += length
  }
}
