// `npm run user -- add | remove | list`: changes the password file. A running broker reads it again by itself.
import { parseArgs } from 'node:util'
import { hash as hashPassword } from '@node-rs/argon2'
import { isTopicFilter } from '#libs/mqtt'
import type { User, Users } from '../core/password-file.js'
import { askPassword } from './ask-password.js'
import { passwordFileOf } from './auth.js'
import { readUsers, writeUsers } from './users-on-disk.js'

const usage = `Usage: npm run user -- <command>

  add NAME [--publish FILTER]… [--subscribe FILTER]…
        adds a user, or gives one another password; asks for the password, or reads one line of a pipe.
        Without filters the user may do everything; with any, only what they name.
        In filters %u stands for the user name and %c for the client id.
  remove NAME
  list

The users stand in TBMQ_PASSWORD_FILE, or in the file users of TBMQ_DATA_DIR.`

export interface UserCommandSettings {
  readonly passwordFile: string
  readonly dataDir: string
}

/** Who types the command. */
export interface Terminal {
  readonly ask: (prompt: string) => Promise<string>
  readonly say: (text: string) => void
  readonly complain: (text: string) => void
}

/** A command that cannot be carried out: one sentence for who typed it. */
class WrongCommand extends Error {
  override readonly name = 'WrongCommand'
}

/** Carries the command out and gives the exit code. Throws what the file system or a broken file has to say. */
export async function runUserCommand(
  args: readonly string[],
  settings: UserCommandSettings,
  terminal: Terminal = { ask: askPassword, say, complain },
): Promise<number> {
  const path = passwordFileOf(settings.passwordFile, settings.dataDir)
  try {
    terminal.say(await carryOut(args, path, terminal.ask))
    return 0
  } catch (error) {
    if (!isWrongCommand(error)) throw error
    // Node goes on about names that begin with a dash; its first sentence says enough.
    terminal.complain(error.message.replace(/\. To specify a positional argument.*$/s, '.'))
    return 2
  }
}

async function carryOut(args: readonly string[], path: string, ask: Terminal['ask']): Promise<string> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      publish: { type: 'string', multiple: true },
      subscribe: { type: 'string', multiple: true },
      help: { type: 'boolean', short: 'h' },
    },
  })
  const [command, name, ...more] = positionals
  if (values.help === true) return usage
  if (more.length > 0)
    throw new WrongCommand(
      'One name at a time; a password is never given here, it is asked for. Options need --: npm run user -- add …',
    )
  switch (command) {
    case 'add':
      return add(path, checkedName(name), { publish: values.publish, subscribe: values.subscribe }, ask)
    case 'remove':
      return remove(path, checkedName(name))
    case 'list':
      return list(await readUsers(path), path)
    default:
      throw new WrongCommand(usage)
  }
}

async function add(
  path: string,
  name: string,
  rules: Pick<User, 'publish' | 'subscribe'>,
  ask: Terminal['ask'],
): Promise<string> {
  for (const filter of [...(rules.publish ?? []), ...(rules.subscribe ?? [])]) checkFilter(filter)
  const before = (await readUsers(path)).get(name)
  const password = await ask(`Password for ${name}: `)
  if (password === '') throw new WrongCommand('A password must not be empty.')
  const hash = await hashPassword(password)
  // Read again: somebody may have changed the file while the password was typed.
  const users = new Map(await readUsers(path))
  const given = rules.publish !== undefined || rules.subscribe !== undefined
  const { publish, subscribe } = given ? rules : (before ?? rules)
  users.set(name, { name, hash, publish, subscribe })
  await writeUsers(path, users)
  return `${before === undefined ? 'Added' : 'Changed'} ${name}: ${allowance({ publish, subscribe })}.`
}

async function remove(path: string, name: string): Promise<string> {
  const users = new Map(await readUsers(path))
  if (!users.delete(name)) throw new WrongCommand(`There is no user ${name} in ${path}.`)
  await writeUsers(path, users)
  return `Removed ${name}.`
}

function list(users: Users, path: string): string {
  if (users.size === 0) return `No users in ${path}.`
  return [...users.values()].map((user) => `${user.name}: ${allowance(user)}`).join('\n')
}

function allowance({ publish, subscribe }: Pick<User, 'publish' | 'subscribe'>): string {
  if (publish === undefined && subscribe === undefined) return 'may publish and subscribe to everything'
  const part = (filters: readonly string[] | undefined) => (filters ?? []).join(', ') || 'nothing'
  return `may publish to ${part(publish)}, subscribe to ${part(subscribe)}`
}

function checkedName(name: string | undefined): string {
  if (name === undefined || name === '') throw new WrongCommand(usage)
  if (/\p{Cc}/u.test(name)) throw new WrongCommand('A user name must not contain control characters.')
  return name
}

function checkFilter(filter: string): void {
  if (filter.startsWith('$share/')) {
    throw new WrongCommand('Write the filter without $share: it holds for shared subscriptions, too.')
  }
  if (!isTopicFilter(filter.replaceAll(/%[uc]/g, 'x')))
    throw new WrongCommand(`${filter} is not a topic filter.`)
}

function say(text: string): void {
  // Whoever reads may have read enough: `npm run user list | head`.
  process.stdout.once('error', () => undefined)
  process.stdout.write(`${text}\n`)
}

function complain(text: string): void {
  process.stderr.write(`${text}\n`)
}

function isWrongCommand(error: unknown): error is Error {
  if (error instanceof WrongCommand) return true
  return error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
}
