// Fear: the code of a rule has moved, and nobody notices that it is not taken out any more.
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

it('every change that takes out a rule finds its place in the sources', () => {
  const program = fileURLToPath(new URL('run.mjs', import.meta.url))
  expect(() => execFileSync(process.execPath, [program, '--check'], { stdio: 'pipe' })).not.toThrow()
})
