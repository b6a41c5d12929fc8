// What the outside world has seen of the broker: who sent what when, what was acknowledged, who subscribed, who received. The promises
// are judged by this alone, never by what the broker says about itself.
import type { QoS } from '#libs/mqtt'

/** A moment of the world: it rises with everything that the outside could notice. */
export type Moment = number

export interface Message {
  readonly id: number
  readonly publisher: string
  /** The publisher's connection on which it was first sent; for a will the one whose will it is. */
  readonly connection: ConnectionView
  readonly topic: string
  readonly qos: QoS
  readonly retain: boolean
  /** No payload: it clears the retained message of its topic. */
  readonly clears: boolean
  readonly will: boolean
  readonly firstSent: Moment
  /** When that was. */
  readonly sentMicros: number
  lastSent: Moment
  /** How often it was put on the wire. */
  sends: number
  /** PUBACK, or the first PUBREC. */
  acknowledged: Moment | undefined
}

/** How a connection ended as its client sees it. `left`: it said DISCONNECT and waited until the other side had closed. */
export type EndOfConnection = 'left' | 'leaving' | 'cut' | 'closed' | 'takenOver'

export interface ConnectionView {
  readonly number: number
  readonly clientId: string
  readonly cleanStart: boolean
  readonly expirySeconds: number
  will: Message | undefined
  readonly willDelaySeconds: number
  /** CONNECT was sent. */
  readonly begunMicros: number
  /** It has come to this process. */
  arrival: { readonly at: object; readonly moment: Moment } | undefined
  /** CONNACK came. */
  acceptedMicros: number | undefined
  session: SessionView | undefined
  end: EndOfConnection | undefined
  endMicros: number
  /** The latest time at which the broker can have learned of the end. */
  endKnownMicros: number
}

/** What a subscription is to: of a group, its share name and filter. */
export interface FilterView {
  readonly filter: string
  readonly share: string | undefined
}

export interface SubscriptionView extends FilterView {
  readonly qos: QoS
  readonly noLocal: boolean
  readonly sent: Moment
  /** SUBACK came. */
  acknowledged: Moment | undefined
  /** UNSUBSCRIBE was sent, or another SUBSCRIBE to the same filter. */
  closed: Moment | undefined
  /** That other SUBSCRIBE: until it applies this one does. */
  replacedBy: SubscriptionView | undefined
  /** UNSUBACK came. */
  ended: Moment | undefined
}

export interface Receipt {
  readonly message: Message
  readonly qos: QoS
  readonly dup: boolean
  readonly retain: boolean
  readonly connection: ConnectionView
  readonly moment: Moment
}

/** A session as its client sees it. */
export interface SessionView {
  readonly number: number
  readonly clientId: string
  readonly kept: boolean
  /** The broker may have kept subscriptions and messages of before, of which its client knows nothing any more. */
  readonly inherits: boolean
  readonly subscriptions: SubscriptionView[]
  readonly receipts: Receipt[]
  /** From here on it may be over: a CONNECT with clean start was sent, its connection ended (transient), its time has run out. */
  ended: Moment | undefined
}

/** What was sent may be under way, or wait unread, for so long. */
const slowMicros = 1_500_000

export class Ledger {
  /** Of two connections of a client the older one may hang at a gateway that stands still, and be heard behind the younger one. */
  readonly severalGateways: boolean
  readonly messages: Message[] = []
  readonly connections: ConnectionView[] = []
  readonly sessions: SessionView[] = []
  /** When processes died, in microseconds. */
  readonly crashes: number[] = []
  /** When the log said that it takes nothing, in microseconds: from, to. */
  readonly full: (readonly [number, number])[] = []
  /** What is wrong beyond doubt as soon as it is seen. */
  readonly violations: string[] = []

  constructor({ severalGateways = false } = {}) {
    this.severalGateways = severalGateways
  }

  violated(sentence: string): void {
    if (this.violations.length < 20) this.violations.push(sentence)
  }

  /** It may have been refused at first, because the log took nothing. */
  mayHaveBeenRefused({ sentMicros }: Message): boolean {
    return this.full.some(([from, to]) => sentMicros > from - slowMicros && sentMicros < to + slowMicros)
  }

  newMessage(of: Omit<Message, 'id' | 'lastSent' | 'sends' | 'acknowledged'>): Message {
    const message = {
      ...of,
      id: this.messages.length,
      lastSent: of.firstSent,
      sends: 0,
      acknowledged: undefined,
    }
    this.messages.push(message)
    return message
  }

  newSession(clientId: string, kept: boolean, inherits: boolean): SessionView {
    const session: SessionView = {
      number: this.sessions.length,
      clientId,
      kept,
      inherits,
      subscriptions: [],
      receipts: [],
      ended: undefined,
    }
    this.sessions.push(session)
    return session
  }

  newConnection(
    of: Pick<
      ConnectionView,
      'clientId' | 'cleanStart' | 'expirySeconds' | 'willDelaySeconds' | 'begunMicros'
    >,
  ): ConnectionView {
    const connection: ConnectionView = {
      ...of,
      number: this.connections.length,
      arrival: undefined,
      will: undefined,
      acceptedMicros: undefined,
      session: undefined,
      end: undefined,
      endMicros: 0,
      endKnownMicros: 0,
    }
    this.connections.push(connection)
    return connection
  }

  /** The message with this payload; undefined for one that nobody sent. */
  messageOf(payload: string): Message | undefined {
    return payload.startsWith('m') ? this.messages[Number(payload.slice(1))] : undefined
  }
}

export const payloadOf = (message: Message): string => (message.clears ? '' : `m${String(message.id)}`)
