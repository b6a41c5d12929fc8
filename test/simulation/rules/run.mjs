// `npm run test:rules -- [--runs N] [--only WORDS]`: takes out one rule after the other and runs the simulation until it is found, at most
// N (2,000) times. Keeps docs/reference/rules.md. `--check` only looks whether every change still finds its place.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { bundle, programFile, runSeeds } from '../run.mjs'
import { rules } from './rules.mjs'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '2000' },
    only: { type: 'string', default: '' },
    check: { type: 'boolean', default: false },
  },
})
const runs = Number(values.runs)

/** The source with these changes in it; undefined when none is for it. */
function changedSource(id, changes) {
  const mine = changes.filter(({ file }) => id === `${root}${file}`)
  if (mine.length === 0) return undefined
  let code = readFileSync(id, 'utf8')
  for (const { file, from, to } of mine) {
    if (code.split(from).length !== 2) throw new Error(`${file} holds this not once: ${from}`)
    code = code.replace(from, () => to)
  }
  return code
}

/** Gives the bundler the sources with these changes in them. */
function changed(changes) {
  return {
    name: 'changed',
    load(id) {
      const code = changedSource(id, changes)
      return code === undefined ? null : { code, moduleType: 'ts' }
    },
  }
}

async function take({ rule, shape, changes }) {
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

const cell = (text) => text.replaceAll('|', '\\|')

const pageFile = `${root}docs/reference/rules.md`

const rowOf = ({ rule, shape, done, found }) =>
  `| ${cell(rule)} | ${shape} | ${found === undefined ? `not in ${done}` : found.after} | ${found === undefined ? '' : cell(found.sentence)} |`

/** The page with the rows that are known, by rule; those of rules that were not tried now stay as they are. */
function writePage(results) {
  const known = existsSync(pageFile) ? readFileSync(pageFile, 'utf8').split('\n') : []
  const rows = rules.map(({ rule }) => {
    const result = results.find((one) => one.rule === rule)
    return result === undefined ? known.find((line) => line.startsWith(`| ${cell(rule)} |`)) : rowOf(result)
  })
  const lines = [
    '# Rules and what happens without them',
    '',
    'Each rule closes a hole that a crash, a pause or a move of partitions can open. `npm run test:rules` takes out one after the',
    'other (`test/simulation/rules/rules.mjs` says how) and runs the simulation until a promise is broken.',
    '',
    '| Rule | Simulated | Found in run | What was seen |',
    '|---|---|---|---|',
    ...rows.filter((row) => row !== undefined),
    '',
  ]
  writeFileSync(pageFile, lines.join('\n'))
}

if (values.check) {
  for (const { changes } of rules) for (const { file } of changes) changedSource(`${root}${file}`, changes)
  process.exit()
}
const results = []
for (const rule of rules.filter(({ rule }) => rule.includes(values.only))) {
  results.push(await take(rule))
  writePage(results)
}
process.exit(results.every(({ found }) => found !== undefined) ? 0 : 1)
