// Before tests that run the broker as a user would: the build is brought up to date once, not by each of them.

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

export function setup(): void {
  const root = join(import.meta.dirname, '..')
  execFileSync('sh', ['scripts/build-if-stale'], { cwd: root, stdio: 'inherit' })
}
