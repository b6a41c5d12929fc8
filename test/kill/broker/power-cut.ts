// What a power cut leaves: of each file what its last completed sync had made safe. A SIGKILL alone never loses what the kernel
// holds, so after one the directory is spoiled here as the worst disk would have spoiled it.
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import type { SeededRandom } from '#libs/base'
import type { Range } from './direct-writes.js'

/** What was done to the files. */
export interface Spoiled {
  cut: number
  garbled: number
  /** Files in which a group stands that is there in part. */
  torn: number
  removed: number
  bytes: number
}

/** What the recorded syncs say, the last one of each file and directory. */
interface Safe {
  readonly lengths: ReadonlyMap<string, number>
  readonly names: ReadonlyMap<string, ReadonlySet<string>>
  /** Groups that were on their way past the page cache, by inode. */
  readonly groups: ReadonlyMap<string, Range>
}

/** Spoils every file below `directory` by what `recordPath` says is safe, and the groups that are not. */
export function cutPower(
  directory: string,
  recordPath: string,
  groups: ReadonlyMap<string, Range>,
  random: SeededRandom,
): Spoiled {
  const spoiled = { cut: 0, garbled: 0, torn: 0, removed: 0, bytes: 0 }
  spoil(directory, { ...readRecord(recordPath), groups }, random, spoiled)
  return spoiled
}

function readRecord(path: string): Omit<Safe, 'groups'> {
  const lengths = new Map<string, number>()
  const names = new Map<string, ReadonlySet<string>>()
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const [kind, key = '', what = ''] = line.split(' ')
    if (kind === 'file') lengths.set(key, Number(what))
    if (kind === 'directory') names.set(key, new Set(what.split('/')))
  }
  return { lengths, names }
}

function spoil(directory: string, safe: Safe, random: SeededRandom, spoiled: Spoiled): void {
  const safeNames = safe.names.get(keyOf(directory))
  const entries = readdirSync(directory, { withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map(({ name }) => join(directory, name))
  for (const entry of entries)
    if (entry.isDirectory()) spoil(join(directory, entry.name), safe, random, spoiled)
  // Native code syncs the files of the store unseen: there all of them are safe, or none, as chance will have it.
  const isUnseen = files.every((path) => !safe.lengths.has(keyOf(path)))
  if (isUnseen && random.chance(0.5)) return
  for (const entry of entries) {
    const path = join(directory, entry.name)
    if (!entry.isFile()) continue
    const length = safe.lengths.get(keyOf(path))
    // A name that no sync of its directory has seen may be gone although the file itself was synced.
    const isNameless = safeNames !== undefined && !safeNames.has(entry.name) && random.chance(0.5)
    if (length === undefined || isNameless) {
      rmSync(path)
      spoiled.removed += 1
      continue
    }
    const group = safe.groups.get(String(statSync(path, { bigint: true }).ino))
    if (group !== undefined) tear(path, group, random, spoiled)
    spoilFile(path, length, random, spoiled)
  }
}

const sectorBytes = 512
/** The first block of a group may hold what was synced before: in no sector that is lost. */
const blockBytes = 4096

/** Of a group that goes over zeros some sectors are on the disk, some still zero, some were being written. */
function tear(path: string, { from, to }: Range, random: SeededRandom, spoiled: Spoiled): void {
  const end = Math.min(to, statSync(path).size)
  const fd = openSync(path, 'r+')
  for (let at = from + blockBytes; at < end; at += sectorBytes) {
    if (random.chance(0.5)) continue
    writeSync(
      fd,
      random.chance(0.5) ? Buffer.alloc(sectorBytes) : randomBytes(sectorBytes),
      0,
      sectorBytes,
      at,
    )
    spoiled.bytes += sectorBytes
  }
  closeSync(fd)
  spoiled.torn += 1
}

/** What lies beyond the safe length is gone, or is whatever the disk had there, or is there in part. */
function spoilFile(path: string, length: number, random: SeededRandom, spoiled: Spoiled): void {
  const { size } = statSync(path)
  if (size <= length) return
  spoiled.bytes += size - length
  const kept = random.chance(0.5) ? 0 : random.below(size - length)
  truncateSync(path, length + kept)
  if (random.chance(0.5)) {
    writeFileSync(path, randomBytes(size - length - kept), { flag: 'a' })
    spoiled.garbled += 1
  } else spoiled.cut += 1
}

function keyOf(path: string): string {
  const { ino, birthtimeNs } = statSync(path, { bigint: true })
  return `${String(ino)}:${String(birthtimeNs)}`
}
