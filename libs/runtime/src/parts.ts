// A batch in parts: what is decided about one part is one commit, and no commit is to be giant.
import { RecordCursor, type Batch } from '#libs/batch'
import { filterBatch } from '#libs/log'

/** Parts hold so many bytes at most, but a record is never cut. A replay has to see the same parts as who decided first. */
export const partBytesMax = 4 * 1024 * 1024

const cursor = new RecordCursor()

/** The parts of a batch in order: nearly always it is one. */
export function partsOf(batch: Batch, bytesMax: number): readonly Batch[] {
  if (batch.bytes.length <= bytesMax) return [batch]
  const starts: number[] = []
  let size = 0
  cursor.open(batch.bytes)
  while (cursor.next()) {
    const length = cursor.recordTo - cursor.recordFrom
    if (starts.length === 0 || size + length > bytesMax) {
      starts.push(cursor.offset)
      size = 0
    }
    size += length
  }
  return starts.flatMap((from, at) => {
    const part = between(batch, at === 0 ? batch.baseOffset : from, starts[at + 1] ?? batch.nextOffset)
    return part === undefined ? [] : [part]
  })
}

/** What lies before `position` has been read; undefined when no record is left. */
export const restOf = (batch: Batch, position: number): Batch | undefined =>
  position <= batch.baseOffset ? batch : between(batch, position, batch.nextOffset)

/** The records of a batch from one offset up to, not including, another one. */
function between(batch: Batch, from: number, to: number): Batch | undefined {
  const bytes = filterBatch(batch.bytes, ({ offset }) => offset >= from && offset < to, null)
  return bytes === null ? undefined : { ...withBytes(batch, bytes), baseOffset: from, nextOffset: to }
}

/** What was filtered is a copy, and nothing of it is lent. */
export const withBytes = (batch: Batch, bytes: Uint8Array): Batch =>
  bytes === batch.bytes ? batch : { ...batch, bytes, lease: undefined }
