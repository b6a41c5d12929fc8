// Keeps waiting messages from holding on to batches that are mostly done with: after a while they are copied out of them.
import { allocateUnsafeSlow, copy, type Millis } from '#libs/base'
import type { Batch } from '#libs/batch'
import type { Pinned, QueuedMessage } from './message.js'
import type { DeliveryState } from './state.js'

/** Messages that one look goes through at most; the rest waits for the next. */
const messagesPerLook = 20_000

/** Remembers the messages that a batch brought. */
export function pin(state: DeliveryState, batch: Batch, now: Millis): void {
  if (state.brought.length === 0) return
  state.pinned.push({ bytes: batch.bytes, since: now, messages: state.brought })
  state.brought = []
}

/** Frees the batches older than `age` of which less than half is still needed. */
export function unpin(state: DeliveryState, now: Millis, age: Millis): void {
  let looked = 0
  let done = 0
  for (const pinned of state.pinned) {
    if (now - pinned.since < age || looked > messagesPerLook) break
    looked += pinned.messages.length
    release(pinned)
    done++
  }
  if (done > 0) state.pinned.splice(0, done)
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
