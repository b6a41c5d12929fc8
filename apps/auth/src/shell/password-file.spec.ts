// Feared: a wrong password let in, a right one refused, a broken file that opens the door or shuts everybody out, a storm of
// logins without bound, and a user name whose absence shows in the time that the answer takes.
import { chmod, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hash as hashPassword } from '@node-rs/argon2'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Answer } from '../core/authenticate.js'
import type { User } from '../core/password-file.js'
import { PasswordFile } from './password-file.js'
import { writeUsers } from './users-on-disk.js'

let directory: string
let path: string
let notices: string[]
let file: PasswordFile
let hash: string

const user = (name: string, change: Partial<User> = {}): [string, User] => [
  name,
  { name, hash, publish: undefined, subscribe: undefined, ...change },
]

const check = (userName: string | undefined, password: string, clientId = 'c') =>
  file.check({
    clientId,
    userName,
    password: new TextEncoder().encode(password),
    peer: { host: '203.0.113.9', port: 1, transport: 'tcp', forwarded: false, sameOrigin: true },
  })

const codeOf = async (answer: Answer | Promise<Answer>) => {
  const known = await answer
  return known.kind === 'deny' ? known.reasonCode : known.kind
}

/** Waits until a condition holds; fails with the test's own deadline. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(setImmediate)
}

beforeAll(async () => {
  hash = await hashPassword('right')
})

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tbmq-users-'))
  path = join(directory, 'users')
  notices = []
  file = new PasswordFile({ path, notice: (sentence, level) => notices.push(`${level}: ${sentence}`) })
})

afterEach(async () => {
  file.stop()
  await rm(directory, { recursive: true })
})

describe('a login', () => {
  beforeEach(async () => {
    await writeUsers(path, new Map([user('ann'), user('bob', { publish: ['%u/%c'], subscribe: ['b/#'] })]))
    await file.start()
  })

  const cases = [
    ['ann', 'right', 'allow'],
    ['ann', 'wrong', 0x86],
    ['ann', '', 0x86],
    ['nobody', 'right', 0x86],
    ['', 'right', 0x86],
    ['__proto__', 'right', 0x86],
  ] as const

  it.each(cases)('of %s with the password "%s": %s', async (name, password, expected) => {
    expect(await codeOf(check(name, password))).toBe(expected)
    expect(await codeOf(check(name, password))).toBe(expected)
  })

  it('without a user name is not its matter', async () => {
    expect(await codeOf(check(undefined, 'right'))).toBe('next')
  })

  it('is answered at once when the password was right before, and only then', async () => {
    expect(check('ann', 'right')).toBeInstanceOf(Promise)
    await check('ann', 'right')
    expect(check('ann', 'right')).not.toBeInstanceOf(Promise)
    expect(check('ann', 'wrong')).toBeInstanceOf(Promise)
    expect(await codeOf(check('ann', 'wrong'))).toBe(0x86)
    expect(check('bob', 'right')).toBeInstanceOf(Promise)
  })

  it('gives the permissions of this user and this client', async () => {
    expect(await check('bob', 'right', 'car')).toEqual({
      kind: 'allow',
      principal: 'user:bob',
      permissions: { publish: ['bob/car'], subscribe: ['b/#'] },
    })
  })

  it('takes as long for a name that nobody has', async () => {
    // Time of the processor: a clock would measure what else the machine does.
    const measure = async (name: string) => {
      const before = process.cpuUsage()
      await check(name, `wrong ${String(before.user)}`)
      const { user, system } = process.cpuUsage(before)
      return user + system
    }
    const least = async (name: string) =>
      Math.min(await measure(name), await measure(name), await measure(name))
    const [known, unknown] = [await least('ann'), await least('nobody')]
    expect(unknown).toBeGreaterThan(known / 3)
  })

  it('of many devices with one user asks for one hash', async () => {
    const began = performance.now()
    await check('ann', 'right')
    const one = performance.now() - began
    file.stop()
    file = new PasswordFile({ path, notice: (sentence, level) => notices.push(`${level}: ${sentence}`) })
    await file.start()
    const begunAgain = performance.now()
    const all = await Promise.all(Array.from({ length: 2_000 }, () => codeOf(check('ann', 'right'))))
    expect(new Set(all)).toEqual(new Set(['allow']))
    expect(performance.now() - begunAgain).toBeLessThan(one * 50 + 500)
  })

  it('in a storm is refused with 0x9F when too many wait, and the others are answered', async () => {
    const answers = Array.from({ length: 520 }, (_, index) => check('ann', `wrong ${String(index)}`))
    const refused = answers.filter((answer) => !(answer instanceof Promise))
    expect(refused.length).toBeGreaterThan(0)
    expect(await codeOf(refused[0] ?? { kind: 'next' })).toBe(0x9f)
    expect(await codeOf(answers[0] ?? { kind: 'next' })).toBe(0x86)
  }, 60_000)
})

describe('the file', () => {
  it('may be missing: no users', async () => {
    await file.start()
    expect(file.userCount).toBe(0)
    expect(await codeOf(check('ann', 'right'))).toBe('next')
    expect(notices).toEqual([])
  })

  it('that is broken at the start is an error, with its name and line', async () => {
    await writeFile(path, 'ann:right\n')
    await expect(file.start()).rejects.toThrow(`${path} cannot be used: line 1 is no JSON object`)
  })

  it('is read again when it comes to be, changes, and goes', async () => {
    await file.start()
    await writeUsers(path, new Map([user('ann')]))
    await until(() => file.userCount === 1)
    expect(await codeOf(check('ann', 'right'))).toBe('allow')
    const other = await hashPassword('other')
    await writeUsers(path, new Map([user('ann', { hash: other }), user('bob')]))
    await until(() => file.userCount === 2)
    // Remembered or not, the old password is over.
    expect(await codeOf(check('ann', 'right'))).toBe(0x86)
    expect(await codeOf(check('ann', 'other'))).toBe('allow')
    await rm(path)
    await until(() => file.userCount === 0)
    expect(notices).toEqual(
      [2, 1, 0].map(() => expect.stringMatching(/^info: The password file was read again/)),
    )
  })

  it('that is broken later keeps the users that were, and says so without showing anything', async () => {
    await writeUsers(path, new Map([user('ann')]))
    await file.start()
    await writeFile(path, 'ann:secret\n')
    await until(() => notices.length > 0)
    expect(notices[0]).toMatch(/^warn: .*line 1 is no JSON object/)
    expect(notices[0]).not.toContain('secret')
    expect(await codeOf(check('ann', 'right'))).toBe('allow')
  })

  it('that is written in place is not taken while it is empty: nobody would be known', async () => {
    await writeUsers(path, new Map([user('ann')]))
    await file.start()
    const content = await readFile(path, 'utf8')
    const writing = await open(path, 'w')
    await until(() => notices.length > 0)
    expect(notices[0]).toContain('is empty')
    expect(file.userCount).toBe(1)
    await writing.write(content + content.replace('"ann"', '"bob"'))
    await writing.close()
    await until(() => file.userCount === 2)
  })

  it('that others can read is told', async () => {
    await writeUsers(path, new Map([user('ann')]))
    await chmod(path, 0o644)
    await file.start()
    expect(notices).toEqual([`warn: The password file can be read by others; chmod 600 ${path}.`])
  })
})
