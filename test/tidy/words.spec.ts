// Feared: things that have one home turning up elsewhere (the environment, topic names), silenced checks, and tests that
// do not run.

import { describe, expect, it } from 'vitest'
import { isTest, linesMatching, sources } from './sources.js'

const code = sources(/^(apps|libs|scripts)\/.*\.ts$/).filter(({ path }) => !isTest(path))
const everything = sources(/^(apps|libs|test|scripts)\/.*\.([cm]?[jt]s|tsx)$/)
const tests = everything.filter(({ path }) => isTest(path))

describe('one home each', () => {
  it('the environment is read in libs/platform alone', () => {
    const readers = code.filter(({ path }) => !path.startsWith('libs/platform/'))
    expect(linesMatching(readers, /process\.env\b|import\.meta\.env\b/)).toEqual([])
  })

  it('topic names are spelled in libs/topics alone', () => {
    const spellers = code.filter(({ path }) => !path.startsWith('libs/topics/'))
    expect(linesMatching(spellers, /['"`]tbmq\.[a-z]/)).toEqual([])
  })
})

describe('nothing is silenced', () => {
  it('no check is switched off in the code', () => {
    const silencers = new RegExp(['eslint-' + 'disable', '@ts-' + '(ignore|nocheck|expect-error)'].join('|'))
    expect(linesMatching(everything, silencers)).toEqual([])
  })

  it('no test is skipped, postponed or run alone', () => {
    const idle = /\b(it|test|describe|suite)(\.[a-z]+)*\.(skip|only|todo|skipIf|runIf)\b/i
    // On Mosquitto, and never in `npm test`, the suite leaves out what that broker does not have.
    const alwaysRun = tests.filter(({ path }) => path !== 'test/mqtt/scene/scenario.ts')
    expect(linesMatching(alwaysRun, idle)).toEqual([])
  })

  it('no test sleeps for a fixed time', () => {
    // Waiting on a condition with a deadline is the way: what sleeps is either slow or flaky, mostly both.
    expect(linesMatching(tests, /await\s+(sleep|delay|setTimeout)\(\s*[0-9_]+\s*[,)]/)).toEqual([])
  })
})

describe('the repository stands alone', () => {
  it('names no folder of the machine it was written on', () => {
    const all = sources(/\.(ts|[cm]?js|json|md|yml|sh)$|^(scripts|\.ci)\//)
    const homes = new RegExp(['/wo' + 'rk/', '/ro' + 'ot/', '/ho' + 'me/[a-z]'].join('|'))
    expect(linesMatching(all, homes)).toEqual([])
  })

  it('locks packages by content and not by the address they came from', () => {
    const [lock] = sources(/^package-lock\.json$/)
    expect(lock?.text).not.toContain('"resolved"')
  })
})
