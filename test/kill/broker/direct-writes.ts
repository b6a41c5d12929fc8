// What the broker has written past the page cache, as recorded-writes.mjs tells it.
import { existsSync, readFileSync } from 'node:fs'

/** A part of a file. */
export interface Range {
  readonly from: number
  readonly to: number
}

/** What one life of the broker has written so. */
export interface DirectWrites {
  readonly bytes: number
  /** Groups that were being written or synced when it ended, by the inode of their file. */
  readonly groups: ReadonlyMap<string, Range>
  /** Where the record ends. */
  readonly end: number
}

/** Reads the record from byte `start` on. */
export function readDirectWrites(path: string, start: number): DirectWrites {
  const record = existsSync(path) ? readFileSync(path, 'latin1') : ''
  let bytes = 0
  const groups = new Map<string, Range>()
  for (const line of record.slice(start).split('\n')) {
    const [kind, inode = '', size = '0', position = '0'] = line.split(' ')
    if (kind === 'sync') groups.delete(inode)
    if (kind !== 'write') continue
    bytes += Number(size)
    const from = groups.get(inode)?.from ?? Number(position)
    groups.set(inode, { from, to: Number(position) + Number(size) })
  }
  return { bytes, groups, end: record.length }
}

/** Bytes of the largest group under way. */
export const largestGroup = ({ groups }: DirectWrites): number =>
  Math.max(0, ...[...groups.values()].map(({ from, to }) => to - from))
