// The store in memory, for tests and simulations: it survives its user, not the process.
import { copyOf } from '#libs/base'
import type { KeptSessionStore, MessagePage, SessionPartition, StoreChange } from '../kept-session-store.js'

interface Rows {
  session: { readonly birth: number; readonly row: Uint8Array } | undefined
  /** By birth, then by first number. */
  readonly pages: Map<number, Map<number, Uint8Array>>
  readonly subscriptions: Set<string>
}

export class MemoryStore implements KeptSessionStore {
  readonly #partitions = new Map<number, MemorySessions>()

  partition(index: number): SessionPartition {
    let partition = this.#partitions.get(index)
    if (partition === undefined) this.#partitions.set(index, (partition = new MemorySessions()))
    return partition
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

class MemorySessions implements SessionPartition {
  readonly #clients = new Map<string, Rows>()
  #applied: number | undefined

  applied(): Promise<number | undefined> {
    return Promise.resolve(this.#applied)
  }

  checkpoint(applied: number, changes: readonly StoreChange[]): Promise<void> {
    for (const change of changes) this.#change(this.#rowsOf(change.clientId), change)
    this.#applied = applied
    return Promise.resolve()
  }

  session(clientId: string): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.#clients.get(clientId)?.session?.row)
  }

  pages(
    { clientId, birth }: { readonly clientId: string; readonly birth: number },
    from: number,
    count: number,
  ): Promise<MessagePage[]> {
    const pages = [...(this.#clients.get(clientId)?.pages.get(birth) ?? [])]
    const wanted = pages.filter(([first]) => first >= from).sort(([a], [b]) => a - b)
    return Promise.resolve(wanted.slice(0, count).map(([first, bytes]) => ({ first, bytes: copyOf(bytes) })))
  }

  subscriptions(clientId: string): Promise<string[]> {
    return Promise.resolve([...(this.#clients.get(clientId)?.subscriptions ?? [])].sort())
  }

  wipe(): Promise<void> {
    this.#clients.clear()
    this.#applied = undefined
    return Promise.resolve()
  }

  #rowsOf(clientId: string): Rows {
    let rows = this.#clients.get(clientId)
    if (rows === undefined) {
      rows = { session: undefined, pages: new Map(), subscriptions: new Set() }
      this.#clients.set(clientId, rows)
    }
    return rows
  }

  #change(rows: Rows, change: StoreChange): void {
    switch (change.kind) {
      case 'putSession':
        rows.session = { birth: change.birth, row: copyOf(change.row) }
        return
      case 'removeSession':
        if (rows.session !== undefined && rows.session.birth <= change.birth) rows.session = undefined
        for (const birth of rows.pages.keys()) if (birth <= change.birth) rows.pages.delete(birth)
        return
      case 'putPage': {
        let pages = rows.pages.get(change.birth)
        if (pages === undefined) rows.pages.set(change.birth, (pages = new Map()))
        pages.set(change.first, copyOf(change.bytes))
        return
      }
      case 'removePage':
        rows.pages.get(change.birth)?.delete(change.first)
        return
      case 'putSubscription':
        rows.subscriptions.add(change.filter)
        return
      case 'removeSubscription':
        rows.subscriptions.delete(change.filter)
    }
  }
}
