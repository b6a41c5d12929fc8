// Feared: a password on the command line or in the file, a file that others can read, users lost by a command that failed.
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { verify } from '@node-rs/argon2'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseUsers } from '../core/password-file.js'
import { runUserCommand } from './user-command.js'

let dataDir: string
let said: string[]
let asked: number

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tbmq-user-'))
  said = []
  asked = 0
})

afterEach(async () => {
  await rm(dataDir, { recursive: true })
})

const run = (args: readonly string[], password = 'secret') =>
  runUserCommand(
    args,
    { passwordFile: '', dataDir: join(dataDir, 'deep') },
    {
      ask: () => {
        asked++
        return Promise.resolve(password)
      },
      say: (text) => said.push(text),
      complain: (text) => said.push(text),
    },
  )

const path = () => join(dataDir, 'deep', 'users')
const users = async () => parseUsers(await readFile(path(), 'utf8'))

describe('npm run user', () => {
  it('adds a user with a hash of the password, in a file for nobody else', async () => {
    expect(await run(['add', 'ann'])).toBe(0)
    const content = await readFile(path(), 'utf8')
    expect(content).not.toContain('secret')
    expect((await stat(path())).mode & 0o777).toBe(0o600)
    expect(await verify((await users()).get('ann')?.hash ?? '', 'secret')).toBe(true)
    expect(said).toEqual(['Added ann: may publish and subscribe to everything.'])
  })

  it('gives a user another password and keeps the filters, unless others are given', async () => {
    await run(['add', 'ann', '--publish', 'a/%u', '--publish', 'b', '--subscribe', '#'])
    await run(['add', 'bob'])
    await run(['add', 'ann'], 'other')
    const ann = (await users()).get('ann')
    expect(ann).toMatchObject({ publish: ['a/%u', 'b'], subscribe: ['#'] })
    expect(await verify(ann?.hash ?? '', 'other')).toBe(true)
    await run(['add', 'ann', '--subscribe', 'c'])
    expect((await users()).get('ann')).toMatchObject({ publish: undefined, subscribe: ['c'] })
    expect([...(await users()).keys()]).toEqual(['ann', 'bob'])
    expect(said.at(-1)).toBe('Changed ann: may publish to nothing, subscribe to c.')
  })

  it('removes and lists', async () => {
    await run(['add', 'ann'])
    await run(['add', 'bob', '--publish', 'x'])
    expect(await run(['remove', 'ann'])).toBe(0)
    expect(await run(['list'])).toBe(0)
    expect(said.at(-1)).toBe('bob: may publish to x, subscribe to nothing')
    expect(await run(['remove', 'ann'])).toBe(2)
    expect(said.at(-1)).toContain('There is no user ann')
  })

  const wrong = [
    [[], 'Usage'],
    [['frobnicate'], 'Usage'],
    [['add'], 'Usage'],
    [['add', ''], 'Usage'],
    [['add', 'ann', 'secret'], 'never given here'],
    [['add', 'ann', '--password', 'secret'], "Unknown option '--password'"],
    [['add', 'a\nb'], 'control characters'],
    [['add', 'ann', '--publish', 'a#'], 'a# is not a topic filter'],
    [['add', 'ann', '--subscribe', '$share/g/a'], 'without $share'],
  ] as const

  it.each(wrong)('%j is refused before a password is asked for', async (args, sentence) => {
    expect(await run(args)).toBe(2)
    expect(said.join()).toContain(sentence)
    expect(asked).toBe(0)
    await expect(stat(path())).rejects.toThrow('ENOENT')
  })

  it('takes no empty password', async () => {
    expect(await run(['add', 'ann'], '')).toBe(2)
    await expect(stat(path())).rejects.toThrow('ENOENT')
  })

  it('does not touch a broken file', async () => {
    await run(['add', 'ann'])
    await writeFile(path(), 'broken\n')
    await expect(run(['add', 'bob'])).rejects.toThrow('line 1 is no JSON object')
    expect(await readFile(path(), 'utf8')).toBe('broken\n')
  })
})
