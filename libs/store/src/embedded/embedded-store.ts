// The store of a standalone broker: LMDB in a directory, one named database per partition. Writing happens in LMDB's own thread.
import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { open, type Database, type Key, type RootDatabase } from 'lmdb'
import { ByteReader, ByteWriter, copyOf, utf8Encode } from '#libs/base'
import { messagesKey, sessionKey, subscriptionsKey } from '../keys.js'
import type { KeptSessionStore, MessagePage, SessionPartition, StoreChange } from '../kept-session-store.js'

const partitionsMax = 128
const appliedKey = 'applied'
/** Sorts behind every number and every text that a key can go on with. */
const afterAll = Buffer.from([0xff])

type Rows = Database<Buffer, Key>

/** Opens (or makes) the store in this directory. */
export function openEmbeddedStore(directory: string): KeptSessionStore {
  // Whoever else uses this machine must not read the messages.
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  // Never `noSync`: a page that is said to be stored leaves memory.
  const root = open<Buffer, Key>({
    path: `${directory}/sessions.mdb`,
    encoding: 'binary',
    maxDbs: partitionsMax + 1,
    // Without the second flush thread a commit is durable when it is said to be.
    overlappingSync: false,
  })
  return new EmbeddedStore(root)
}

class EmbeddedStore implements KeptSessionStore {
  readonly #root: RootDatabase<Buffer, Key>
  readonly #partitions = new Map<number, SessionPartition>()

  constructor(root: RootDatabase<Buffer, Key>) {
    this.#root = root
  }

  partition(index: number): SessionPartition {
    let partition = this.#partitions.get(index)
    if (partition === undefined) {
      const name = `partition-${String(index)}`
      partition = new EmbeddedSessions(this.#root.openDB<Buffer, Key>({ name, encoding: 'binary' }))
      this.#partitions.set(index, partition)
    }
    return partition
  }

  async close(): Promise<void> {
    await this.#root.flushed
    await this.#root.close()
  }
}

class EmbeddedSessions implements SessionPartition {
  readonly #rows: Rows

  constructor(rows: Rows) {
    this.#rows = rows
  }

  applied(): Promise<number | undefined> {
    const value = this.#rows.get(appliedKey)
    return Promise.resolve(value === undefined ? undefined : new ByteReader(value).varint())
  }

  async checkpoint(applied: number, changes: readonly StoreChange[]): Promise<void> {
    const position = new ByteWriter(8)
    position.varint(applied)
    await this.#rows.transaction(() => {
      for (const change of changes) this.#change(change)
      this.#put(appliedKey, position.copyOf())
    })
    await this.#rows.flushed
  }

  session(clientId: string): Promise<Uint8Array | undefined> {
    const value = this.#rows.get(sessionKey(clientId))
    return Promise.resolve(value === undefined ? undefined : copyOf(value, birthLength))
  }

  pages(
    { clientId, birth }: { readonly clientId: string; readonly birth: number },
    from: number,
    count: number,
  ): Promise<MessagePage[]> {
    const name = messagesKey(clientId)
    const range = { start: [name, birth, from], end: [name, birth, afterAll], limit: count }
    const pages: MessagePage[] = []
    for (const { key, value } of this.#rows.getRange(range)) {
      const first = Array.isArray(key) ? key[2] : undefined
      if (typeof first === 'number') pages.push({ first, bytes: copyOf(value) })
    }
    return Promise.resolve(pages)
  }

  subscriptions(clientId: string): Promise<string[]> {
    const name = subscriptionsKey(clientId)
    const filters: string[] = []
    for (const value of this.#rows.getRange({ start: [name], end: [name, afterAll] })) {
      filters.push(value.value.toString())
    }
    return Promise.resolve(filters.sort())
  }

  async wipe(): Promise<void> {
    await this.#rows.clearAsync()
    await this.#rows.flushed
  }

  /** Inside a transaction: what is read here has seen what was written before. */
  #change(change: StoreChange): void {
    const { clientId } = change
    switch (change.kind) {
      case 'putSession':
        this.#put(sessionKey(clientId), withBirth(change.birth, change.row))
        return
      case 'removeSession':
        this.#removeSession(clientId, change.birth)
        return
      case 'putPage':
        this.#put([messagesKey(clientId), change.birth, change.first], change.bytes)
        return
      case 'removePage':
        this.#rows.removeSync([messagesKey(clientId), change.birth, change.first])
        return
      case 'putSubscription':
        this.#put([subscriptionsKey(clientId), hashOf(change.filter)], utf8Encode(change.filter))
        return
      case 'removeSubscription':
        this.#rows.removeSync([subscriptionsKey(clientId), hashOf(change.filter)])
    }
  }

  #removeSession(clientId: string, birth: number): void {
    const session = this.#rows.get(sessionKey(clientId))
    if (session !== undefined && Number(session.readBigUInt64BE(0)) <= birth) {
      this.#rows.removeSync(sessionKey(clientId))
    }
    const name = messagesKey(clientId)
    const keys = [...this.#rows.getKeys({ start: [name], end: [name, birth, afterAll] })]
    for (const key of keys) this.#rows.removeSync(key)
  }

  #put(key: Key, value: Uint8Array): void {
    this.#rows.putSync(key, Buffer.from(value.buffer, value.byteOffset, value.byteLength))
  }
}

const birthLength = 8

function withBirth(birth: number, row: Uint8Array): Uint8Array {
  const value = Buffer.allocUnsafe(birthLength + row.length)
  value.writeBigUInt64BE(BigInt(birth), 0)
  value.set(row, birthLength)
  return value
}

/** Filters may be longer than a key can be. */
function hashOf(filter: string): string {
  return createHash('sha256').update(filter).digest('base64url')
}
