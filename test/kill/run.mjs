// `npm run test:kill -- [--rounds 50] [--seed N] [anything Vitest takes]`: many rounds of kills and power cuts with new seeds, or
// the one round of a seed again.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const rest = []
let seed
let rounds
const given = process.argv.slice(2)
while (given.length > 0) {
  const name = given.shift()
  if (name === '--seed') seed = given.shift()
  else if (name === '--rounds') rounds = given.shift()
  else rest.push(name)
}
const environment = {
  ...process.env,
  KILL_SEED: seed ?? String((Date.now() >>> 4) % 1_000_000_000),
  KILL_ROUNDS: rounds ?? (seed === undefined ? '50' : '1'),
}
const config = fileURLToPath(new URL('vitest.config.mjs', import.meta.url))
const child = spawn('npx', ['vitest', 'run', '--config', config, ...rest], {
  stdio: 'inherit',
  env: environment,
})
child.on('exit', (code) => process.exit(code ?? 1))
