// The topic catalogue: every topic there is. Nothing else in the repository spells a topic's name.
import { DAY, MINUTE } from '#libs/base'
import { inbox, state, stream, type Topic } from './topic.js'

const mebibyte = 1024 * 1024

export const catalogue = {
  messages: stream({
    name: 'tbmq.msg.all',
    partitioning: 'byTopic',
    retention: { kind: 'limited', millis: DAY, bytes: 1024 * mebibyte },
    owner: undefined,
    why: 'Every published message, once, in order; its partition and offset are its id for ever.',
  }),
  retained: state({
    name: 'tbmq.msg.retained',
    partitioning: 'byTopic',
    owner: 'subscription',
    why: 'The retained message of each topic name.',
  }),
  sessions: state({
    name: 'tbmq.client.session',
    partitioning: 'byClient',
    owner: 'session',
    why: 'Which client is where: one living session per client id.',
  }),
  subscriptions: state({
    name: 'tbmq.client.subscriptions',
    partitioning: 'byTopic',
    owner: 'subscription',
    why: 'Who wants what, as far as this partition of the topic space is concerned.',
  }),
  deliveries: state({
    name: 'tbmq.client.delivery',
    partitioning: 'byClient',
    owner: 'delivery',
    why: 'QoS 2 ids, group members and old queued messages of sessions that outlive their connection.',
  }),
  authInbox: inbox({
    name: 'tbmq.auth.inbox',
    partitioning: 'byClient',
    retention: { kind: 'limited', millis: 10 * MINUTE, bytes: 64 * mebibyte },
    owner: 'auth',
    memory: true,
    why: 'Asks whether a client may connect.',
  }),
  sessionInbox: inbox({
    name: 'tbmq.session.inbox',
    partitioning: 'byClient',
    retention: { kind: 'trimmed' },
    owner: 'session',
    why: 'Opens and ends sessions.',
  }),
  subscriptionInbox: inbox({
    name: 'tbmq.subscription.inbox',
    partitioning: 'byTopic',
    retention: { kind: 'trimmed' },
    owner: 'subscription',
    why: 'Adds and removes subscriptions, and asks for retained messages.',
  }),
  deliveryInbox: inbox({
    name: 'tbmq.delivery.inbox',
    partitioning: 'byClient',
    retention: { kind: 'trimmed' },
    owner: 'delivery',
    why: 'Messages for kept sessions and groups, and their acknowledgements; kept queues can be rebuilt from it.',
  }),
  gatewayLease: state({
    name: 'tbmq.gateway.lease',
    partitioning: 'one',
    owner: undefined,
    why: 'Which gateway incarnations live and which have ended.',
  }),
  history: stream({
    name: 'tbmq.client.history',
    partitioning: 'byClient',
    retention: { kind: 'limited', millis: 7 * DAY, bytes: 256 * mebibyte, goesWith: true },
    owner: undefined,
    why: 'What happened to each client: connected, taken over, disconnected, messages dropped.',
  }),
} as const satisfies Record<string, Topic>

/** The inbox of one gateway instance. `name`: `[a-z0-9-]`, at most 200 characters. */
export function gatewayInbox(name: string): Topic {
  return inbox({
    name: `tbmq.gateway.${name}.inbox`,
    partitioning: 'one',
    retention: { kind: 'limited', millis: 10 * MINUTE, bytes: 64 * mebibyte },
    owner: 'gateway',
    memory: true,
    why: 'What one gateway has to tell its connections.',
  })
}
