// `npm run test:rules -- [--runs N] [--only WORDS]`: takes out one rule after the other and runs the simulation until it is found, at most
// N (2,000) times. Writes docs/reference/rules.md when all have been tried.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { bundle, programFile, runSeeds } from '../run.mjs'
import { rules } from './rules.mjs'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const { values } = parseArgs({
  options: { runs: { type: 'string', default: '2000' }, only: { type: 'string', default: '' } },
})
const runs = Number(values.runs)

/** Gives the bundler the sources with these changes in them. */
function changed(changes) {
  return {
    name: 'changed',
    load(id) {
      const mine = changes.filter(({ file }) => id === `${root}${file}`)
      if (mine.length === 0) return null
      let code = readFileSync(id, 'utf8')
      for (const { file, from, to } of mine) {
        if (code.split(from).length !== 2) throw new Error(`${file} holds this not once: ${from}`)
        code = code.replace(from, () => to)
      }
      return { code, moduleType: 'ts' }
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

function page(results) {
  const rows = results.map(
    ({ rule, shape, done, found }) =>
      `| ${cell(rule)} | ${shape} | ${found === undefined ? `not in ${done}` : found.after} | ${found === undefined ? '' : cell(found.sentence)} |`,
  )
  return [
    '# Rules and what happens without them',
    '',
    'Each rule closes a hole that a crash, a pause or a move of partitions can open. `npm run test:rules` takes out one after the',
    'other (`test/simulation/rules/rules.mjs` says how) and runs the simulation until a promise is broken.',
    '',
    '| Rule | Simulated | Found in run | What was seen |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n')
}

const results = []
for (const rule of rules.filter(({ rule }) => rule.includes(values.only))) results.push(await take(rule))
if (values.only === '') writeFileSync(`${root}docs/reference/rules.md`, page(results))
process.exit(results.every(({ found }) => found !== undefined) ? 0 : 1)
