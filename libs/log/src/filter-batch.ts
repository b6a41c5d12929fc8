// Takes records out of a batch, as compaction does: offsets and everything else of those that stay are unchanged.
import { batchHeaderSize, RecordCursor, recordCountOf, stampCrc, type Crc32c } from '#libs/batch'

const cursor = new RecordCursor()

/**
 * The batch with only the records that `keep` accepts: the very same bytes if that is all of them, null if it is none. `keep` may
 * read the cursor but not move it.
 */
export function filterBatch(
  batch: Uint8Array,
  keep: (record: RecordCursor) => boolean,
  crc32c: Crc32c | null,
): Uint8Array | null {
  const kept: number[] = []
  let size = 0
  let count = 0
  cursor.open(batch)
  while (cursor.next()) {
    if (!keep(cursor)) continue
    kept.push(cursor.recordFrom, cursor.recordTo)
    size += cursor.recordTo - cursor.recordFrom
    count++
  }
  if (count === recordCountOf(batch)) return batch
  if (count === 0) return null
  const filtered = new Uint8Array(batchHeaderSize + size)
  filtered.set(batch.subarray(0, batchHeaderSize))
  let at = batchHeaderSize
  for (let i = 0; i < kept.length; i += 2) {
    const record = batch.subarray(kept[i], kept[i + 1])
    filtered.set(record, at)
    at += record.length
  }
  const view = new DataView(filtered.buffer)
  view.setInt32(8, filtered.length - 12)
  view.setInt32(57, count)
  stampCrc(filtered, crc32c)
  return filtered
}
