// The provider that knows the users of a file. Hashing costs 20 ms of a core, so a password that was right is remembered as a
// keyed digest, and hashing goes through a bounded queue. The file is read again when it changes; a broken one keeps the old.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { unwatchFile, watch, watchFile, type FSWatcher, type Stats } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { hash as hashPassword } from '@node-rs/argon2'
import { LRUCache } from 'lru-cache'
import { REASON } from '#libs/mqtt'
import { badCredentials, next, type Answer, type Attempt, type Provider } from '../core/authenticate.js'
import { compilePermissions } from '../core/compile-permissions.js'
import { BrokenPasswordFile, parseUsers, type User, type Users } from '../core/password-file.js'
import { PasswordQueue } from './password-queue.js'

/** A sentence for the operator, and how much it matters. */
export type Notice = (sentence: string, level: 'info' | 'warn') => void

export interface PasswordFileOptions {
  readonly path: string
  /** Tells the operator; never who, never what stands in the file. */
  readonly notice: Notice
}

/** As many users as are remembered with their last right password. */
const rememberedMax = 100_000
/** How often the file is looked at where the system does not tell of changes. */
const lookMillis = 2_000

/** A file that somebody writes is left alone until it has stayed the same for this long. */
const settleMillis = 200

const noPassword = new Uint8Array(0)

const tooMany: Answer = {
  kind: 'deny',
  reasonCode: REASON.connectionRateExceeded,
  sentence: 'Too many logins are being checked.',
}

export class PasswordFile implements Provider {
  readonly name = 'password file'
  readonly #options: PasswordFileOptions
  /** Where passwords wait to be checked; for reading. */
  readonly queue = new PasswordQueue()
  /** Known to this process alone: a core dump's digests are of no use to guess passwords with elsewhere. */
  readonly #key = randomBytes(32)
  readonly #remembered = new LRUCache<string, Buffer>({ max: rememberedMax })
  /** Checks under way, so that a thousand devices with one user do not ask for the same hash a thousand times. */
  readonly #checking = new Map<string, Promise<boolean>>()
  #users: Users = new Map()
  /** What a name that nobody has is checked against: it must take as long as a name that somebody has. */
  #decoy = ''
  #version = ''
  #watcher: FSWatcher | undefined
  /** The file may have changed since it was last looked at, and somebody is looking. */
  #changed = false
  #reading = false
  #stopped = false

  constructor(options: PasswordFileOptions) {
    this.#options = options
  }

  get userCount(): number {
    return this.#users.size
  }

  /** Reads the file; a missing one means no users. Throws when it cannot be used: at the start there are no old users to keep. */
  async start(): Promise<void> {
    this.#decoy = await hashPassword(randomBytes(32))
    try {
      await this.#read()
    } catch (error) {
      const { path } = this.#options
      throw new Error(
        `The password file ${path} cannot be used: ${reasonOf(error)}. TBMQ_PASSWORD_FILE names another one.`,
        { cause: error },
      )
    }
    this.#watch()
  }

  stop(): void {
    this.#stopped = true
    unwatchFile(this.#options.path, this.#look)
    this.#watcher?.close()
  }

  check({ clientId, userName, password = noPassword }: Attempt): Answer | Promise<Answer> {
    if (userName === undefined || this.#users.size === 0) return next
    const user = this.#users.get(userName)
    const digest = this.#digest(userName, user?.hash ?? '', password)
    const known = this.#remembered.get(userName)
    if (user !== undefined && known !== undefined && timingSafeEqual(known, digest))
      return allow(user, clientId)
    const right = this.#verify(user, digest, password)
    if (right === undefined) return tooMany
    return right.then((isRight) => (isRight && user !== undefined ? allow(user, clientId) : badCredentials))
  }

  /** Undefined when too many wait already. */
  #verify(user: User | undefined, digest: Buffer, password: Uint8Array): Promise<boolean> | undefined {
    const key = digest.toString('latin1')
    const underWay = this.#checking.get(key)
    if (underWay !== undefined) return underWay
    const right = this.queue.verify(user?.hash ?? this.#decoy, password)?.then((isRight) => {
      if (isRight && user !== undefined) this.#remembered.set(user.name, digest)
      return isRight
    })
    if (right === undefined) return undefined
    const checked = right.finally(() => this.#checking.delete(key))
    this.#checking.set(key, checked)
    return checked
  }

  /** The stored hash is part of it, so a changed password is not the remembered one. */
  #digest(userName: string, stored: string, password: Uint8Array): Buffer {
    const name = Buffer.from(userName)
    return createHmac('sha256', this.#key)
      .update(`${String(name.length)} ${String(stored.length)} `)
      .update(name)
      .update(stored)
      .update(password)
      .digest()
  }

  #watch(): void {
    const { path } = this.#options
    watchFile(path, { interval: lookMillis, persistent: false }, this.#look)
    const file = basename(path)
    try {
      // The directory, because an editor puts a new file in the place of the old.
      this.#watcher = watch(dirname(path), { persistent: false }, (_event, name) => {
        if (name === file) this.#look()
      })
      this.#watcher.on('error', () => this.#watcher?.close())
    } catch {
      // No such directory yet, or no watches left: looking at the file every now and then must do.
    }
  }

  readonly #look = (): void => {
    this.#changed = true
    if (!this.#reading) void this.#readAgain()
  }

  async #readAgain(): Promise<void> {
    this.#reading = true
    while (this.#changed && !this.#stopped) {
      this.#changed = false
      try {
        await this.#settled()
        if (!this.#stopped && (await this.#read())) {
          this.#options.notice(
            `The password file was read again; users: ${String(this.#users.size)}.`,
            'info',
          )
        }
      } catch (error) {
        this.#options.notice(
          `The password file ${this.#options.path} cannot be used, the users stay as they were: ${reasonOf(error)}.`,
          'warn',
        )
      }
    }
    this.#reading = false
  }

  /**
   * Resolves when the file has stayed the same for a moment. Who writes it in place empties it first, and an empty file reads like
   * one without users.
   */
  async #settled(): Promise<void> {
    let version: string
    do {
      version = versionOf(await statOf(this.#options.path))
      await delay(settleMillis, undefined, { ref: false })
    } while (!this.#stopped && versionOf(await statOf(this.#options.path)) !== version)
  }

  /** True when it has changed since it was last read. */
  async #read(): Promise<boolean> {
    const { path, notice } = this.#options
    const found = await statOf(path)
    const version = versionOf(found)
    if (version === this.#version) return false
    const content = found === undefined ? '' : await readFile(path, 'utf8')
    const isFirst = this.#version === ''
    this.#version = version
    if (found !== undefined && content.trim() === '' && this.#users.size > 0) {
      throw new BrokenPasswordFile('it is empty; remove it if there are to be no users')
    }
    this.#users = parseUsers(content)
    if (found !== undefined && (found.mode & 0o077) !== 0 && process.platform !== 'win32') {
      notice(`The password file can be read by others; chmod 600 ${path}.`, 'warn')
    }
    return !isFirst
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const versionOf = (found: Stats | undefined): string =>
  found === undefined ? 'missing' : `${String(found.mtimeMs)} ${String(found.size)} ${String(found.ino)}`

function allow(user: User, clientId: string): Answer {
  return {
    kind: 'allow',
    permissions: compilePermissions(user, { userName: user.name, clientId }),
    principal: `user:${user.name}`,
  }
}

async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
