// The commands as they are built. Feared: that they look for the data elsewhere than the broker does, or that the broker listens elsewhere
// than an argument said that nobody reads.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'commands-'))
  await writeFile(join(folder, '.env'), 'TBMQ_DATA_DIR=elsewhere\nTBMQ_TLS_PORT=2884\n')
})
afterEach(() => rm(folder, { recursive: true }))

const run = (program: string, ...words: string[]): string =>
  execFileSync('node', [join(root, 'dist', program), ...words], { cwd: folder, encoding: 'utf8' })

it('`npm run certificates` puts them where `.env` says', async () => {
  const said = run('scripts/certificates.js', 'broker.example')
  expect(said).toContain('broker.example')
  expect(said).toContain('-p 2884 ')
  expect(await readdir(join(folder, 'elsewhere/certificates'))).toContain('server.pem')
})

it('`npm run user` finds the users where `.env` says', () => {
  expect(run('apps/auth/src/user.js', 'list')).toBe('No users in elsewhere/users.\n')
})

it('the broker refuses arguments', () => {
  const program = join(root, 'dist/apps/standalone/src/main.js')
  const { status, stdout, stderr } = spawnSync('node', [program, '--port', '1884'], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, TBMQ_TCP_PORT: '0', TBMQ_WS_PORT: '0', TBMQ_HTTP_PORT: '0' },
    timeout: 15_000,
    killSignal: 'SIGKILL',
  })
  expect(stderr).toBe(
    'tbmq: There are no arguments, such as --port: all settings are environment variables, see .env.example.\n',
  )
  expect(stdout).toBe('')
  expect(status).toBe(1)
})
