// Feared: a file half understood, and a complaint that shows what stands in it.
import { describe, expect, it } from 'vitest'
import { BrokenPasswordFile, formatUsers, parseUsers, type User } from './password-file.js'

const hash = '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA'
const line = (fields: object) => JSON.stringify({ user: 'u', password: hash, ...fields })

describe('the password file', () => {
  it('is read as it was written, whatever the names', () => {
    const names = ['u', '__proto__', 'a:b', 'ü "x" \\', '#', ' blank ']
    const users = new Map<string, User>(
      names.map((name) => [name, { name, hash, publish: ['a/%u/#'], subscribe: undefined }]),
    )
    expect(parseUsers(formatUsers(users))).toEqual(users)
  })

  it('may hold remarks, empty lines and Windows line ends', () => {
    expect([...parseUsers(`# remark\r\n\r\n  ${line({})}\r\n`).keys()]).toEqual(['u'])
  })

  it('may be empty', () => {
    expect(parseUsers('').size).toBe(0)
  })

  const broken = [
    ['no JSON', 'u:secret', 'line 1 is no JSON object'],
    ['another JSON value', '[]', 'line 1 is no JSON object'],
    ['no name', line({ user: undefined }), 'no user name'],
    ['an empty name', line({ user: '' }), 'no user name'],
    ['a password in the clear', line({ password: 'secret' }), 'no argon2id hash'],
    ['another hash', line({ password: '$argon2i$v=19$m=1,t=1,p=1$a$b' }), 'no argon2id hash'],
    ['a filter that is none', line({ publish: [1] }), 'a filter that is no text'],
    ['filters that are no list', line({ subscribe: 'a' }), 'no list'],
    ['a field that is misspelled', line({ publsh: [] }), 'a field that is not'],
    ['a name twice', `${line({})}\n${line({})}`, 'line 2 names a user for the second time'],
  ] as const

  it.each(broken)('with %s is refused whole', (_what, content, sentence) => {
    const read = () => parseUsers(content)
    expect(read).toThrow(BrokenPasswordFile)
    expect(read).toThrow(sentence)
    expect(read).not.toThrow('secret')
  })
})
