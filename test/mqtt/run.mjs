// `npm run test:mqtt -- [--broker mosquitto] [--partitions 4] [anything Vitest takes]`: the suite on one broker.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const rest = []
const environment = { ...process.env }
const given = process.argv.slice(2)
while (given.length > 0) {
  const [name, value] = [given.shift(), given[0]]
  if (name === '--broker') environment.TBMQ_TEST_BROKER = value
  else if (name === '--partitions') environment.TBMQ_TEST_PARTITIONS = value
  else {
    rest.push(name)
    continue
  }
  given.shift()
}
const config = fileURLToPath(new URL('vitest.config.mjs', import.meta.url))
const child = spawn('npx', ['vitest', 'run', '--config', config, ...rest], {
  stdio: 'inherit',
  env: environment,
})
child.on('exit', (code) => process.exit(code ?? 1))
