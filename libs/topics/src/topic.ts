// What a topic is: its kind, how it is partitioned, how long it lives and who owns it. The topics themselves stand in catalogue.ts.

/** An inbox asks one service for something, a state topic says what its owner decided, a stream carries messages. */
export type TopicKind = 'inbox' | 'state' | 'stream'

/** `byClient` and `byTopic` topics have one common partition count each; `one` is a single partition. */
export type Partitioning = 'byClient' | 'byTopic' | 'one'

/** The five services, the gateway's instances and later the admin application. */
export type ServiceName = 'gateway' | 'auth' | 'session' | 'subscription' | 'delivery'

/** How long records live. `compacted` keeps the last value of each key; `trimmed` ends where the owner says. */
export type Retention =
  | { readonly kind: 'compacted' }
  | { readonly kind: 'trimmed' }
  /** `goesWith`: goes early, with the files it shares, when everything else in them may go. */
  | { readonly kind: 'limited'; readonly millis: number; readonly bytes: number; readonly goesWith?: true }

/** One line of the catalogue. */
export interface Topic {
  readonly name: string
  readonly kind: TopicKind
  readonly partitioning: Partitioning
  readonly retention: Retention
  /** The only service that writes it (state) or reads it (inbox); undefined for streams that all may write. */
  readonly owner: ServiceName | undefined
  /** True when a standalone broker keeps it in memory: it only concerns connections, which die with the process. */
  readonly memory: boolean
  /** One sentence: why this topic exists. */
  readonly why: string
}

type Given = Omit<Topic, 'kind' | 'memory'> & { readonly memory?: boolean }

/** An inbox: requests to one service, in order per partition. */
export const inbox = (topic: Given): Topic => ({ memory: false, ...topic, kind: 'inbox' })

/** A state topic: the facts of its owner, compacted by key. */
export const state = (topic: Omit<Given, 'retention'>): Topic => ({
  memory: false,
  ...topic,
  retention: { kind: 'compacted' },
  kind: 'state',
})

/** A stream: messages, kept for a time. */
export const stream = (topic: Given): Topic => ({ memory: false, ...topic, kind: 'stream' })
