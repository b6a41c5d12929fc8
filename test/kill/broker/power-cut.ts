// What a power cut leaves: of each file what its last completed sync had made safe. A SIGKILL alone never loses what the kernel
// holds, so after one the directory is spoiled here as the worst disk would have spoiled it.
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SeededRandom } from '#libs/base'

/** What was done to the files. */
export interface Spoiled {
  cut: number
  garbled: number
  removed: number
  bytes: number
}

/** What the recorded syncs say, the last one of each file and directory. */
interface Safe {
  readonly lengths: ReadonlyMap<string, number>
  readonly names: ReadonlyMap<string, ReadonlySet<string>>
}

/** Spoils every file below `directory` by what `recordPath` says is safe. */
export function cutPower(directory: string, recordPath: string, random: SeededRandom): Spoiled {
  const spoiled = { cut: 0, garbled: 0, removed: 0, bytes: 0 }
  spoil(directory, readRecord(recordPath), random, spoiled)
  return spoiled
}

function readRecord(path: string): Safe {
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
  // Native code syncs the files of the store unseen: there all of them are safe, or none, as chance will have it.
  const isUnseen = files.every((path) => !safe.lengths.has(keyOf(path)))
  if (isUnseen && random.chance(0.5)) return
  for (const entry of entries) {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) spoil(path, safe, random, spoiled)
    if (!entry.isFile()) continue
    const length = safe.lengths.get(keyOf(path))
    // A name that no sync of its directory has seen may be gone although the file itself was synced.
    const isNameless = safeNames !== undefined && !safeNames.has(entry.name) && random.chance(0.5)
    if (length === undefined || isNameless) {
      rmSync(path)
      spoiled.removed += 1
    } else spoilFile(path, length, random, spoiled)
  }
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
