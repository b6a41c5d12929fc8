// What the broker was doing when it died, read from what it left behind.
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** `start`: before it had opened its log. */
export const activities = ['load', 'restore', 'compaction', 'roll', 'start'] as const

export type Activity = (typeof activities)[number]

/** Bytes of a segment's own header: a shorter file has not got its first frames yet. */
const headerBytes = 64

/** Of a broker that had been serving: a draft of compaction, or a new segment beside a closed one that has no index yet, or load. */
export function activityOf(logDirectory: string): Activity {
  const names = readdirSync(logDirectory)
  if (names.some((name) => name.endsWith('.compacting'))) return 'compaction'
  for (const run of ['messages', 'state']) {
    const segments = names.filter((name) => name.startsWith(`${run}.`) && name.endsWith('.log')).sort()
    const newest = segments.pop()
    if (newest !== undefined && statSync(join(logDirectory, newest)).size <= headerBytes) return 'roll'
    if (segments.some((name) => !names.includes(name.replace(/log$/, 'index')))) return 'roll'
  }
  return 'load'
}
