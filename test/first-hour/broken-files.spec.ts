// Files that somebody wrote or named. Feared: a broker that starts without the users it was given, or blames something else.
import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'

const program = join(import.meta.dirname, '../../dist/apps/standalone/src/main.js')
const ports = { TBMQ_TCP_PORT: '0', TBMQ_WS_PORT: '0', TBMQ_HTTP_PORT: '0' }
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'broken-'))
  await mkdir(join(folder, 'data'))
})
afterEach(() => rm(folder, { recursive: true }))

it.each([
  ['that is no file of users', (path: string) => writeFile(path, 'ann:right\n'), 'line 1 is no JSON object'],
  ['that is a directory', (path: string) => mkdir(path), 'EISDIR'],
])('a password file %s ends the start with one line', async (_what, make, reason) => {
  await make(join(folder, 'data/users'))
  const { status, stdout, stderr } = spawnSync('node', [program], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, ...ports },
    timeout: 15_000,
    killSignal: 'SIGKILL',
  })
  expect(stderr).toMatch(
    /^tbmq: The password file data\/users cannot be used: .* TBMQ_PASSWORD_FILE names another one\.\n$/,
  )
  expect(stderr).toContain(reason)
  expect(stdout).toBe('')
  expect(status).toBe(1)
})
