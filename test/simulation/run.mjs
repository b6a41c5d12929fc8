// `npm run test:simulation -- [--shape standalone|cluster] [--runs N] [--seed S] [--story]`: so many runs from that seed on, on all
// processors. Prints what happened in them, and every seed that broke a promise; the story tells one run step by step.
import { spawn } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { rolldown } from 'rolldown'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** What must happen in many runs: a simulation in which it does not would prove nothing. */
const mustHappen = {
  standalone: [
    'crashes',
    'lostBatches',
    'compactions',
    'lateWills',
    'pauses',
    'stalls',
    'full',
    'pressure',
    'pagesRead',
    'storesLost',
  ],
  cluster: [
    'takeOvers',
    'refusedWriters',
    'outboxesSentAgain',
    'originsDropped',
    'compactions',
    'lateWills',
    'crashes',
    'pauses',
    'cutOff',
    'leadersLost',
    'pathsLost',
  ],
}

const folder = `${root}/node_modules/.cache/simulation`
const made = []
process.on('exit', () => {
  for (const file of made) rmSync(file, { force: true })
})

/** Where a program of this process may stand: inside the repository, so that it finds its packages. */
export function programFile(name) {
  mkdirSync(folder, { recursive: true })
  const file = `${folder}/${name}-${process.pid}.mjs`
  made.push(file, `${file}.map`)
  return file
}

/** The simulation and all that it needs as one file of JavaScript: it loads fast and runs fast. `plugins`: what changes the sources. */
export async function bundle(file, plugins = []) {
  const bundled = await rolldown({
    input: `${root}/test/simulation/main.ts`,
    cwd: root,
    plugins,
    platform: 'node',
    resolve: { conditionNames: ['source', 'node', 'import', 'default'] },
    // Packages stay outside.
    external: [/^[^.#/]/],
    onLog: () => undefined,
  })
  await bundled.write({ file, format: 'esm', sourcemap: true })
}

/** Most of what a run makes is soon forgotten: with more room for the young, little of it is copied. */
const nodeOptions = ['--enable-source-maps', '--max-semi-space-size=64']

/** Runs seeds on several processes; `onResult` is told each result and may end it all by returning false. */
export async function runSeeds(program, { shape, seed, runs, story = false, processes }, onResult) {
  const count = Math.min(runs, processes ?? availableParallelism())
  const children = []
  const ends = Array.from({ length: count }, (_, index) => {
    const share = Math.ceil((runs - index) / count)
    const given = { shape, seed: seed + index, runs: share, step: count }
    const options = Object.entries(given).flatMap(([name, value]) => [`--${name}`, String(value)])
    const child = spawn(
      process.execPath,
      [...nodeOptions, program, ...options, ...(story ? ['--story'] : [])],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    children.push(child)
    const lines = createInterface({ input: child.stdout })
    lines.on('line', (line) => {
      if (!line.startsWith('{')) console.log(line)
      else if (onResult(JSON.parse(line)) === false) for (const other of children) other.kill()
    })
    return new Promise((resolve) => {
      child.on('close', (code, signal) => {
        resolve(code === 0 || signal !== null)
      })
    })
  })
  return (await Promise.all(ends)).every(Boolean)
}

async function main() {
  const { values } = parseArgs({
    options: {
      shape: { type: 'string' },
      runs: { type: 'string' },
      seed: { type: 'string' },
      story: { type: 'boolean', default: false },
    },
  })
  const seed = Number(values.seed ?? (Date.now() >>> 4) % 1_000_000_000)
  const runs = Number(values.runs ?? (values.seed === undefined ? 2000 : 1))
  const shapes = values.shape === undefined ? Object.keys(mustHappen) : [values.shape]
  const file = programFile('main')
  await bundle(file)
  let failed = 0
  for (const shape of shapes) {
    const sums = {}
    let done = 0
    const began = performance.now()
    const ended = await runSeeds(file, { shape, seed, runs, story: values.story }, (result) => {
      done++
      for (const [name, count] of Object.entries(result.counts)) sums[name] = (sums[name] ?? 0) + count
      if (result.violations.length === 0) return true
      failed++
      console.log(`seed ${result.seed} (--shape ${shape} --seed ${result.seed} --story tells it):`)
      for (const violation of result.violations.slice(0, 4)) console.log(`  ${violation}`)
      return failed < 10
    })
    if (!ended || done < runs) failed ||= 1
    const perThousand = Object.entries(sums).map(
      ([name, sum]) => `${name} ${Math.round((sum * 1000) / done)}`,
    )
    console.log(
      `${shape}: ${done} runs from seed ${seed} in ${((performance.now() - began) / 1000).toFixed(0)} s`,
    )
    console.log(`per 1,000 runs: ${perThousand.join(', ')}`)
    const missing = mustHappen[shape].filter((name) => !(sums[name] > 0))
    if (runs >= 400 && missing.length > 0) {
      failed++
      console.log(`never happened: ${missing.join(', ')}`)
    }
  }
  process.exit(failed === 0 ? 0 : 1)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main()
