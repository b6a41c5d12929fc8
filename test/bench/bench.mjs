// `npm run bench`: every row of rows.mjs on our broker and its peers, one after the other on the same machine.
//
//   --rows a,b      only these rows (`--list` names them)      --peers tbmq,mosquitto,aedes
//   --runs N        instead of each row's own number           --write     also docs/reference/benchmarks.md
//   --all           the table shows every row ever kept in results/bench.json, not only those of this run

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startBroker } from './broker.mjs'
import { compileLoad, isClean, runLoad } from './load.mjs'
import { peers } from './peers/peers.mjs'
import { describeMachine, renderTable } from './report.mjs'
import { measureRest } from './rest.mjs'
import { rows } from './rows.mjs'
import { measureForgetting, measureRestore } from './scale.mjs'

const root = join(import.meta.dirname, '..', '..')
const KEPT = join(root, 'results', 'bench.json')
const PAGE = join(root, 'docs', 'reference', 'benchmarks.md')
const RUNS = 3
/** What is measured otherwise than by one load after the other, by the `measure` of the row. */
const measures = { rest: measureRest, restore: measureRestore, forgetting: measureForgetting }

const { values: options } = parseArgs({
  options: {
    rows: { type: 'string' },
    peers: { type: 'string', default: 'tbmq,mosquitto,aedes' },
    runs: { type: 'string' },
    write: { type: 'boolean', default: false },
    all: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  },
})

const chosen = (known, wanted, what) => {
  if (wanted === undefined) return known
  return wanted.split(',').map((id) => {
    const found = known.find((one) => (one.id ?? one) === id)
    if (found === undefined)
      throw new Error(`no ${what} ${id}; there are ${known.map((one) => one.id ?? one).join(', ')}`)
    return found
  })
}

// The last of two equal options counts.
const warmOf = (row) => row.warm ?? [...row.load, '--warmup', '0', '--duration', '3']

/** Loads of one row on one peer: a fresh broker for the row, or for each run where the row asks for it. */
async function measureLoad(program, row, name, runs) {
  const results = []
  let broker
  try {
    for (let run = 0; run < runs; run++) {
      if (broker === undefined || row.freshEachRun) {
        await broker?.stop()
        broker = undefined
        broker = await startBroker(name, peers[name])
        await runLoad(program, warmOf(row), broker)
      }
      results.push(await runLoad(program, row.load, broker))
    }
  } finally {
    await broker?.stop()
  }
  return { results, clean: results.every(isClean) }
}

function keptResults() {
  try {
    return JSON.parse(readFileSync(KEPT, 'utf8'))
  } catch {
    return {}
  }
}

if (options.list) {
  for (const row of rows) console.log(`${row.id.padEnd(18)} ${row.title}`)
  process.exit(0)
}

const names = chosen(Object.keys(peers), options.peers, 'peer')
const wanted = chosen(rows, options.rows, 'row')
const measured = keptResults()
const program = compileLoad()
for (const name of names) peers[name].prepare()

for (const row of wanted) {
  for (const name of names) {
    if (row.mqtt5 && !peers[name].mqtt5) continue
    if (row.ours && name !== 'tbmq') continue
    const runs = options.runs === undefined ? (row.runs ?? RUNS) : Number(options.runs)
    process.stderr.write(`${row.id} on ${name} … `)
    let outcome
    try {
      outcome = row.measure
        ? await measures[row.measure]({ program, name, peer: peers[name], runs })
        : await measureLoad(program, row, name, runs)
    } catch (error) {
      outcome = { error: error.message }
    }
    process.stderr.write(outcome.error ?? row.figures.map(figureText(outcome)).join(', '))
    process.stderr.write(outcome.clean === false ? ' NOT CLEAN\n' : '\n')
    measured[row.id] = { ...measured[row.id], [name]: outcome }
    mkdirSync(join(root, 'results'), { recursive: true })
    writeFileSync(KEPT, JSON.stringify(measured, null, 1))
  }
}

function figureText(outcome) {
  return (figure) => {
    const values = outcome.results.map((result) => figure.value(result).toFixed(2)).join(' ')
    return `${figure.name ?? ''} ${values} ${figure.unit}`.trim()
  }
}

// The page shows everything that was ever measured, so that rows can be measured one by one.
const everything = options.all || options.write
const shown = everything ? rows.filter(({ id }) => measured[id] !== undefined) : wanted
const table = renderTable(shown, measured, everything ? Object.keys(peers) : names)
console.log(`\n${table}\n`)

if (options.write) {
  const versions = Object.entries(peers).map(([name, peer]) => `- ${name} ${peer.version()}`)
  const page = `# Benchmarks

Measured on ${new Date().toISOString().slice(0, 10)} with \`npm run bench -- --write\` (\`test/bench\`), one broker after the other on the same machine:
${describeMachine(tmpdir())}. The broker has core 0 for itself, the load generator core 1; each row has a fresh broker and
3 s of load before it counts. Medians with their range; 100-byte payloads unless the row says otherwise.

${versions.join('\n')}

Both peers acknowledge from memory and lose what they acknowledged when they die. \`*\`: not every run was clean (something
lost, doubled, out of order or refused, or the generator was the bottleneck).

${table}
`
  mkdirSync(join(root, 'docs', 'reference'), { recursive: true })
  writeFileSync(PAGE, page)
  console.log(`wrote ${PAGE.slice(root.length + 1)}`)
}
