// The kept-session store port: a projection of what delivery's inbox says, so that memory need not hold every waiting message.
// It may lose its last seconds, or everything: what is in it can always be made again from the log. Rows of subscriptions nobody needs so
// far (ARCHITECTURE.md, absent on purpose).

/** Messages of one session that were stored together, in the order of their numbers; what the bytes mean is delivery's business. */
export interface MessagePage {
  /** Number of its first message: pages of a session are found and ordered by it. */
  readonly first: number
  readonly bytes: Uint8Array
}

/** One change of a checkpoint. They are carried out in order. */
export type StoreChange =
  | {
      readonly kind: 'putSession'
      readonly clientId: string
      readonly birth: number
      readonly row: Uint8Array
    }
  /** The session is over: its row and its pages go, and those of every older session of the client. */
  | { readonly kind: 'removeSession'; readonly clientId: string; readonly birth: number }
  | {
      readonly kind: 'putPage'
      readonly clientId: string
      readonly birth: number
      readonly first: number
      readonly bytes: Uint8Array
    }
  | { readonly kind: 'removePage'; readonly clientId: string; readonly birth: number; readonly first: number }
  | { readonly kind: 'putSubscription'; readonly clientId: string; readonly filter: string }
  | { readonly kind: 'removeSubscription'; readonly clientId: string; readonly filter: string }

/** The part of the store that belongs to one partition of delivery. */
export interface SessionPartition {
  /** The inbox position at which the rows stand; undefined when there is none: then nothing in here may be trusted. */
  applied(): Promise<number | undefined>
  /**
   * Carries out all changes and saves the position, or nothing; resolves when it would survive a crash. Who trusts `applied` after one
   * must wait with this until the log has stored everything before it; who empties the store at each start need not.
   */
  checkpoint(applied: number, changes: readonly StoreChange[]): Promise<void>
  /** The row of the client's session; undefined for none. */
  session(clientId: string): Promise<Uint8Array | undefined>
  /** Pages of the session that begin with `from` (a page's first number) or later, in order, at most `count`. */
  pages(
    session: { readonly clientId: string; readonly birth: number },
    from: number,
    count: number,
  ): Promise<MessagePage[]>
  /** The client's filters, in the order of their text. */
  subscriptions(clientId: string): Promise<string[]>
  /** Forgets everything of this partition, the position too. */
  wipe(): Promise<void>
}

/** The store of one process. */
export interface KeptSessionStore {
  /** `index`: the number of the delivery partition. */
  partition(index: number): SessionPartition
  /** Resolves when everything that was written survives. */
  close(): Promise<void>
}
