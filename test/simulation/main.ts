// One process's share of many runs: node main --shape S --seed A --runs N --step K [--story]. One line of JSON per run.
import { parseArgs } from 'node:util'
import { writeSync } from 'node:fs'
import { simulate, type Shape } from './simulate.js'

const { values } = parseArgs({
  options: {
    shape: { type: 'string', default: 'standalone' },
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '1' },
    step: { type: 'string', default: '1' },
    story: { type: 'boolean', default: false },
  },
})
const say = (line: string): void => {
  writeSync(1, `${line}\n`)
}
const [seed, runs, step] = [Number(values.seed), Number(values.runs), Number(values.step)]
const shape: Shape = values.shape === 'cluster' ? 'cluster' : 'standalone'
for (let run = 0; run < runs; run++) {
  const result = await simulate({ shape, seed: seed + run * step, ...(values.story ? { tell: say } : {}) })
  say(JSON.stringify(result))
}
