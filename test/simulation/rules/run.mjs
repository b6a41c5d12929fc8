// `npm run test:rules -- [--runs N] [--only WORDS]`: takes out one rule after the other and runs the simulation until it is found, at most
// N (2,000) times; of some rules, one spec. Keeps docs/reference/rules.md. `--check` only looks whether every change still finds its place.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { bundle, programFile, runSeeds } from '../run.mjs'
import { changed, changedSource, root } from './changed.mjs'
import { absent, rules } from './rules.mjs'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '2000' },
    only: { type: 'string', default: '' },
    check: { type: 'boolean', default: false },
  },
})
const runs = Number(values.runs)

/** Some of these specs run for a while also when nothing is wrong. */
const specMillisMax = 120_000

const take = (rule) => (rule.spec === undefined ? simulate(rule) : test(rule))

async function simulate({ rule, shape, changes }) {
  const file = programFile('rule')
  await bundle(file, [changed(changes)])
  let done = 0
  let found
  await runSeeds(file, { shape, seed: 1, runs }, ({ seed, violations }) => {
    done++
    if (violations.length === 0) return true
    found ??= { seed, after: done, sentence: violations[0].split('\n')[0].slice(0, 160) }
    return false
  })
  console.log(
    `${found === undefined ? `NOT FOUND in ${done}` : `found in run ${found.after}`}: ${rule}${found ? ` — ${found.sentence}` : ''}`,
  )
  return { rule, shape, done, found }
}

/** The spec of a rule that no client could see broken in a short run. */
function test({ rule, spec, changes }) {
  checkPlaces(changes)
  const vitest = ['vitest', 'run', '--project', 'code', '--reporter', 'json']
  const { stdout } = spawnSync(
    'npx',
    [...vitest, '--config', `${root}test/simulation/rules/vitest.config.mjs`, spec],
    {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, RULE_CHANGES: JSON.stringify(changes) },
      timeout: specMillisMax,
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  )
  const { testResults } = JSON.parse(stdout.slice(stdout.indexOf('{')) || '{"testResults":[]}')
  const all = testResults.flatMap(({ assertionResults }) => assertionResults)
  const failed = all.find(({ status }) => status === 'failed')
  const found = failed === undefined ? undefined : { sentence: failed.fullName }
  console.log(
    `${found === undefined ? `NOT FOUND by ${all.length} tests` : 'found'}: ${rule}${found ? ` — ${found.sentence}` : ''}`,
  )
  return { rule, spec, found }
}

const cell = (text) => text.replaceAll('|', '\\|')

const pageFile = `${root}docs/reference/rules.md`

function rowOf({ rule, shape, spec, done, found }) {
  const where = spec ?? `${shape} | ${found === undefined ? `not in ${done}` : found.after}`
  return `| ${cell(rule)} | ${where} | ${found === undefined ? '' : cell(found.sentence)} |`
}

/** The page with the rows that are known, by rule; those of rules that were not tried now stay as they are. */
function writePage(results) {
  const known = existsSync(pageFile) ? readFileSync(pageFile, 'utf8').split('\n') : []
  const rowsOf = (some) =>
    some.flatMap(({ rule }) => {
      const result = results.find((one) => one.rule === rule)
      return result === undefined
        ? known.filter((line) => line.startsWith(`| ${cell(rule)} |`))
        : rowOf(result)
    })
  const lines = [
    '# Rules and what happens without them',
    '',
    'Each rule closes a hole that a crash, a pause or a move of partitions can open. `npm run test:rules` takes out one after the',
    'other (`test/simulation/rules/rules.mjs` says how) and runs the simulation until a promise is broken.',
    '',
    '| Rule | Simulated | Found in run | What was seen |',
    '|---|---|---|---|',
    ...rowsOf(rules.filter(({ spec }) => spec === undefined)),
    '',
    '## Found by another test',
    '',
    'No client sees these broken in a few thousand short runs: they bound memory or disk, guard what lies on a real disk, choose one',
    'of two answers that are both right, or need too many accidents at once. The same command takes them out and runs a spec.',
    '',
    '| Rule | Spec | What fails |',
    '|---|---|---|',
    ...rowsOf(rules.filter(({ spec }) => spec !== undefined)),
    '',
    '## Designed, and not here',
    '',
    '| Rule | Why |',
    '|---|---|',
    ...absent.map(({ rule, why }) => `| ${cell(rule)} | ${cell(why)} |`),
    '',
  ]
  writeFileSync(pageFile, lines.join('\n'))
}

function checkPlaces(changes) {
  for (const { file } of changes) changedSource(`${root}${file}`, changes)
}

if (values.check) {
  for (const { changes } of rules) checkPlaces(changes)
  process.exit()
}
const results = []
for (const rule of rules.filter(({ rule }) => rule.includes(values.only))) {
  results.push(await take(rule))
  writePage(results)
}
process.exit(results.every(({ found }) => found !== undefined) ? 0 : 1)
