// Where the data may lie. Feared: a broker that hangs or tells the name of a system call where its directory cannot be made.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const deadlineMillis = 15_000
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'data-'))
})
afterEach(() => rm(folder, { recursive: true }))

/** The exit code and all lines of a program in `folder`; one that has started is stopped again. */
async function run(program: string, dataDir: string, ...words: string[]) {
  const ports = { TBMQ_TCP_PORT: '0', TBMQ_WS_PORT: '0', TBMQ_HTTP_PORT: '0' }
  const child = spawn('node', [join(root, 'dist', program), ...words], {
    cwd: folder,
    env: { ...process.env, ...ports, TBMQ_DATA_DIR: dataDir },
    timeout: deadlineMillis,
    killSignal: 'SIGKILL',
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => {
      said += text.toString()
      if (said.includes('is ready') && said.includes('data ')) child.kill('SIGINT')
    })
  await once(child, 'close')
  return { code: child.exitCode, said }
}
const broker = 'apps/standalone/src/main.js'

/** Only Linux has places that belong to nobody. */
const places = process.platform === 'linux'
describe.each([
  ['in a file', 'file/data', ' is a file, or lies in one: a directory is needed there. TBMQ_DATA_DIR sets'],
  ['of a file', 'file', ' is a file, or lies in one: a directory is needed there. TBMQ_DATA_DIR sets'],
  ['of a link that leads nowhere', 'link', ' cannot be made: nothing can be made there, or a link'],
  ...(places
    ? [
        ['that takes none', '/proc/data', ' cannot be made: '],
        ['that takes none of ours', '/sys/data', ': permission denied. The data directory'],
      ]
    : []),
])('in the place %s', (_what, place = '', sentence = '') => {
  it.each([
    ['the broker', [broker]],
    ['`npm run certificates`', ['scripts/certificates.js']],
  ] as const)('%s ends with one clear line', async (_who, [program]) => {
    await writeFile(join(folder, 'file'), '')
    await symlink('nowhere', join(folder, 'link'))
    const { code, said } = await run(program, place)
    expect(said.trimEnd().split('\n')).toEqual([expect.stringContaining(sentence)])
    expect(said).toContain(place)
    expect(code).toBe(1)
  })
})

it.each(['relative/path', 'a path/with spaces', 'schönes Verzeichnis'])(
  'the broker starts in `%s`',
  async (place) => {
    const { code, said } = await run(broker, place)
    expect(said).toContain(`data ${join(folder, place)}\n`)
    expect(code).toBe(0)
  },
)
