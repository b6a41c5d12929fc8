// The file of users: one JSON object a line, `{"user": …, "password": an argon2id hash, "publish": […], "subscribe": […]}`.
// Empty lines and lines that begin with # are passed over.
import type { Rules } from './compile-permissions.js'

export interface User extends Rules {
  readonly name: string
  /** A PHC string: $argon2id$v=19$m=…,t=…,p=…$salt$hash. */
  readonly hash: string
}

export type Users = ReadonlyMap<string, User>

/** A file that is no file of users; the message says in which line, and never what stands in it. */
export class BrokenPasswordFile extends Error {
  override readonly name = 'BrokenPasswordFile'
}

/** Reads all users. Throws BrokenPasswordFile. */
export function parseUsers(content: string): Users {
  const users = new Map<string, User>()
  for (const [index, raw] of content.split('\n').entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    const user = parseUser(line, index + 1)
    if (users.has(user.name)) throw broken(index + 1, 'names a user for the second time')
    users.set(user.name, user)
  }
  return users
}

/** The file's text. */
export function formatUsers(users: Users): string {
  const lines = ['# Users of TBMQ. Change it with `npm run user`; a running broker reads it again by itself.']
  for (const { name, hash, publish, subscribe } of users.values()) {
    lines.push(JSON.stringify({ user: name, password: hash, publish, subscribe }))
  }
  return `${lines.join('\n')}\n`
}

function parseUser(line: string, lineNumber: number): User {
  const fields = parseObject(line, lineNumber)
  const name = fields.get('user')
  const hash = fields.get('password')
  if (typeof name !== 'string' || name === '') throw broken(lineNumber, 'has no user name')
  if (typeof hash !== 'string' || !/^\$argon2id\$v=\d+\$[^$]+\$[^$]+\$[^$]+$/.test(hash)) {
    throw broken(lineNumber, 'has no argon2id hash as password')
  }
  for (const key of fields.keys()) {
    if (!known.has(key))
      throw broken(lineNumber, 'has a field that is not user, password, publish or subscribe')
  }
  return {
    name,
    hash,
    publish: filtersOf(fields.get('publish'), lineNumber),
    subscribe: filtersOf(fields.get('subscribe'), lineNumber),
  }
}

const known = new Set(['user', 'password', 'publish', 'subscribe'])

function parseObject(line: string, lineNumber: number): ReadonlyMap<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw broken(lineNumber, 'is no JSON object')
  return new Map<string, unknown>(Object.entries(value))
}

function filtersOf(value: unknown, lineNumber: number): readonly string[] | undefined {
  if (value === undefined) return undefined
  if (!Array.isArray(value)) throw broken(lineNumber, 'has publish or subscribe that is no list of filters')
  return value.map((filter: unknown) => {
    if (typeof filter !== 'string' || filter === '') throw broken(lineNumber, 'has a filter that is no text')
    return filter
  })
}

const broken = (line: number, what: string): BrokenPasswordFile =>
  new BrokenPasswordFile(`line ${String(line)} ${what}`)
