// Feared: a pure room that reaches for a timer, the clock or Node. `tsconfig.pure.json` compiles them without Node's
// types; forbidden words are planted here and must not compile or not pass the linter.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { ESLint } from 'eslint'
import { describe, expect, it } from 'vitest'
import { ROOT, isTest, sources } from './sources.js'

const PURE = /^(libs\/(base|batch|mqtt|service|topics)\/src\/|apps\/[^/]+\/src\/core\/)/

function compile(...options: string[]): { status: number | null; output: string } {
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
  const result = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.pure.json', ...options], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  return { status: result.status, output: result.stdout + result.stderr }
}

describe('pure rooms', () => {
  it('compile as if Node did not exist', { timeout: 120_000 }, () => {
    expect(compile()).toEqual({ status: 0, output: '' })
  })

  it('are all looked at', { timeout: 60_000 }, () => {
    const listed = compile('--listFilesOnly').output
    const missed = sources(/\.ts$/)
      .map(({ path }) => path)
      .filter((path) => PURE.test(path) && !isTest(path))
      .filter((path) => !listed.includes(`/${path}\n`))
    expect(missed).toEqual([])
    expect(listed).not.toContain('@types/node')
  })
})

describe('the linter refuses in a pure room', () => {
  const lines = [
    ['the clock', 'export const now = Date.now()'],
    ['chance', 'export const dice = Math.random()'],
    ['a stopwatch', 'export const start = performance.now()'],
    ['printing', "console.log('x')"],
    ['a timer', 'setTimeout(() => undefined, 1)'],
    ['Buffer', "export const bytes = Buffer.from('x')"],
    ['a module of Node', "import { readFileSync } from 'node:fs'\nexport const read = readFileSync"],
  ] as const

  it.each(lines)('%s', { timeout: 60_000 }, async (_name, line) => {
    // The text is judged under the name of an existing pure file, since typed rules need a file the compiler knows.
    const eslint = new ESLint({ cwd: ROOT })
    const [result] = await eslint.lintText(`${line}\n`, { filePath: join(ROOT, 'libs/base/src/index.ts') })
    const rules = result?.messages.map(({ ruleId }) => ruleId) ?? []
    expect(rules.filter((rule) => rule?.startsWith('no-restricted-'))).not.toEqual([])
  })
})
