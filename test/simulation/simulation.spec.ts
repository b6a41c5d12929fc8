// Many seeded runs of the whole broker: simulated time, network and log; every promise is checked after each. `npm run test:simulation`
// runs more of them, with new seeds.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const run = promisify(execFile)
const program = fileURLToPath(new URL('run.mjs', import.meta.url))

/** What CI asks of a change: some four minutes on two processors. */
const shapes = [
  ['standalone', 2_000],
  ['cluster', 2_000],
] as const
const firstSeed = 1

describe('the simulation', () => {
  it.each(shapes)('keeps every promise, %s, %i runs', { timeout: 900_000 }, async (shape, runs) => {
    const options = ['--shape', shape, '--runs', String(runs), '--seed', String(firstSeed)]
    const output = await run(process.execPath, [program, ...options]).then(
      ({ stdout }) => ({ failed: false, stdout }),
      (error: unknown) => ({ failed: true, stdout: textOf(error) }),
    )
    console.log(output.stdout)
    expect(output).toMatchObject({ failed: false })
  })
})

/** What a program that failed had to say. */
function textOf(error: unknown): string {
  const said =
    error instanceof Error && 'stdout' in error && 'stderr' in error ? [error.stdout, error.stderr] : [error]
  return said.map(String).join('\n')
}
